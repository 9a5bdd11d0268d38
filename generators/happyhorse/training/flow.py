"""Flow matching for all four modes at once: what a batch shows, how noisy it is, and the error on it.

Every draw comes from a generator that the caller gives, so that a step can be repeated to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from generators.happyhorse.network.facts import SHIFT
from generators.happyhorse.sampling.preconditioning import Variances, power, spread, to_output
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import EncodedBatch

QUARTERS = 4
"""Of the noise level, by which errors are told apart."""


@dataclass(frozen=True)
class Mixture:
    """Shares of batches, or where it says so of samples, that are out of the ordinary."""

    video_only: float = 0.2
    """Without audio tokens."""
    video_to_audio: float = 0.1
    """With the picture given clean, so that only sound is learnt: the second stage of a cascade."""
    separate_audio_noise: float = 0.2
    """With a noise level of its own for audio."""
    per_frame_noise: float = 0.3
    """With a noise level of its own for each latent frame, so that clear frames tell of those that aren't:
    without it the network learns for long of neighbours only (diffusion forcing, arXiv 2407.01392)."""
    unprompted: float = 0.1
    """Without text, for guidance."""
    first_frame: float = 0.35
    """Of samples: with the first frame given clean."""
    level_mean: float = 0.4
    """Of the noise level's logit, which is normal."""
    level_std: float = 1.0
    on_grid: float = 0.4
    """Of samples: with a level spread as the samplers' are (shift 5), most of them near pure noise."""


MIXTURE = Mixture()


class NoisePlan(NamedTuple):
    """What a batch shows, and how noisy it is."""

    video_level: Tensor
    """(B, T): σ of each latent frame; 0 where it is given."""
    audio_level: Tensor
    """(B,): σ."""
    sounds: bool = True
    prompted: bool = True

    @property
    def video_to_audio(self) -> bool:
        """Whether the whole picture is given, and only sound is to be made."""
        return not bool(self.video_level.any())


