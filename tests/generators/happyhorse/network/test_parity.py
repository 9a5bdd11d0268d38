"""The network against what the public code returned for the same weights and inputs.

In float32 the formulas show: every value agrees to 1e-4. In bfloat16 two correct runs differ, as CPUs add
up in different orders and so round to different sides. By how much, arithmetic says. Rounding to 8 bits errs
by up to 2⁻⁸ of a value, evenly: in root mean square by 2⁻⁸/√3 for a significand of 1, and by √0.54 of that
over all significands. A branch (attention or MLP) rounds about `ROUNDINGS` values in a row, and independent
errors add up by their squares. The stream stays in float32, and each layer adds about as much power to it as
every other, so that the n-th layer's error is diluted to 1/n. After n layers a run is off by

    error(n) = 2⁻⁸·√(0.54/3 · ROUNDINGS · (1 + 1/2 + … + 1/n))

of the values' root mean square; two runs differ by √2 times that, and a mean over N values by 1/√N of it.
Bounds are `SIGMAS` such deviations, whatever the CPU's instructions.
"""

from __future__ import annotations

import functools
import json
import math

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its usual name)

from generators.happyhorse.network import attention
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.pointwise import gelu7, swiglu7
from generators.happyhorse.weights.checkpoint import load_transformer
from tests.factories_happyhorse import FIXTURES, hashed, hashed_inputs, hashed_transformer

ROUNDINGS = 7
"""Normalised input, weights, up or query-key-value, attended or activated, gated, weights, result."""
SIGMAS = 5

SMALL = HappyHorseConfig(
    num_layers=6,
    hidden_size=512,
    num_query_groups=2,
    text_in_channels=96,
    mm_layers=(0, 5),
    gelu7_layers=(0,),
    local_attn_layers=(1, 2),
)
VELOCITIES = ("video_velocity", "audio_velocity")
FULL: dict[str, object] = {"coordinates": "base", "window": None}
LOCAL: dict[str, object] = {"coordinates": "super_resolution", "window": 0}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_velocities_are_those_that_the_public_code_recorded(precision: str) -> None:
    recorded = _recorded(precision)

    for found, name in zip(_run_recorded(precision), VELOCITIES, strict=True):
        bound = 1e-4 if precision == "fp32" else SIGMAS * two_runs(6) * rms(recorded[name])
        torch.testing.assert_close(found, recorded[name], atol=bound, rtol=0)


def test_in_bfloat16_as_much_is_lost_as_its_roundings_lose() -> None:
    exact = _recorded("fp32")

    for runs in (_run_recorded("bf16"), [_recorded("bf16")[name] for name in VELOCITIES]):
        for found, name in zip(runs, VELOCITIES, strict=True):
            assert error(6) / 2 < rms(found - exact[name]) / rms(exact[name]) < error(6) * 2


def test_the_deterministic_fill_is_that_of_the_specification() -> None:
    assert hashed(4, 0).round(6).tolist() == [0.426580, 0.244402, 0.162081, -0.245877]
    assert hashed(3, 1000).round(6).tolist() == [0.199916, -0.385914, 0.385903]


# mean, mean magnitude, six samples
CASES = {
    "float32, full": (
        torch.float32,
        FULL,
        (-0.015610, 0.779796, 1.70699, 0.82035, -1.46879, 0.53684, 0.28600, 2.26729),
        (-0.010341, 0.796953, -0.68572, 0.68059, 0.17757, -2.22710, -0.06559, -0.30508),
    ),
    "float32, local": (
        torch.float32,
        LOCAL,
        (-0.016062, 0.778400, 1.67626, 0.89080, -1.35825, 0.35244, 0.51783, 2.19263),
        (-0.010089, 0.797773, -0.68989, 0.67310, 0.17402, -2.19769, -0.08161, -0.31998),
    ),
    "bfloat16, full": (
        torch.bfloat16,
        FULL,
        (-0.015587, 0.779795, 1.70969, 0.82148, -1.48041, 0.53207, 0.27945, 2.26109),
        (-0.009835, 0.796938, -0.68060, 0.68398, 0.17260, -2.22964, -0.06740, -0.30303),
    ),
    "bfloat16, local": (
        torch.bfloat16,
        LOCAL,
        (-0.016073, 0.778377, 1.68677, 0.89337, -1.37946, 0.35440, 0.51121, 2.18951),
        (-0.010076, 0.797770, -0.68966, 0.66982, 0.17663, -2.19173, -0.07436, -0.31938),
    ),
}
STREAMS = {
    "float32, full": (0.965486, 1.210015, 1.432397, 1.627557, 1.785731, 1.947443),
    "float32, local": (0.965458, 1.211561, 1.432492, 1.626259, 1.782158, 1.944497),
    "bfloat16, full": (0.965458, 1.210001, 1.432386, 1.627496, 1.785695, 1.947531),
}


