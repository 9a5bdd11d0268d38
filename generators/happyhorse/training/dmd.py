"""DMD-2 (Yin et al., arXiv 2405.14867) for video with sound: a student of few steps from a guided teacher.

The student is rolled out as it will be used (backward simulation). Noise is added to its clips, and two
networks estimate the clean clips: the frozen, guided teacher, and a fake score network that is trained on the
student's own clips. The difference of their estimates says how the student must move. No network is told σ;
it enters the conversions only. Video and sound are weighted apart, so that neither drowns the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor
from torch.nn import functional

from generators.base import InvalidInput
from generators.happyhorse.network.limits import require_steps
from generators.happyhorse.sampling.latents import Conditioning, Latents
from generators.happyhorse.sampling.preconditioning import Preconditioned, spread
from generators.happyhorse.sampling.samplers import noise_levels, predict_velocity
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.arguments import require_share, require_whole
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.flow import NoisePlan, errors, for_frames, make_task, mix, shifted
from generators.happyhorse.training.gan import Critic


@dataclass(frozen=True)
class Recipe:
    """Numbers that decide how a student is taught; ratio and range of σ are those of the public recipes."""

    steps: int = 8
    """Steps of the student."""
    guidance: float = 2.0
    """Scale of the teacher's classifier-free guidance; the student then needs none."""
    warm_up: int = 0
    """Updates at the start in which the student learns the teacher's guided estimates alone."""
    ratio: int = 5
    """Updates of the fake score network for each update of the student."""
    least: float = 0.02
    """Lowest σ of the noise that is added to the student's clips."""
    most: float = 0.98
    """Highest σ of that noise."""
    started: float = 0.35
    """Share of batches with the first frame given."""
    silent: float = 0.2
    """Share of batches without audio tokens."""
    gan: float = 0.0
    """Weight of the adversarial loss; 0 leaves the critic out."""

    def __post_init__(self) -> None:
        require_steps(self.steps)
        require_whole("warm-up", self.warm_up, 0)
        require_whole("ratio", self.ratio)
        for name in ("least", "most", "started", "silent"):
            require_share(name, getattr(self, name))
        if not 0 <= self.gan < math.inf:
            raise InvalidInput(f"gan must be 0 or a positive number; got {self.gan}.")


@dataclass(frozen=True)
class Networks:
    """The three networks of DMD-2, and the optional critic on the fake one's features."""

    student: ToyModel
    fake: ToyModel
    teacher: ToyModel
    critic: Critic | None = None


@dataclass(frozen=True)
class Rollout:
    """Inputs that the student makes a batch of clips from."""

    words: Tensor
    """Prompts (B, L), from `tokenise`."""
    conditioning: Conditioning
    start: Latents
    """Noise, with or without audio."""
    real: EncodedBatch
    """Real clips of the same prompts."""

    @property
    def real_latents(self) -> Latents:
        """Latents of the real clips, with audio if the rollout has audio."""
        return Latents(self.real.video, None if self.start.audio is None else self.real.audio)

    def keep(self, x: Latents) -> Latents:
        """Put what is given into its place."""
        return self.conditioning.put_into(x)


def draw_rollout(real: EncodedBatch, generator: Generator, recipe: Recipe) -> Rollout:
    """Take prompts and first frames from real clips, and draw the noise to start from."""
    silent, started = torch.rand(2, generator=generator, device=generator.device).tolist()
    video, audio = gaussian(real.video, generator), gaussian(real.audio, generator)
    conditioning = Conditioning(real.video[:, :, :1]) if started < recipe.started else Conditioning()
    start = Latents(video, None if silent < recipe.silent else audio)
    return Rollout(real.words, conditioning, start, real)


def roll_out(student: ToyModel, rollout: Rollout, generator: Generator, recipe: Recipe) -> Latents:
    """Return the student's clean estimate, differentiable, at a step drawn evenly.

    The steps before it are the student's own, without gradients.
    """
    chosen = int(torch.randint(recipe.steps, (), generator=generator, device=generator.device))
    model, x = student.bound(rollout.words), rollout.keep(rollout.start)
    levels = noise_levels(recipe.steps)
    with torch.no_grad():
        for now, then in list(pairwise(levels))[:chosen]:
            clean = estimate(model, x, now)
            fresh = noise_like(clean, generator)
            x = rollout.keep(noised(clean, fresh, then))
    return rollout.keep(estimate(model, x, levels[chosen]))


def student_loss(nets: Networks, rollout: Rollout, generator: Generator, recipe: Recipe) -> Tensor:
    """Return a loss, scalar, whose gradient by the student's clip is `direction` over each modality's size.

    The critic's loss is added if there is a critic.
    """
    made = roll_out(nets.student, rollout, generator, recipe)
    level = draw_level(len(made.video), generator, recipe)
    noisy = rollout.keep(noised(made, noise_like(made, generator), level))
    with torch.no_grad():
        still = map_latents(Tensor.detach, noisy)
        fake = rollout.keep(estimate(nets.fake.bound(rollout.words), still, level))
        wanted = rollout.keep(guided(nets.teacher, rollout.words, still, level, recipe.guidance))
    loss = _total(map_latents(_match, made, fake, wanted))
    if nets.critic is not None:
        score = nets.critic(nets.fake, noisy, rollout.words)
        loss = loss + recipe.gan * functional.softplus(-score).mean()
    return loss


