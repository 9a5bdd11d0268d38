from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.optimisers import Optimisers, Piece, Rates, pieces
from tests.factories_training import SMALL


@pytest.fixture
def model() -> ToyModel:
    torch.manual_seed(0)
    return ToyModel(SMALL)


def _gradients(model: ToyModel, value: float = 1.0) -> None:
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, value)


def _pieces_of(model: ToyModel, name: str) -> list[Piece]:
    return [piece for piece in pieces(model) if piece.name == name]


def test_the_rate_rises_and_falls() -> None:
    rates = Rates(warm_up=0.1)

    assert [round(rates.at(done), 3) for done in (0, 0.05, 0.1, 0.55, 1)] == [0.01, 0.5, 1.0, 0.5, 0.0]


def test_the_rate_is_never_quite_nothing_at_the_start() -> None:
    assert Rates(warm_up=0.5).at(0.0) == 0.01


def test_without_a_warm_up_the_rate_starts_at_its_highest() -> None:
    assert Rates(warm_up=0.0).at(0.0) == 1.0


def test_the_rate_falls_by_half_a_cosine() -> None:
    rates = Rates(warm_up=0.2)

    for behind in (0.0, 0.25, 0.5, 0.9):
        assert rates.at(0.2 + 0.8 * behind) == pytest.approx((1 + math.cos(math.pi * behind)) / 2)


def test_past_the_end_the_rate_stays_at_nothing() -> None:
    assert Rates().at(1.5) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"muon": 0.0}, "muon-rate must be a positive number; got 0.0."),
        ({"muon": math.nan}, "muon-rate must be a positive number; got nan."),
        ({"adam": -1e-3}, "adam-rate must be a positive number; got -0.001."),
        ({"adam": math.inf}, "adam-rate must be a positive number; got inf."),
        ({"warm_up": 1.5}, "warm-up must be from 0 to 1; got 1.5."),
        ({"clip": 0.0}, "clip must be a positive number; got 0.0."),
    ],
)
def test_rates_out_of_range_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rates(**wrong)


def test_pieces_cover_every_row_of_every_parameter_once(model: ToyModel) -> None:
    found = pieces(model)

    for number, (name, parameter) in enumerate(model.named_parameters()):
        own = [piece for piece in found if piece.number == number]
        assert {piece.name for piece in own} == {name}
        rows = [row for piece in own for row in range(piece.rows.start, piece.rows.stop)]
        assert rows == list(range(parameter.shape[0]))


def _heights(model: ToyModel, name: str) -> list[int]:
    return [
        piece.rows.stop - piece.rows.start for piece in _pieces_of(model, f"transformer.block.layers.{name}")
    ]


def test_queries_keys_values_and_gates_of_each_expert_are_pieces_of_their_own(model: ToyModel) -> None:
    """Width 48 in two heads; layers 0 and 2 have an expert for each of the three modalities."""
    assert _heights(model, "1.attention.linear_qkv.weight") == [48, 48, 48, 2]
    assert _heights(model, "0.attention.linear_qkv.weight") == 3 * [48, 48, 48, 2]


def test_other_matrices_are_cut_by_expert_alone(model: ToyModel) -> None:
    assert _heights(model, "1.mlp.down_proj.weight") == [48]
    assert _heights(model, "0.mlp.down_proj.weight") == [48, 48, 48]
    assert _heights(model, "0.mlp.up_gate_proj.weight") == [192, 192, 192]


def test_a_vector_is_one_piece(model: ToyModel) -> None:
    vectors = [name for name, parameter in model.named_parameters() if parameter.ndim == 1]

    assert vectors
    assert all(len(_pieces_of(model, name)) == 1 for name in vectors)


def test_packed_matrices_are_orthogonalised_each_by_itself() -> None:
    """Of the first expert's queries alone is there a gradient, so nothing else may move."""
    torch.manual_seed(0)
    model = ToyModel(SMALL)
    weight = model.transformer.layers[0].attention.linear_qkv.weight  # type: ignore[index]  # a ModuleList
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    weight.grad[:48] = torch.randn(48, 48)
    before = weight.detach().clone()

    Optimisers(model, Rates(muon=1.0)).step(0.02)

    moved = before * 0.99 - weight.detach()  # the share of weight decay apart
    singular = torch.linalg.svdvals(moved[:48])
    assert 0.5 < singular.median() < 1.5
    assert moved[48:144].abs().max() < 1e-6  # keys and values; gates follow, and decay slower


