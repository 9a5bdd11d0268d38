"""Flow matching for all four modes at once: the kinds of batches, their noise, and the errors on them.

Flow matching: Lipman et al., arXiv 2210.02747; logit-normal levels: Esser et al., arXiv 2403.03206.
Every draw comes from a generator that the caller gives, so a step can be repeated to the bit.
Shapes: B samples, C channels, T latent frames, H × W blocks of video, A audio latents.
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
"""Number of equal ranges of the noise level that the learning curve tells apart."""
_LEAST_LEVEL, _MOST_LEVEL = 1e-3, 0.9998


@dataclass(frozen=True)
class Mixture:
    """Shares of the kinds of batches and samples, and the distribution of noise levels."""

    video_only: float = 0.2
    """Share of batches without audio tokens."""
    video_to_audio: float = 0.1
    """Share of batches with the video given clean, so that only sound is learnt: a cascade's second stage."""
    separate_audio_noise: float = 0.2
    """Share of batches whose audio has a noise level of its own."""
    per_frame_noise: float = 0.3
    """Share of batches with a noise level for each latent frame, so that clear frames inform noisy ones.
    Without them the network learns for long from neighbours only (diffusion forcing, arXiv 2407.01392)."""
    unprompted: float = 0.1
    """Share of batches without text, for guidance."""
    first_frame: float = 0.35
    """Share of samples whose first latent frame is given clean."""
    level_mean: float = 0.4
    """Mean of the noise level's logit, which is normal."""
    level_std: float = 1.0
    """Standard deviation of the noise level's logit."""
    on_grid: float = 0.4
    """Share of samples with a level spread as the samplers' levels are (shift 5), mostly near pure noise."""


MIXTURE = Mixture()


class NoisePlan(NamedTuple):
    """Contents of a batch, and its noise levels."""

    video_level: Tensor
    """σ of each latent frame (B, T); 0 for a frame that is given."""
    audio_level: Tensor
    """σ of each sample's audio (B,)."""
    sounds: bool = True
    """Whether the batch has audio tokens."""
    prompted: bool = True
    """Whether the batch has text."""

    @property
    def video_to_audio(self) -> bool:
        """Whether the whole video is given, and only sound is to be made."""
        return not bool(self.video_level.any())