@pytest.mark.parametrize("case", CASES)
def test_velocities_are_those_of_the_specification(case: str) -> None:
    dtype, _, video_expected, audio_expected = CASES[case]

    _, video, audio = _run(case)

    for found, samples, expected in (
        (video, (0, 1, 7, 100, 1000, 3455), video_expected),
        (audio, (0, 1, 63, 64, 300, 575), audio_expected),
    ):
        bound = 1e-4 if dtype == torch.float32 else SIGMAS * two_runs(6) * rms(found)
        of_means = bound if dtype == torch.float32 else bound / math.sqrt(len(found))
        means = torch.stack([found.mean(), found.abs().mean()])
        torch.testing.assert_close(means, torch.tensor(expected[:2]), atol=of_means, rtol=0)
        torch.testing.assert_close(found[list(samples)], torch.tensor(expected[2:]), atol=bound, rtol=0)


@pytest.mark.parametrize("case", STREAMS)
def test_the_residual_stream_is_that_of_the_specification(case: str) -> None:
    streams, *_ = _run(case)

    for n, (stream, expected) in enumerate(zip(streams, STREAMS[case], strict=True), start=1):
        differs = SIGMAS * two_runs(n) * rms(stream) / math.sqrt(stream.numel())
        bound = 2e-6 if CASES[case][0] == torch.float32 else differs
        assert stream.abs().mean().item() == pytest.approx(expected, abs=bound)


def test_activations_are_those_of_the_specification() -> None:
    x = torch.tensor([-9, -1, 0.5, 3, 8, 9, 2, -8])

    torch.testing.assert_close(
        swiglu7(x), torch.tensor([-0.0, 1.40155, 55.99963, -11.61395]), atol=1e-5, rtol=0
    )
    expected = torch.tensor([-2.0e-6, -0.154204, 0.350388, 2.981929, 6.999953, 6.999953, 1.935659, -9.8e-6])
    torch.testing.assert_close(gelu7(x), expected, atol=1e-6, rtol=0)


def error(layers: int) -> float:
    """Of one run in bfloat16, by layers; see above."""
    power = ROUNDINGS * sum(1 / n for n in range(1, layers + 1))
    return 2**-8 * math.sqrt(0.54 / 3 * power)


def two_runs(layers: int) -> float:
    """Return the difference of two runs in bfloat16 that round independently."""
    return math.sqrt(2) * error(layers)


def rms(x: Tensor) -> float:
    return x.float().square().mean().sqrt().item()


def _recorded(precision: str) -> dict[str, Tensor]:
    return load_file(FIXTURES / f"t2v.{precision}.safetensors")


@functools.cache
def _run_recorded(precision: str) -> tuple[Tensor, Tensor]:
    """Velocities of video and audio for the recorded inputs."""
    recipe, given = json.loads((FIXTURES / "t2v.json").read_text()), _recorded(precision)
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    model = load_transformer(FIXTURES / "t2v.weights.safetensors", recipe["config"], dtype=dtype)
    with torch.no_grad():
        video, audio = model.from_tokens(
            given["video_tokens"],
            given["audio_tokens"],
            given["text_features"],
            latent_shape=tuple(recipe["latent"]),
        )
    assert audio is not None
    return video, audio


@functools.cache
def _run(case: str) -> tuple[list[Tensor], Tensor, Tensor]:
    """Return the stream after each layer, and flat velocities."""
    dtype, how, *_ = CASES[case]
    model = hashed_transformer(SMALL, dtype)
    streams: list[Tensor] = []
    for layer in model.layers:
        layer.register_forward_hook(lambda _layer, _inputs, x: streams.append(x))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "_scaled_dot_product", _recorded_attention)
        video, audio = model(*hashed_inputs(text_channels=96), **how)
    return streams, video.flatten(), audio.flatten()


def _recorded_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """As in the runs that gave the specification's numbers: the CPU's own half-precision kernel."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True).transpose(1, 2)
