"""Clips from latents for the referee and for sample sheets, many prompts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.happyhorse.network.kinds import CheckpointKind
from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.samplers import sample_base, sample_distilled
from generators.happyhorse.toy.codecs import Codecs
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.toy.words import tokenise
from generators.happyhorse.training.data import as_bytes, to_tensors
from generators.toyworld.referee.verdict import Footage
from generators.toyworld.world.examples import FPS, FRAMES, SIDE, Example

_AT_ONCE = 32


@dataclass(frozen=True)
class ClipSampler:
    """A checkpoint, and how it is used."""

    model: ToyModel
    kind: CheckpointKind
    codecs: Codecs
    from_image: bool = False
    """Whether the example's first frame is given."""
    cascade: bool = False
    """Whether a silent picture is made first, and then sound for it."""

    def clips(self, examples: Sequence[Example], seed: int = 0) -> Iterator[Footage]:
        """One clip for each example's caption; the seeds count up from `seed`."""
        for first in range(0, len(examples), _AT_ONCE):
            some = list(examples[first : first + _AT_ONCE])
            yield from decode(self.latents(some, seed + first), self.codecs)

    @torch.inference_mode()
    def latents(self, examples: list[Example], seed: int) -> Latents:
        """Latents of a batch of captions with one number of objects."""
        device = next(self.model.parameters()).device
        words = torch.tensor([tokenise(example.caption) for example in examples], device=device)
        seeds = range(seed, seed + len(examples))
        frame = None
        if self.from_image:
            images = to_tensors(examples, device.type)[0][:, :, :1]
            frame = self.codecs.video.encode(images)
        if not self.cascade:
            return self._sample(words, Noise(*seeds, device=device), Conditioning(frame), sounds=True)
        silent = self._sample(words, Noise(*seeds, device=device), Conditioning(frame), sounds=False)
        return self._sample(
            words, Noise(*seeds, device=device), Conditioning(video=silent.video), sounds=True
        )

    def _sample(self, words: Tensor, noise: Noise, conditioning: Conditioning, sounds: bool) -> Latents:
        config, side = self.model.config, SIDE // self.codecs.video.spatial_stride
        video = (config.latent_channels, (FRAMES - 1) // self.codecs.video.temporal_stride + 1, side, side)
        start = noise.draw(video, (FRAMES, config.audio_in_channels) if sounds else None)
        steps, looked = self.kind.steps, self.model.bound(words)
        if self.kind.sampler == "distilled":
            return sample_distilled(looked, start, noise, steps=steps, conditioning=conditioning)
        negative, guidance = self.model.bound(None), self.kind.guidance
        return sample_base(looked, negative, start, steps=steps, conditioning=conditioning, guidance=guidance)


def decode(latents: Latents, codecs: Codecs) -> Iterator[Footage]:
    """Pixels and samples of each clip of a batch; silent where there is no audio."""
    frames = as_bytes(codecs.video.decode(latents.video))
    sounds = [None] * len(frames)
    if latents.audio is not None:
        sounds = list(codecs.audio.decode(latents.audio).mean(1).cpu().numpy())
    for picture, sound in zip(frames, sounds, strict=True):
        yield Footage(picture, FPS, sound, codecs.audio.sample_rate)


def round_trip(examples: Sequence[Example], codecs: Codecs) -> Iterator[Footage]:
    """The true clips through the codecs: the most that any model on them can reach."""
    for first in range(0, len(examples), _AT_ONCE):
        frames, samples = to_tensors(list(examples[first : first + _AT_ONCE]))
        audio = codecs.audio.encode(samples, codecs.audio.sample_rate)
        yield from decode(Latents(codecs.video.encode(frames), audio), codecs)
