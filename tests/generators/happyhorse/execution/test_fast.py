"""Faster ways give what the plain one gives: to 1e-5 in float32, within rounding in bfloat16."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.adaptation.lora import attach, fresh_additions
from generators.happyhorse.execution.fast import quicken
from generators.happyhorse.execution.fusing import fuse
from generators.happyhorse.execution.graphs import RecordedForward, Run
from generators.happyhorse.execution.options import Way, read_ways, split_ways
from generators.happyhorse.network.facts import PRECISIONS, Precision
from generators.happyhorse.network.quantised import quantise
from generators.happyhorse.network.transformer import HappyHorseTransformer
from tests.factories_happyhorse import TINY, hashed_inputs, hashed_transformer

LOCAL = replace(TINY, local_attn_layers=(1, 2, 4))
CPU = torch.device("cpu")


def _velocities(model: HappyHorseTransformer, window: int | None = None) -> Tensor:
    with torch.inference_mode():
        video, audio = model(*hashed_inputs(), window=window)
    return torch.cat([video.flatten(), audio.flatten()])


def _trained(config: object = LOCAL, dtype: torch.dtype = torch.float32) -> HappyHorseTransformer:
    """Return a network whose norms have weights, too."""
    return hashed_transformer(config, dtype)  # type: ignore[arg-type]


@pytest.mark.parametrize("ways", [("fused",), ("grouped",), ("fused", "grouped")])
def test_each_way_gives_the_same_velocities(ways: tuple[Way, ...]) -> None:
    plain, quick = _trained(), _trained()
    quicken(quick, ways, CPU)

    torch.testing.assert_close(_velocities(quick, 0), _velocities(plain, 0), atol=1e-5, rtol=0)
    torch.testing.assert_close(_velocities(quick), _velocities(plain), atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")
def test_the_block_mask_gives_the_same_velocities() -> None:
    plain, quick = _trained(), _trained()
    quicken(quick, ["flex"], CPU)

    torch.testing.assert_close(_velocities(quick, 0), _velocities(plain, 0), atol=1e-5, rtol=0)


@pytest.mark.parametrize("way", ["fused", "grouped"])
def test_in_bfloat16_velocities_move_as_far_as_rounding(way: Way) -> None:
    exact, plain, quick = _trained(), _trained(dtype=torch.bfloat16), _trained(dtype=torch.bfloat16)
    rounding = (_velocities(plain) - _velocities(exact)).square().mean().sqrt()

    quicken(quick, [way], CPU)

    moved = (_velocities(quick) - _velocities(plain)).square().mean().sqrt()
    assert moved < 2 * rounding


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # the compiler's own
def test_compiled_layers_give_the_same_velocities_for_every_shape() -> None:
    plain, quick = _trained(), _trained()
    quicken(quick, ("compiled", "fused", "grouped"), CPU)

    for window in (None, 0):
        torch.testing.assert_close(_velocities(quick, window), _velocities(plain, window), atol=1e-5, rtol=0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_products_of_fewer_bits_keep_their_norms(precision: Precision) -> None:
    plain, quick = _trained(dtype=torch.bfloat16), _trained(dtype=torch.bfloat16)
    for model in (plain, quick):
        quantise(model, precision)
    fuse(quick)

    moved = (_velocities(quick) - _velocities(plain)).square().mean().sqrt()
    assert moved < (0.05 if precision == "bf16" else 1e-5)


def test_low_rank_additions_are_not_fused() -> None:
    model = _trained()
    attach(model, fresh_additions(model, 2, alpha=1.0))

    with pytest.raises(InvalidInput, match=r"fast must leave 'fused' out with LoRA.*lora-merge"):
        quicken(model, ["fused"], CPU)


def test_graphs_are_refused_without_cuda() -> None:
    with pytest.raises(InvalidInput, match="fast must leave 'graphs' out on a device without CUDA; got cpu"):
        quicken(_trained(), ["graphs"], CPU)


def test_a_forward_is_recorded_once_for_each_shape_and_replayed() -> None:
    plain, recorded = _trained(), _trained()
    recordings = []

    def record(run: Run) -> Run:
        recordings.append(run)
        kept = run()

        def replay() -> tuple[Tensor, Tensor | None]:
            video, audio = run()
            kept[0].copy_(video)
            assert kept[1] is not None
            assert audio is not None
            kept[1].copy_(audio)
            return kept

        return replay

    forward = RecordedForward(recorded, record)
    first, second = hashed_inputs(), tuple(2 * x for x in hashed_inputs())
    with torch.no_grad():
        results = [forward(*inputs) for inputs in (first, second)]
        for found, inputs in zip(results, (first, second), strict=True):
            torch.testing.assert_close(found[0], plain(*inputs)[0], atol=1e-5, rtol=0)
        assert len(recordings) == 1
        forward(*first, window=0)
    assert len(recordings) == 2


def test_a_recorded_forward_refuses_padded_text() -> None:
    forward = RecordedForward(_trained(), lambda run: run)

    with pytest.raises(InvalidInput, match="text_lengths"):
        forward(*hashed_inputs(), text_lengths=torch.tensor([3]))


def test_ways_are_read_in_a_fixed_order() -> None:
    assert split_ways("grouped, compiled,grouped") == ("compiled", "grouped")
    assert split_ways("") == ()
    with pytest.raises(InvalidInput, match=r"fast must be some of compiled, flex,.* got 'warp'"):
        read_ways(["warp"])
