"""Enlarge the base's latents: resize them, add noise, and denoise them by a checkpoint of its own.

This is the procedure of the public daVinci-MagiHuman release (arXiv 2603.21986).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its usual name)

from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.samplers import OnStep, Velocity, solve

VIDEO_SIGNAL = 0.838910
"""Weight of the base's video. It is entry 220, from the clean end, of a schedule of 1000 steps with β from
0.00085 to 0.012, linear in √β, rescaled to end in pure noise."""
AUDIO_NOISE = 0.7
"""Share of noise in the audio that the network sees."""


def prepare(base: Latents, size: tuple[int, int], noise: Noise) -> Latents:
    """Return the noisy latents that super-resolution starts from.

    Args:
        base: Latents that the base or distilled checkpoint made.
        size: Height and width of the new latents: pixels over 16.
        noise: Source of the noise.
    """
    shape = (base.video.shape[2], *size)
    video = F.interpolate(base.video, size=shape, mode="trilinear", align_corners=True)
    fresh = noise.like(Latents(video, base.audio))
    # Video keeps its variance: s·video + √(1 − s²)·noise. Audio is mixed by shares.
    video = VIDEO_SIGNAL * video + (1 - VIDEO_SIGNAL**2) ** 0.5 * fresh.video
    if base.audio is None or fresh.audio is None:
        return Latents(video, None)
    return Latents(video, AUDIO_NOISE * fresh.audio + (1 - AUDIO_NOISE) * base.audio)


def sample_super_resolution(
    velocity: Velocity,
    base: Latents,
    size: tuple[int, int],
    noise: Noise,
    *,
    steps: int = KINDS["540p"].steps,
    first_frame: Tensor | None = None,
    on_step: OnStep | None = None,
) -> Latents:
    """Enlarge the video. The network sees the audio, which is returned unchanged.

    Args:
        velocity: The super-resolution network.
        base: Latents that the base or distilled checkpoint made.
        size: Height and width of the new latents: pixels over 16.
        noise: Source of the noise.
        steps: 5 as published.
        first_frame: Latent of the reference image at the new size, (B, C, 1, H, W).
        on_step: Called after each step.
    """
    start = prepare(base, size, noise)
    conditioning = Conditioning(first_frame, start.audio)
    large = solve(
        lambda x, _: Latents(*velocity(*x)), start, steps=steps, conditioning=conditioning, on_step=on_step
    )
    return Latents(large.video, base.audio)
