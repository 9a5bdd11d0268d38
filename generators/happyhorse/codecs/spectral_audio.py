"""A sound codec without a network: principal directions of log spectra, with phases by Griffin–Lim.

Pure tones need narrow bins, so spectra are linear in frequency (1024 samples every 250 at 16 kHz, up to 4
kHz). Four of them make one latent. Phases come from the fast Griffin–Lim algorithm (Perraudin, Balazs and
Søndergaard 2013) at 8 kHz, where the same bins cost half as much.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Generator, Tensor

from generators.happyhorse.codecs.basis import Basis, fit_basis
from generators.happyhorse.codecs.resample import resample
from generators.happyhorse.codecs.weights import WeightsError, read_weights, require_finite_weights

SAMPLE_RATE = 16_000
HOP = 250
WINDOW = 1024
BINS = 256
"""Number of a spectrum's bins that are kept, 15.6 Hz apart: 0 to 4 kHz."""
HOPS = 4
"""Spectra in one latent, which lasts 62.5 ms."""
TOY_WORLD = Path(__file__).with_name("toy-world-audio-48.safetensors")
"""Basis fitted to the toy world by `training.fitting`: 48 channels."""
ROUNDS = 32
"""Iterations of Griffin–Lim."""
_MOMENTUM = 0.9


@dataclass(frozen=True)
class SpectralAudioCodec:
    """An `AudioCodec` of a fitted basis; both channels of decoded sound are equal."""

    basis: Basis
    """Basis of four log spectra."""

    sample_rate = SAMPLE_RATE
    latents_per_s = SAMPLE_RATE / (HOP * HOPS)

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return self.basis.width

    @property
    def variance(self) -> Tensor:
        """Variance of the latents of the fitted sounds, (channels,)."""
        return self.basis.gains().square()

    @torch.no_grad()
    def encode(self, samples: Tensor, sample_rate: int, generator: Generator | None = None) -> Tensor:
        """Encode samples (batch, 2, N) to latents (batch, time, channels); the generator isn't used."""
        count = round(samples.shape[-1] * SAMPLE_RATE / sample_rate)
        return self.basis.project(spectra(resample(samples.mean(1), count))) * self.basis.gains()

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (batch, time, channels) to samples (batch, 2, 1000 · time)."""
        logs = self.basis.expand(latents.float() / self.basis.gains())
        magnitudes = logs.reshape(len(logs), -1, BINS).clamp(min=0).expm1().mT
        return find_sound(magnitudes)[:, None].expand(-1, 2, -1)

    def cut(self, width: int) -> SpectralAudioCodec:
        """Return the codec with only `width` channels."""
        return SpectralAudioCodec(self.basis.cut(width))

    def to(self, device: torch.device | str) -> SpectralAudioCodec:
        """Return the codec on a device."""
        return SpectralAudioCodec(self.basis.to(device))

    def save(self, path: Path) -> None:
        """Write the basis to a safetensors file."""
        save_file(self.basis.tensors("spectra"), path)

    @classmethod
    def load(cls, path: Path) -> SpectralAudioCodec:
        """Read a codec that `save` wrote.

        Raises:
            WeightsError: The file is damaged, or holds something else.
        """
        tensors = read_weights(path)
        require_finite_weights(tensors, path)
        try:
            return cls(Basis.read(tensors, "spectra"))
        except KeyError as error:
            raise WeightsError(f"{path} is no spectral audio codec: it lacks {error}.") from error


def fit_audio_basis(batches: Iterable[Tensor], width: int) -> SpectralAudioCodec:
    """Fit the codec to sound at 16 kHz.

    Args:
        batches: Samples (batch, 2, N).
        width: Channels of a latent.
    """
    rows = (spectra(batch.mean(1)).flatten(0, 1) for batch in batches)
    return SpectralAudioCodec(fit_basis(rows, width))


def spectra(samples: Tensor) -> Tensor:
    """Return log(1 + magnitude) of samples (batch, N) at 16 kHz, four in a row: (batch, N / 1000, 1024)."""
    count = samples.shape[-1] // (HOP * HOPS)
    lines = _stft(samples, WINDOW)[:, :BINS, : count * HOPS].abs()
    return lines.log1p().mT.reshape(len(samples), count, HOPS * BINS)


def find_sound(magnitudes: Tensor, rounds: int = ROUNDS) -> Tensor:
    """Find samples (batch, 250 · time) at 16 kHz whose spectra are about these (batch, BINS, time).

    The phases start from fixed noise, so that the same magnitudes give the same sound.
    """
    length = magnitudes.shape[-1] * HOP
    momentum = _MOMENTUM / (1 + _MOMENTUM)
    # full (batch, BINS + 1, time + 1): the last of the centred spectra is repeated.
    full = torch.nn.functional.pad(magnitudes, (0, 1, 0, 1))
    full[..., -1] = full[..., -2]
    noise = torch.rand(full.shape[1:], generator=Generator().manual_seed(0)).to(full.device)
    phases = torch.polar(torch.ones_like(full), (2 * torch.pi * noise).expand_as(full).contiguous())
    before = torch.zeros_like(phases)
    for _ in range(rounds):
        found = _stft(_istft(full * phases, WINDOW // 2, length // 2), WINDOW // 2)
        phases = found - momentum * before
        phases = phases / phases.abs().clamp(min=1e-9)
        before = found
    # Return to the full rate: the same bins, with nothing above 4 kHz.
    return _istft(torch.nn.functional.pad(full * phases, (0, 0, 0, BINS)), WINDOW, length)


def _stft(samples: Tensor, window: int) -> Tensor:
    shape = torch.hann_window(window, device=samples.device)
    hop = HOP * window // WINDOW
    return torch.stft(samples, window, hop, window=shape, pad_mode="constant", return_complex=True)


def _istft(lines: Tensor, window: int, length: int) -> Tensor:
    shape = torch.hann_window(window, device=lines.device)
    return torch.istft(lines, window, HOP * window // WINDOW, window=shape, length=length)