class Task(NamedTuple):
    """A batch as the network meets it, and what it should say; each tensor begins with the batch."""

    plan: NoisePlan
    video: Tensor
    audio: Tensor | None
    words: Tensor | None
    video_target: Tensor
    audio_target: Tensor | None

    def part(self, number: int, of: int) -> Task:
        """One of so many equal parts of the samples: a process's share."""

        def cut(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.tensor_split(of)[number]

        video_level, audio_level = (each.tensor_split(of)[number] for each in self.plan[:2])
        plan = self.plan._replace(video_level=video_level, audio_level=audio_level)
        return Task(plan, *(cut(tensor) for tensor in self[1:]))  # type: ignore[arg-type]  # None stays None


class Errors(NamedTuple):
    """Mean squared errors of the velocity for each sample (B,); None where nothing was asked."""

    video: Tensor | None
    audio: Tensor | None

    def loss(self) -> Tensor:
        """Each modality counts alike, however few its tokens."""
        return torch.stack([error.mean() for error in self if error is not None]).sum()


def draw_task(
    clean: EncodedBatch, variances: Variances, generator: Generator, mixture: Mixture = MIXTURE
) -> Task:
    """Decides what a batch shows, and noises it."""
    plan = draw_plan(len(clean.video), clean.video.shape[2], generator, mixture)
    return make_task(clean, variances, plan, generator)


def draw_plan(count: int, frames: int, generator: Generator, mixture: Mixture = MIXTURE) -> NoisePlan:
    """Decides what so many samples of so many latent frames show.

    A batch is of one kind, so that nothing is padded.
    """
    kind, separate_audio_noise, per_frame_noise, prompted = torch.rand(
        4, generator=generator, device=generator.device
    ).tolist()
    video_to_audio = mixture.video_only <= kind < mixture.video_only + mixture.video_to_audio
    level, other = (draw_levels(count, generator, mixture) for _ in range(2))
    first_frame = torch.rand(count, generator=generator, device=generator.device) < mixture.first_frame
    own = draw_levels(count * frames, generator, mixture).reshape(count, frames)
    video_level = for_frames(own if per_frame_noise < mixture.per_frame_noise else level, frames, first_frame)
    return NoisePlan(
        video_level=torch.zeros_like(video_level) if video_to_audio else video_level,
        audio_level=other if separate_audio_noise < mixture.separate_audio_noise else level,
        sounds=kind >= mixture.video_only,
        prompted=prompted >= mixture.unprompted,
    )


def for_frames(level: Tensor, frames: int, first_frame: Tensor) -> Tensor:
    """Levels (B, T), 0 for each first frame that is given.

    Args:
        level: σ of each sample (B,), or of each of its latent frames (B, T).
        frames: T.
        started: Whether the first frame is given (B,).
    """
    levels = level.reshape(len(level), -1).repeat(1, frames if level.ndim == 1 else 1)
    levels[:, 0] *= ~first_frame
    return levels


def make_task(clean: EncodedBatch, variances: Variances, plan: NoisePlan, generator: Generator) -> Task:
    """Noises a batch, whose channels have these variances, as planned."""
    video_noise, audio_noise = (
        torch.randn(part.shape, generator=generator, device=generator.device) for part in clean[:2]
    )
    video_level = plan.video_level[:, None]
    return Task(
        plan,
        mix(clean.video, video_noise, video_level),
        mix(clean.audio, audio_noise, plan.audio_level) if plan.sounds else None,
        clean.words if plan.prompted else None,
        to_output(clean.video, video_noise, video_level, variances.video),
        to_output(clean.audio, audio_noise, plan.audio_level, variances.audio) if plan.sounds else None,
    )


def draw_levels(count: int, generator: Generator, mixture: Mixture = MIXTURE) -> Tensor:
    """σ of so many samples."""
    normal = torch.randn(count, generator=generator, device=generator.device)
    even, which = torch.rand(2, count, generator=generator, device=generator.device)
    mid = torch.sigmoid(mixture.level_mean + mixture.level_std * normal)
    return torch.where(which < mixture.on_grid, shifted(even), mid).clamp(1e-3, 0.9998)


def shifted(even: Tensor) -> Tensor:
    """Even levels moved towards noise, as `noise_levels` moves them."""
    return SHIFT * even / (1 + (SHIFT - 1) * even)


def errors(model: ToyModel, task: Task) -> Errors:
    """Errors of the velocity on a task."""
    plan, found = task.plan, model(task.video, task.audio, task.words)
    video = audio = None
    if not plan.video_to_audio:
        wrong = _wrong(found[0], task.video_target, plan.video_level[:, None], model.variances.video)
        asked = plan.video_level > 0
        video = (wrong.mean(dim=(1, 3, 4)) * asked).sum(1) / asked.sum(1)
    if task.audio_target is not None:
        wrong = _wrong(found[1], task.audio_target, plan.audio_level, model.variances.audio)
        audio = wrong.mean(dim=(1, 2))
    return Errors(video, audio)


def _wrong(output: Tensor, target: Tensor, level: Tensor, variance: Tensor) -> Tensor:
    """Squared errors of the velocity: those of F, times v/D."""
    return (output.float() - target).square() * variance / power(spread(level, output), variance)


def mix(clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """(1 − σ)·clean + σ·noise, with σ of each sample (B,), or with more axes of `clean`."""
    level = spread(level, clean)
    return (1 - level) * clean + level * noise


@torch.no_grad()
def learning_curve(model: ToyModel, clean: EncodedBatch) -> dict[str, list[float]]:
    """Mean squared error of the clean latents, by modality and quarter of σ, on the same noise every time."""
    generator, count = Generator(clean.video.device).manual_seed(0), len(clean.video)
    curve: dict[str, list[float]] = {"video": [], "audio": []}
    for quarter in range(QUARTERS):
        level = (quarter + torch.rand(count, generator=generator, device=generator.device)) / QUARTERS
        plan = NoisePlan(for_frames(level, clean.video.shape[2], torch.zeros_like(level).bool()), level)
        found = errors(model, make_task(clean, model.variances, plan, generator))
        for name, error in found._asdict().items():
            curve[name].append(float((error * level**2).mean()))
    return curve
