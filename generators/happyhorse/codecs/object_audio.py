"""A learned sound codec for one object: when it sounds and how loud, and what it sounds like.

The encoder measures how much sound begins at each instant, and reads the look of the sound, its pitch and
timbre, from the whole clip. The decoder takes the peaks of what begins, and lets a tone of that look ring
from each. So a blurred peak is still one clear tone, and all tones of a clip sound alike. What lasts is apart
from what happens, as look and place are in `object_video`. It learns from sound alone.

A latent lasts 62.5 ms and has 16 numbers: how much begins in each of its four hops, and 12 for the look,
which all latents of a clip share. They are turned to their principal directions.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from generators.happyhorse.codecs.learned import LearnedCodec
from generators.happyhorse.codecs.resample import resample
from generators.happyhorse.codecs.spectral_audio import BINS, HOP, HOPS, SAMPLE_RATE, find_sound, spectra

TOY_WORLD = Path(__file__).with_name("toy-world-audio-16.safetensors")
"""Codec trained on the toy world by `train-codec`: 16 channels."""
_LOOK = 12
_NUMBERS = HOPS + _LOOK
_FADE = 0.88
"""Share of a tone's magnitude that is left after one hop; what is louder than that begins anew."""
_LOUD = 64.0
"""Magnitude that begins at once and counts as 1."""
_NEAR = 2
"""A peak is the largest of this many hops on either side, 31 ms."""
_LEAST_PEAK, _LEAST_SHARE = 0.2, 0.4
"""Least height of a peak: by itself, and as a share of the clip's highest. In the toy world, the quietest
impacts reach .37, and .46 of the loudest one's."""
_LEAST_BEND = 1e-4
"""Least bend of the parabola through a peak, so that nothing is divided by 0."""
_LEAST_TOTAL = 1.0
"""Sum of magnitudes below which a clip counts as silent."""
_SHARE_UNIT = 16.0
"""Factor that brings the lines' shares of a sound to about 1."""
_SILENT = -4.0
"""Start of a tone's course before it is learned, as the logarithm of a small loudness."""
_PARTS = 4
"""Spectra of a tone, each with its own course in time, so that a start may sound unlike what rings on."""
_BEFORE, _AFTER = 4, 52
"""Hops before and after its peak in which a tone is heard."""
_FINE = 4
"""Points of a tone's course in each hop."""
_UNIT = 8.0
"""Beginnings are counted in this part of 1, so that they are as strong among the numbers as the looks are."""
_PEAK_NOISE, _LOOK_NOISE = 0.3, 0.1
"""Standard deviations of the noise on the numbers in training, as in `object_video`."""
_LOOK_WEIGHT = 1e-4
"""Weight of the looks' mean square in the loss, which keeps them from growing without end."""