class Task(NamedTuple):
    """A batch as the network gets it, and the outputs that it should give; each tensor begins with B."""

    plan: NoisePlan
    video: Tensor
    audio: Tensor | None
    words: Tensor | None
    video_target: Tensor
    audio_target: Tensor | None

    def part(self, number: int, of: int) -> Task:
        """Return one of `of` equal parts of the samples: the share of one process."""

        def cut(tensor: Tensor) -> Tensor:
            return tensor.tensor_split(of)[number]

        def cut_if_there(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else cut(tensor)

        return Task(
            plan=self.plan._replace(
                video_level=cut(self.plan.video_level), audio_level=cut(self.plan.audio_level)
            ),
            video=cut(self.video),
            audio=cut_if_there(self.audio),
            words=cut_if_there(self.words),
            video_target=cut(self.video_target),
            audio_target=cut_if_there(self.audio_target),
        )


class Errors(NamedTuple):
    """Mean squared errors of the velocity for each sample (B,); None for a modality that is not learnt."""

    video: Tensor | None
    audio: Tensor | None

    def loss(self) -> Tensor:
        """Return the sum of both means, scalar: each modality counts alike, however few its tokens."""
        return torch.stack([error.mean() for error in self if error is not None]).sum()


def draw_task(
    clean: EncodedBatch, variances: Variances, generator: Generator, mixture: Mixture = MIXTURE
) -> Task:
    """Decide what a batch shows, and add noise to it."""
    plan = draw_plan(len(clean.video), clean.video.shape[2], generator, mixture)
    return make_task(clean, variances, plan, generator)


def draw_plan(count: int, frames: int, generator: Generator, mixture: Mixture = MIXTURE) -> NoisePlan:
    """Decide what a batch shows and how noisy it is.

    A batch is of one kind, so nothing is padded. Everything is drawn whether it is used or not, so that a
    change of the shares leaves the other draws as they are.

    Args:
        count: B, the number of samples.
        frames: T, the number of latent frames.
        generator: Source of all draws.
        mixture: Shares of the kinds.
    """
    device = generator.device
    kind, audio_noise, frame_noise, text = torch.rand(4, generator=generator, device=device).tolist()
    shared_level = draw_levels(count, generator, mixture)  # (B,)
    audio_level = draw_levels(count, generator, mixture)  # (B,)
    given_frames = torch.rand(count, generator=generator, device=device) < mixture.first_frame  # (B,): 0 or 1
    frame_levels = draw_levels(count * frames, generator, mixture).reshape(count, frames)  # (B, T)

    sounds = kind >= mixture.video_only
    video_to_audio = sounds and kind < mixture.video_only + mixture.video_to_audio
    own_levels = frame_levels if frame_noise < mixture.per_frame_noise else shared_level
    video_level = for_frames(own_levels, frames, given_frames)
    return NoisePlan(
        video_level=torch.zeros_like(video_level) if video_to_audio else video_level,
        audio_level=audio_level if audio_noise < mixture.separate_audio_noise else shared_level,
        sounds=sounds,
        prompted=text >= mixture.unprompted,
    )


def for_frames(level: Tensor, frames: int, given: Tensor) -> Tensor:
    """Return the level of each latent frame (B, T): 0 for the first frames that are given clean.

    Args:
        level: σ of each sample (B,), or of each of its latent frames (B, T).
        frames: T.
        given: Number of given frames at the start of each sample (B,), whole numbers or booleans.
    """
    levels = level if level.ndim == 2 else level[:, None].expand(-1, frames)
    noisy = torch.arange(frames, device=level.device) >= given[:, None]  # (B, T)
    return levels * noisy


def make_task(clean: EncodedBatch, variances: Variances, plan: NoisePlan, generator: Generator) -> Task:
    """Add noise to a batch as planned, and compute the outputs that the network should give.

    Args:
        clean: Clean latents and words.
        variances: Variances of the latents' channels.
        plan: What the batch shows, and how noisy it is.
        generator: Source of the noise.
    """
    video_noise = torch.randn(clean.video.shape, generator=generator, device=generator.device)
    audio_noise = torch.randn(clean.audio.shape, generator=generator, device=generator.device)
    video_level = plan.video_level[:, None]  # (B, 1, T), to multiply (B, C, T, H, W)
    audio = audio_target = None
    if plan.sounds:
        audio = mix(clean.audio, audio_noise, plan.audio_level)
        audio_target = to_output(clean.audio, audio_noise, plan.audio_level, variances.audio)
    return Task(
        plan=plan,
        video=mix(clean.video, video_noise, video_level),
        audio=audio,
        words=clean.words if plan.prompted else None,
        video_target=to_output(clean.video, video_noise, video_level, variances.video),
        audio_target=audio_target,
    )


def draw_levels(count: int, generator: Generator, mixture: Mixture = MIXTURE) -> Tensor:
    """Draw σ of so many samples, (count,): logit-normal, or for a share of them as the samplers' levels."""
    normal = torch.randn(count, generator=generator, device=generator.device)
    even, which = torch.rand(2, count, generator=generator, device=generator.device)
    logit_normal = torch.sigmoid(mixture.level_mean + mixture.level_std * normal)
    levels = torch.where(which < mixture.on_grid, shifted(even), logit_normal)
    return levels.clamp(_LEAST_LEVEL, _MOST_LEVEL)


def shifted(even: Tensor) -> Tensor:
    """Move even levels, of any shape, towards noise, as `noise_levels` does."""
    return SHIFT * even / (1 + (SHIFT - 1) * even)


def errors(model: ToyModel, task: Task) -> Errors:
    """Return the errors of the velocity on a task; frames that are given don't count."""
    plan, found = task.plan, model(task.video, task.audio, task.words)
    video = audio = None
    if not plan.video_to_audio:
        # (B, C, T, H, W) → (B, T), then the mean over the frames that are to be made (B,).
        squared = _squared(found[0], task.video_target, plan.video_level[:, None], model.variances.video)
        asked = plan.video_level > 0
        video = (squared.mean(dim=(1, 3, 4)) * asked).sum(1) / asked.sum(1)
    if task.audio_target is not None:
        # (B, A, channels) → (B,)
        squared = _squared(found[1], task.audio_target, plan.audio_level, model.variances.audio)
        audio = squared.mean(dim=(1, 2))
    return Errors(video, audio)


def _squared(output: Tensor, target: Tensor, level: Tensor, variance: Tensor) -> Tensor:
    """Return the squared errors of the velocity: those of F times v/D (see `preconditioning`)."""
    return (output.float() - target).square() * variance / power(spread(level, output), variance)


def mix(clean: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return (1 − σ)·clean + σ·noise, with σ of each sample (B,), or with more axes of `clean`."""
    level = spread(level, clean)
    return (1 - level) * clean + level * noise


@torch.no_grad()
def learning_curve(model: ToyModel, clean: EncodedBatch) -> dict[str, list[float]]:
    """Return the mean squared error of the clean latents, by modality and quarter of σ.

    The noise is the same every time.
    """
    generator, count = Generator(clean.video.device).manual_seed(0), len(clean.video)
    frames, none_given = clean.video.shape[2], torch.zeros(count, device=clean.video.device)
    curve: dict[str, list[float]] = {"video": [], "audio": []}
    for quarter in range(QUARTERS):
        level = (quarter + torch.rand(count, generator=generator, device=generator.device)) / QUARTERS
        plan = NoisePlan(for_frames(level, frames, none_given), level)
        found = errors(model, make_task(clean, model.variances, plan, generator))
        for name, error in found._asdict().items():
            curve[name].append(float((error * level**2).mean()))  # the error of clean is σ times velocity's
    return curve
