"""DMD-2 (Yin et al., arXiv 2405.14867) for pictures with sound: a student of few steps from a guided teacher.

The student is rolled out as it will be used (backward simulation). What it makes is noised and looked at by
two networks: the frozen, guided teacher, and a fake score network that is trained on the student's own clips.
The difference of their estimates says how to move. No network is told σ; it enters the conversions only.
Picture and sound are weighted apart, so that neither drowns the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor
from torch.nn import functional

from generators.happyhorse.sampling.latents import Conditioning, Latents
from generators.happyhorse.sampling.preconditioning import Preconditioned, spread
from generators.happyhorse.sampling.samplers import noise_levels, predict_velocity
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.flow import NoisePlan, errors, for_frames, make_task, mix, shifted
from generators.happyhorse.training.gan import Critic


@dataclass(frozen=True)
class Recipe:
    """How a student is taught; the ratio and the span of σ are the public recipes'."""

    steps: int = 8
    guidance: float = 2.0
    """Of the teacher, which the student so needs no more."""
    warm_up: int = 0
    """Updates before all others in which the student learns the teacher's guided estimates by themselves."""
    ratio: int = 5
    """Updates of the fake score network for each of the student."""
    least: float = 0.02
    most: float = 0.98
    """Noise at which the student's clips are looked at."""
    started: float = 0.35
    """Share of batches with the first frame given."""
    silent: float = 0.2
    """Share of batches without audio tokens."""
    gan: float = 0.0
    """Weight of the adversarial loss; none by default."""


@dataclass(frozen=True)
class Networks:
    """The three of DMD-2, and the optional critic on the fake one's features."""

    student: ToyModel
    fake: ToyModel
    teacher: ToyModel
    critic: Critic | None = None


@dataclass(frozen=True)
class Rollout:
    """What a batch of clips is made for."""

    words: Tensor
    conditioning: Conditioning
    start: Latents
    """Noise, with or without audio."""
    real: EncodedBatch


def draw_rollout(real: EncodedBatch, generator: Generator, recipe: Recipe) -> Rollout:
    """Prompts and first frames of real clips, and noise to start from."""
    silent, started = torch.rand(2, generator=generator, device=generator.device).tolist()
    video, audio = gaussian(real.video, generator), gaussian(real.audio, generator)
    conditioning = Conditioning(real.video[:, :, :1]) if started < recipe.started else Conditioning()
    return Rollout(real.words, conditioning, Latents(video, None if silent < recipe.silent else audio), real)


def roll_out(student: ToyModel, rollout: Rollout, generator: Generator, recipe: Recipe) -> Latents:
    """The student's clean estimate, differentiable, at a step drawn evenly, after its own steps before."""
    chosen = int(torch.randint(recipe.steps, (), generator=generator, device=generator.device))
    model, x = student.bound(rollout.words), rollout.conditioning.put_into(rollout.start)
    levels = noise_levels(recipe.steps)
    with torch.no_grad():
        for now, then in list(pairwise(levels))[:chosen]:
            clean = estimate(model, x, now)
            fresh = noise_like(clean, generator)
            x = rollout.conditioning.put_into(noised(clean, fresh, then))
    return rollout.conditioning.put_into(estimate(model, x, levels[chosen]))


def student_loss(nets: Networks, rollout: Rollout, generator: Generator, recipe: Recipe) -> Tensor:
    """Its gradient with respect to the student's clip is `direction`, up to each modality's mean."""
    made = roll_out(nets.student, rollout, generator, recipe)
    level = draw_level(len(made.video), generator, recipe)
    noise = noise_like(made, generator)
    seen = rollout.conditioning.put_into(noised(made, noise, level))
    with torch.no_grad():
        still = map_latents(Tensor.detach, seen)
        own = rollout.conditioning.put_into(estimate(nets.fake.bound(rollout.words), still, level))
        wanted = rollout.conditioning.put_into(
            guided(nets.teacher, rollout.words, still, level, recipe.guidance)
        )
    loss = torch.stack(
        [
            match_loss(y, direction(y.detach(), a, b))
            for y, a, b in zip(made, own, wanted, strict=True)
            if y is not None and a is not None and b is not None
        ]
    ).sum()
    if nets.critic is not None:
        said = nets.critic(nets.fake, seen, rollout.words)
        loss = loss + recipe.gan * functional.softplus(-said).mean()
    return loss