def fake_loss(nets: Networks, rollout: Rollout, generator: Generator, recipe: Recipe) -> Tensor:
    """Return the fake score network's flow-matching loss, scalar, on clips that the student makes now.

    The critic's loss on real and made clips is added if there is a critic.
    """
    with torch.no_grad():
        made = roll_out(nets.student, rollout, generator, recipe)
    level = draw_level(len(made.video), generator, recipe)  # (B,)
    given = torch.full_like(level, rollout.conditioning.first_frame is not None, dtype=torch.bool)
    clips = EncodedBatch(made.video, rollout.real.audio if made.audio is None else made.audio, rollout.words)
    plan = NoisePlan(for_frames(level, made.video.shape[2], given), level, sounds=made.audio is not None)
    task = make_task(clips, nets.fake.variances, plan, generator)
    loss = errors(nets.fake, task).loss()
    if nets.critic is None:
        return loss
    real = rollout.real_latents
    noisy = rollout.keep(noised(real, noise_like(real, generator), level))
    of_real = nets.critic(nets.fake, noisy, rollout.words)
    of_made = nets.critic(nets.fake, Latents(task.video, task.audio), rollout.words)
    adversarial = functional.softplus(of_made).mean() + functional.softplus(-of_real).mean()
    return loss + recipe.gan * adversarial


def warm_loss(nets: Networks, rollout: Rollout, generator: Generator, recipe: Recipe) -> Tensor:
    """Return the squared error, scalar, of the student's velocity against the guided teacher's.

    Both see real clips at the student's own noise levels. Guidance is so distilled before steps are (Meng et
    al., arXiv 2210.03142), which is cheap.
    """
    real = rollout.real_latents
    chosen = torch.randint(recipe.steps, (len(real.video),), generator=generator, device=generator.device)
    level = torch.tensor(noise_levels(recipe.steps), device=generator.device)[chosen]  # (B,)
    noisy = rollout.keep(noised(real, noise_like(real, generator), level))
    with torch.no_grad():
        wanted = rollout.keep(guided(nets.teacher, rollout.words, noisy, level, recipe.guidance))
    own = rollout.keep(estimate(nets.student.bound(rollout.words), noisy, level))

    def velocity_error(a: Tensor, b: Tensor) -> Tensor:
        # A difference of clean estimates over σ is a difference of velocities.
        difference = (a - b) / spread(level, a)
        return difference.square().mean()

    return _total(map_latents(velocity_error, own, wanted))


def direction(made: Tensor, fake: Tensor, wanted: Tensor) -> Tensor:
    """Return the direction that the student's clips must leave: (fake − wanted) / mean|made − wanted|.

    All have the shape (B, …); the mean is over each sample. Where it is 0, so is the direction.

    Args:
        made: The student's clips.
        fake: The fake score network's estimate.
        wanted: The guided teacher's estimate.
    """
    scale = (made - wanted).abs().flatten(1).mean(1)  # (B,)
    scale = scale.reshape(-1, *[1] * (made.ndim - 1))  # (B, 1, …)
    return torch.nan_to_num((fake - wanted) / scale, nan=0.0, posinf=0.0, neginf=0.0)


def match_loss(made: Tensor, along: Tensor) -> Tensor:
    """Return ½·mean (y − (y − g))², scalar, whose gradient is g over the number of values."""
    return 0.5 * (made - (made - along).detach()).square().mean()


def estimate(model: Preconditioned, x: Latents, level: Tensor | float) -> Latents:
    """Return a network's estimate of the clean latents, (B, …): x − σ·velocity."""

    def clean(part: Tensor, velocity: Tensor) -> Tensor:
        return part - spread(level, part) * velocity

    return map_latents(clean, x, predict_velocity(model, x, level))


def guided(teacher: ToyModel, words: Tensor, x: Latents, level: Tensor, guidance: float) -> Latents:
    """Return the teacher's estimate, (B, …), by guidance: without + guidance·(prompted − without)."""
    without = estimate(teacher.bound(None), x, level)
    prompted = estimate(teacher.bound(words), x, level)
    return map_latents(lambda a, b: torch.lerp(a, b, guidance), without, prompted)


def draw_level(count: int, generator: Generator, recipe: Recipe) -> Tensor:
    """Draw σ of so many samples, (count,), spread as the sampler's, within the recipe's range."""
    even = torch.rand(count, generator=generator, device=generator.device)
    return shifted(even).clamp(recipe.least, recipe.most)


def noised(clean: Latents, noise: Latents, level: Tensor | float) -> Latents:
    """Return (1 − σ)·clean + σ·noise of both modalities, (B, …) each."""

    def mixed(a: Tensor, b: Tensor) -> Tensor:
        return mix(a, b, torch.as_tensor(level, device=a.device))

    return map_latents(mixed, clean, noise)


def noise_like(x: Latents, generator: Generator) -> Latents:
    """Draw Gaussian noise in the shapes of a batch."""
    return map_latents(lambda part: gaussian(part, generator), x)


def gaussian(like: Tensor, generator: Generator) -> Tensor:
    """Draw Gaussian noise in the shape of a tensor."""
    return torch.randn(like.shape, generator=generator, device=generator.device)


def map_latents(function: Callable[..., Tensor], x: Latents, *others: Latents) -> Latents:
    """Apply a function to video and to audio, (B, …); audio that is left out stays left out."""
    video = function(x.video, *(other.video for other in others))
    if x.audio is None:
        return Latents(video, None)
    return Latents(video, function(x.audio, *(other.audio for other in others)))


def _match(made: Tensor, fake: Tensor, wanted: Tensor) -> Tensor:
    return match_loss(made, direction(made.detach(), fake, wanted))


def _total(losses: Latents) -> Tensor:
    return torch.stack([loss for loss in losses if loss is not None]).sum()