class ObjectAudioCodec(LearnedCodec):
    """Satisfies `AudioCodec` once it is trained and `calibrate` has measured its numbers."""

    sample_rate = SAMPLE_RATE
    latents_per_s = SAMPLE_RATE / (HOP * HOPS)
    size = _NUMBERS
    latent_channels = _NUMBERS

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(BINS, width), nn.SiLU(), nn.Linear(width, _LOOK))
        self.timbre = nn.Sequential(nn.Linear(_LOOK, width), nn.SiLU(), nn.Linear(width, _PARTS * BINS))
        self.course = nn.Parameter(torch.full((_PARTS, _FINE * (_BEFORE + _AFTER) + 1), _SILENT))

    @property
    def variance(self) -> Tensor:
        """Variance of the latents of the sounds that `calibrate` measured, (channels,)."""
        return self.basis.gains().square()

    @torch.no_grad()
    def encode(self, samples: Tensor, sample_rate: int, generator: Generator | None = None) -> Tensor:
        """Encode samples (batch, 2, N) to latents (batch, time, 16); the generator isn't used."""
        count = round(samples.shape[-1] * SAMPLE_RATE / sample_rate)
        numbers = self.numbers(spectra(resample(samples.mean(1), count)))
        return self.basis.project(numbers) * self.basis.gains()

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (batch, time, 16) to samples (batch, 2, 1000 · time)."""
        numbers = self.basis.expand(latents.float() / self.basis.gains())
        return find_sound(self.ring(numbers).mT)[:, None].expand(-1, 2, -1)

    def numbers(self, logs: Tensor) -> Tensor:
        """Encode log spectra (B, A, 4 · 256) to numbers (B, A, 16): four beginnings, then the look."""
        lines = logs.reshape(len(logs), -1, BINS).expm1()
        begins = _UNIT * beginnings(lines).reshape(len(logs), -1, HOPS)
        total = lines.sum(1)  # (B, 256)
        share = total / total.sum(1, keepdim=True).clamp(min=_LEAST_TOTAL)
        look = self.look(_SHARE_UNIT * share)[:, None].expand(-1, begins.shape[1], -1)
        return torch.cat([begins, look], dim=2)

    def ring(self, numbers: Tensor) -> Tensor:
        """Return the magnitudes (B, 4A, 256) of the tones that numbers (B, A, 16) describe."""
        begins, looks = numbers[..., :HOPS].flatten(1) / _UNIT, numbers[..., HOPS:].mean(1)
        lines = functional.softplus(self.timbre(looks)).reshape(-1, _PARTS, BINS)
        clip, when, height = find_peaks(begins.detach())
        since = torch.arange(begins.shape[1], device=begins.device) - when[:, None]  # (peaks, 4A), in hops
        # (parts, peaks, 4A) → (B, parts, 4A), the sum over each clip's peaks
        heard = self._course(since) * height[:, None].square()
        heard = begins.new_zeros(len(begins), *heard.shape[::2]).index_add(0, clip, heard.transpose(0, 1))
        # magnitude[hop, line] = Σ over parts of heard[hop] · line
        return _LOUD * heard.mT @ lines

    def _course(self, since: Tensor) -> Tensor:
        """Return how loud each part is so many hops (peaks, H) after a tone's peak: (parts, peaks, H)."""
        place = (_FINE * (since + _BEFORE)).clamp(0, self.course.shape[1] - 1)
        low = place.long().clamp(max=self.course.shape[1] - 2)
        share = place - low
        course = functional.softplus(self.course)
        loudness = course[:, low] * (1 - share) + course[:, low + 1] * share
        return loudness * ((since > -_BEFORE) & (since < _AFTER))


def beginnings(lines: Tensor) -> Tensor:
    """Return how much begins at each hop of magnitudes (B, H, 256): (B, H), 1 for a loud tone's peak.

    It is the root of the size of what is louder than the hop before has left, so that loud and quiet tones
    are less far apart.
    """
    before = functional.pad(lines, (0, 0, 1, 0))[:, :-1]
    new = (lines - _FADE * before).clamp(min=0).square().sum(2).sqrt()
    return (new / _LOUD).sqrt()


def find_peaks(begins: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the peaks of beginnings (B, H): number of the clip, time in hops, and height, each (peaks,)."""
    highest = functional.max_pool1d(begins[:, None], 2 * _NEAR + 1, 1, _NEAR)[:, 0]
    least = (_LEAST_SHARE * begins.amax(1, keepdim=True)).clamp(min=_LEAST_PEAK)
    clip, hop = ((begins == highest) & (begins >= least)).nonzero().unbind(1)
    padded = functional.pad(begins, (1, 1), mode="replicate")
    left, middle, right = (padded[clip, hop + place] for place in range(3))
    # The top of the parabola through three points.
    bend = (left - 2 * middle + right).clamp(max=-_LEAST_BEND)
    apart = ((left - right) / (2 * bend)).clamp(-0.5, 0.5)
    return clip, hop + apart, middle - (left - right) * apart / 4


def ringing_error(codec: ObjectAudioCodec, logs: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return the loss of a training step, and the mean squared error in it, both scalar.

    The error is that of log spectra, rung from numbers with a little noise; a clip's latents share that of
    their look.

    Args:
        codec: The codec.
        logs: Log spectra, (batch, A, 4 · 256).
        generator: Source of noise, on their device.
    """
    numbers = codec.numbers(logs)
    noise = torch.randn(numbers.shape, generator=generator, device=numbers.device)
    begins, look = noise[..., :HOPS], noise[:, :1, HOPS:].expand(-1, noise.shape[1], -1)
    noisy = numbers + torch.cat([_PEAK_NOISE * begins, _LOOK_NOISE * look], dim=2)
    error = functional.mse_loss(codec.ring(noisy).log1p(), logs.reshape(len(logs), -1, BINS))
    return error + _LOOK_WEIGHT * numbers[..., HOPS:].square().mean(), error