def test_embeddings_and_heads_are_moved_by_adam_alone(model: ToyModel) -> None:
    """AdamW's first step has the size of its rate in every number with a gradient."""
    rates = Rates(muon=1e-9, adam=1e-3, warm_up=0.0, clip=1e9)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    _gradients(model)

    Optimisers(model, rates).step(0.0)

    moved = {name: (weight - before[name]).abs().max().item() for name, weight in model.named_parameters()}
    outside = [name for name in moved if ".layers." not in name]
    assert outside
    assert all(moved[name] == pytest.approx(1e-3, rel=0.05) for name in outside)
    assert moved["transformer.block.layers.1.attention.linear_qkv.weight"] == pytest.approx(
        1e-3, rel=0.02
    )  # gates
    assert all(weight < 1e-5 for name, weight in moved.items() if name.endswith("linear_proj.weight"))


def test_a_step_returns_the_norm_before_clipping(model: ToyModel) -> None:
    count = sum(parameter.numel() for parameter in model.parameters())
    _gradients(model, 2.0)

    assert Optimisers(model, Rates(clip=0.1)).step(0.5) == pytest.approx(2 * math.sqrt(count), rel=1e-4)


def test_a_long_gradient_is_clipped_and_a_short_one_is_not(model: ToyModel) -> None:
    count = sum(parameter.numel() for parameter in model.parameters())

    def second_moment(value: float, clip: float) -> float:
        optimisers = Optimisers(model, Rates(clip=clip))
        _gradients(model, value)
        optimisers.step(0.0)
        states = optimisers.state_dict()["adam"]["state"]
        return math.sqrt(states[0]["exp_avg_sq"].max() / 0.01)

    assert second_moment(1.0, clip=1.0) == pytest.approx(1 / math.sqrt(count), rel=1e-3)
    assert second_moment(1e-6, clip=1.0) == pytest.approx(1e-6, rel=1e-3)


def test_a_parameter_without_a_gradient_counts_as_one_of_zero(model: ToyModel) -> None:
    optimisers = Optimisers(model)

    assert optimisers.step(0.0) == 0.0
    assert all(torch.isfinite(weight).all() for weight in model.parameters())


def test_a_step_clears_the_gradients_and_clear_discards_them(model: ToyModel) -> None:
    optimisers = Optimisers(model)
    before = [weight.detach().clone() for weight in model.parameters()]
    _gradients(model)
    optimisers.clear()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(one.equal(other) for one, other in zip(before, model.parameters(), strict=True))

    _gradients(model)
    optimisers.step(0.5)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_full_weights_share_the_models_memory_in_one_process(model: ToyModel) -> None:
    for full, parameter in zip(Optimisers(model).full(), model.parameters(), strict=True):
        assert full.data_ptr() == parameter.data_ptr()


def test_optimisers_go_on_from_their_saved_state() -> None:
    def start() -> tuple[ToyModel, Optimisers]:
        torch.manual_seed(0)
        model = ToyModel(SMALL)
        return model, Optimisers(model)

    def step(model: ToyModel, optimisers: Optimisers, value: float) -> None:
        _gradients(model, value)
        optimisers.step(0.5)

    def weights(model: ToyModel) -> list[Tensor]:
        return [weight.detach().clone() for weight in model.parameters()]

    whole, moving = start()
    step(whole, moving, 1.0)
    between, state = weights(whole), copy.deepcopy(moving.state_dict())
    other, resumed = start()
    with torch.no_grad():
        for weight, value in zip(other.parameters(), between, strict=True):
            weight.copy_(value)
    resumed.load_state_dict(state)
    step(whole, moving, -0.5)
    step(other, resumed, -0.5)

    assert all(one.equal(two) for one, two in zip(weights(whole), weights(other), strict=True))
