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
from generators.toyworld.senses.footage import Footage
from generators.toyworld.world.examples import FPS, FRAMES, SIDE, Example

_AT_ONCE = 32


@dataclass(frozen=True)
class ClipSampler:
    """A checkpoint, and the way in which clips are made with it."""

    model: ToyModel
    kind: CheckpointKind
    codecs: Codecs
    from_image: bool = False
    """Whether the example's first frame is given."""
    cascade: bool = False
    """Whether a silent video is made first, and then sound for it."""

    def clips(self, examples: Sequence[Example], seed: int = 0) -> Iterator[Footage]:
        """Make one clip for each example's caption; the seeds count up from `seed`."""
        for first in range(0, len(examples), _AT_ONCE):
            batch = list(examples[first : first + _AT_ONCE])
            yield from decode(self.latents(batch, seed + first), self.codecs)

    @torch.inference_mode()
    def latents(self, examples: list[Example], seed: int) -> Latents:
        """Make latents for a batch of captions with the same number of objects."""
        device = next(self.model.parameters()).device
        words = torch.tensor([tokenise(example.caption) for example in examples], device=device)
        conditioning = Conditioning(self._first_frames(examples, device.type))
        seeds = range(seed, seed + len(examples))
        if self.cascade:
            silent = self._sample(words, Noise(*seeds, device=device), conditioning, sounds=False)
            conditioning = Conditioning(video=silent.video)
        # The noise starts anew: the sound is that of a clip made in one stage with the same seed.
        return self._sample(words, Noise(*seeds, device=device), conditioning, sounds=True)

    def _first_frames(self, examples: list[Example], device: str) -> Tensor | None:
        if not self.from_image:
            return None
        frames, _ = to_tensors(examples, device)
        return self.codecs.video.encode(frames[:, :, :1])

    def _sample(self, words: Tensor, noise: Noise, conditioning: Conditioning, sounds: bool) -> Latents:
        start = noise.draw(*self._shapes(sounds))
        steps, model = self.kind.steps, self.model.bound(words)
        if self.kind.sampler == "distilled":
            return sample_distilled(model, start, noise, steps=steps, conditioning=conditioning)
        negative, guidance = self.model.bound(None), self.kind.guidance
        return sample_base(model, negative, start, steps=steps, conditioning=conditioning, guidance=guidance)

    def _shapes(self, sounds: bool) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
        """Return the shapes of one sample's latents: video (C, T, H, W), and audio (A, channels) or None."""
        config, codec = self.model.config, self.codecs.video
        frames, side = (FRAMES - 1) // codec.temporal_stride + 1, SIDE // codec.spatial_stride
        video = (config.latent_channels, frames, side, side)
        return video, (FRAMES, config.audio_in_channels) if sounds else None


def decode(latents: Latents, codecs: Codecs) -> Iterator[Footage]:
    """Decode a batch to one clip after the other, silent if the latents have no audio."""
    frames = as_bytes(codecs.video.decode(latents.video))
    sounds = [None] * len(frames)
    if latents.audio is not None:
        # (B, 2, N) → the mean of both channels (B, N)
        sounds = list(codecs.audio.decode(latents.audio).mean(1).cpu().numpy())
    for picture, sound in zip(frames, sounds, strict=True):
        yield Footage.at_rate(picture, FPS, sound, codecs.audio.sample_rate)


def round_trip(examples: Sequence[Example], codecs: Codecs) -> Iterator[Footage]:
    """Encode and decode the true clips: the best that any model with these codecs can reach."""
    for first in range(0, len(examples), _AT_ONCE):
        frames, samples = to_tensors(list(examples[first : first + _AT_ONCE]))
        audio = codecs.audio.encode(samples, codecs.audio.sample_rate)
        yield from decode(Latents(codecs.video.encode(frames), audio), codecs)