def fake_loss(nets: Networks, rollout: Rollout, generator: Generator, recipe: Recipe) -> Tensor:
    """Flow matching of the fake score network on what the student makes now."""
    with torch.no_grad():
        made = roll_out(nets.student, rollout, generator, recipe)
    level = draw_level(len(made.video), generator, recipe)
    started = torch.full_like(level, rollout.conditioning.first_frame is not None, dtype=torch.bool)
    audio = rollout.real.audio if made.audio is None else made.audio
    clips = EncodedBatch(made.video, audio, rollout.words)
    plan = NoisePlan(for_frames(level, made.video.shape[2], started), level, sounds=made.audio is not None)
    task = make_task(clips, nets.fake.variances, plan, generator)
    loss = errors(nets.fake, task).loss()
    if nets.critic is None:
        return loss
    real = Latents(rollout.real.video, None if made.audio is None else rollout.real.audio)
    noise = noise_like(real, generator)
    said_of_real = nets.critic(
        nets.fake, rollout.conditioning.put_into(noised(real, noise, level)), rollout.words
    )
    said_of_made = nets.critic(nets.fake, Latents(task.video, task.audio), rollout.words)
    adversarial = functional.softplus(said_of_made).mean() + functional.softplus(-said_of_real).mean()
    return loss + recipe.gan * adversarial


def warm_loss(nets: Networks, rollout: Rollout, generator: Generator, recipe: Recipe) -> Tensor:
    """Squared error of the student's velocity against the guided teacher's, on real clips at its own levels.

    So guidance is distilled before steps are (Meng et al., arXiv 2210.03142), which is cheap.
    """
    real = Latents(rollout.real.video, None if rollout.start.audio is None else rollout.real.audio)
    chosen = torch.randint(recipe.steps, (len(real.video),), generator=generator, device=generator.device)
    level = torch.tensor(noise_levels(recipe.steps), device=generator.device)[chosen]
    seen = rollout.conditioning.put_into(noised(real, noise_like(real, generator), level))
    with torch.no_grad():
        wanted = rollout.conditioning.put_into(
            guided(nets.teacher, rollout.words, seen, level, recipe.guidance)
        )
    own = rollout.conditioning.put_into(estimate(nets.student.bound(rollout.words), seen, level))
    wrong = map_latents(lambda a, b: ((a - b) / spread(level, a)).square().mean(), own, wanted)
    return torch.stack([part for part in wrong if part is not None]).sum()


def direction(made: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Where the student's clips must not go on: (own − wanted) / mean|made − wanted|, of each sample."""
    scale = (made - wanted).abs().flatten(1).mean(1).reshape(-1, *[1] * (made.ndim - 1))
    return torch.nan_to_num((own - wanted) / scale, nan=0.0, posinf=0.0, neginf=0.0)


def match_loss(made: Tensor, along: Tensor) -> Tensor:
    """½·mean (y − (y − g))², whose gradient is g over the number of values."""
    return 0.5 * (made - (made - along).detach()).square().mean()


def estimate(model: Preconditioned, x: Latents, level: Tensor | float) -> Latents:
    """The clean latents that a network sees in noisy ones."""
    return map_latents(lambda part, v: part - spread(level, part) * v, x, predict_velocity(model, x, level))


def guided(teacher: ToyModel, words: Tensor, x: Latents, level: Tensor, guidance: float) -> Latents:
    """The teacher's estimate with the prompt, pushed away from that without."""
    without, prompted = (estimate(teacher.bound(text), x, level) for text in (None, words))
    return map_latents(lambda a, b: torch.lerp(a, b, guidance), without, prompted)


def draw_level(count: int, generator: Generator, recipe: Recipe) -> Tensor:
    """σ of so many samples, spread as the sampler's."""
    even = torch.rand(count, generator=generator, device=generator.device)
    return shifted(even).clamp(recipe.least, recipe.most)


def noised(clean: Latents, noise: Latents, level: Tensor | float) -> Latents:
    """(1 − σ)·clean + σ·noise of both modalities."""
    return map_latents(lambda a, b: mix(a, b, torch.as_tensor(level, device=a.device)), clean, noise)


def noise_like(x: Latents, generator: Generator) -> Latents:
    """Gaussian noise in the shapes of a batch."""
    return map_latents(lambda part: gaussian(part, generator), x)


def gaussian(like: Tensor, generator: Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=generator.device)


def map_latents(function: Callable[..., Tensor], x: Latents, *others: Latents) -> Latents:
    """A function of video and of audio, apart; left-out audio stays left out."""
    video = function(x.video, *(other.video for other in others))
    if x.audio is None:
        return Latents(video, None)
    return Latents(video, function(x.audio, *(other.audio for other in others)))
