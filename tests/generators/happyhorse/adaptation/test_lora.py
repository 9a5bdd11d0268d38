"""Low-rank additions: what they compute, merged and apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.adaptation.lora import (
    Addition,
    attach,
    attached,
    detach,
    fresh_additions,
    merge,
    products,
    unmerge,
)
from generators.happyhorse.network.facts import PRECISIONS, Precision
from generators.happyhorse.network.quantised import quantise
from generators.happyhorse.network.transformer import HappyHorseTransformer
from tests.factories_happyhorse import TINY, hashed_inputs, hashed_transformer

RANK = 4


def _additions(model: HappyHorseTransformer, scale: float = 0.5) -> dict[str, Addition]:
    """Return additions to every product, of the size of its weight."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: Addition(
            torch.randn(RANK, product.inputs, generator=generator) * product.inputs**-0.5,
            torch.randn(product.experts * product.outputs, RANK, generator=generator),
            scale,
        )
        for name, product in products(model).items()
    }


def _video(model: HappyHorseTransformer) -> Tensor:
    with torch.no_grad():
        video: Tensor = model(*hashed_inputs())[0]
    return video


def test_an_attached_addition_is_up_times_down_added_to_the_weight() -> None:
    model, summed = hashed_transformer(), hashed_transformer()
    additions = _additions(model)
    for name, product in products(summed).items():
        weight = product.state_dict()["weight"]
        weight += additions[name].scale * additions[name].up @ additions[name].down

    attach(model, additions)

    torch.testing.assert_close(_video(model), _video(summed), atol=1e-4, rtol=1e-4)
    assert (_video(model) - _video(hashed_transformer())).abs().max() > 0.1


def test_strengths_scale_and_several_additions_add_up() -> None:
    model, twice = hashed_transformer(), hashed_transformer()
    additions = _additions(model)
    half = {name: addition.times(0.5) for name, addition in additions.items()}

    attach(model, additions)
    attach(twice, half, half)

    torch.testing.assert_close(_video(twice), _video(model), atol=1e-4, rtol=1e-4)


def test_a_strength_of_nothing_and_detaching_change_nothing() -> None:
    before, model = _video(hashed_transformer()), hashed_transformer()

    attach(model, {name: each.times(0.0) for name, each in _additions(model).items()})
    assert _video(model).equal(before)
    assert len(list(attached(model))) == 4 * TINY.num_layers

    detach(model)
    assert _video(model).equal(before)
    assert not list(attached(model))


def test_merging_computes_the_same_and_unmerging_is_exact() -> None:
    model, apart = hashed_transformer(), hashed_transformer()
    additions = _additions(model)
    attach(apart, additions)

    before = merge(model, additions)

    torch.testing.assert_close(_video(model), _video(apart), atol=1e-4, rtol=1e-4)
    unmerge(model, before)
    assert all(a.equal(b) for a, b in zip(_state(model), _state(hashed_transformer()), strict=True))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_of_any_precision_take_additions(precision: Precision) -> None:
    model, merged = (hashed_transformer(dtype=torch.bfloat16) for _ in range(2))
    for each in (model, merged):
        quantise(each, precision)
    plain = _video(model)
    additions = _additions(model)

    attach(model, additions)
    before = merge(merged, additions)

    moved = (_video(model) - plain).square().mean().sqrt()
    assert moved > 0.1
    assert (_video(merged) - _video(model)).square().mean().sqrt() < 0.6 * moved  # merging rounds once more
    unmerge(merged, before)
    assert _video(merged).equal(plain)


def test_fresh_additions_change_nothing_yet_and_learn() -> None:
    model = hashed_transformer()
    before = _video(model)

    additions = fresh_additions(model, RANK, alpha=8.0)
    attach(model, additions)

    assert _video(model).equal(before)
    assert {addition.scale for addition in additions.values()} == {2.0}
    video, _ = model(*hashed_inputs())
    torch.autograd.backward(video.square().mean())
    assert all(addition.up.grad is not None and addition.up.grad.any() for addition in additions.values())


@pytest.mark.parametrize(
    ("rank", "alpha", "message"),
    [
        (0, 1.0, "rank must be a whole number from 1 to 64; got 0"),
        (65, 1.0, "rank must be a whole number from 1 to 64; got 65"),
        (4, 0.0, "alpha must be a positive number; got 0"),
        (4, float("inf"), "alpha must be a positive number; got inf"),
    ],
)
def test_ranks_and_alphas_out_of_range_are_refused(rank: int, alpha: float, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        fresh_additions(hashed_transformer(), rank, alpha)


def _state(model: HappyHorseTransformer) -> list[Tensor]:
    return list(model.state_dict().values())
