"""Stable Audio Open's autoencoder ("Oobleck") from diffusers, at one latent for each video frame.

The network makes 44100 / 2048 = 21.53 latents a second. To get 25, its input is resampled to
25 · 2048 = 51200 Hz, and its output by 441/512.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import AutoencoderOobleck
from torch import Generator, Tensor, nn

from generators.happyhorse.codecs.resample import resample
from generators.happyhorse.codecs.weights import fill, read_weights
from generators.happyhorse.network.facts import FPS

STRIDE = 2048
NETWORK_RATE = FPS * STRIDE
"""Sample rate of the network's waveform in Hz, at which it makes 25 latents a second."""
SAMPLE_RATE = 44_100
WINDOW = math.floor(29 * NETWORK_RATE / STRIDE)
"""Number of latents that are encoded at once: 29 s."""

FULL_SIZE: Mapping[str, Any] = {
    "encoder_hidden_size": 128,
    "decoder_channels": 128,
    "decoder_input_channels": 64,
}

_PREFIX = "pretransform.model."
_UNIT = {"0": "snake1", "1": "conv1", "2": "snake2", "3": "conv2"}
_ENDS = {"0": "conv1", "6": "snake1", "7": "conv2"}
_BLOCK = {
    "encoder": {"0": "res_unit1", "1": "res_unit2", "2": "res_unit3", "3": "snake1", "4": "conv1"},
    "decoder": {"0": "snake1", "1": "conv_t1", "2": "res_unit1", "3": "res_unit2", "4": "res_unit3"},
}
_NATIVE = re.compile(r"^(encoder|decoder)\.layers\.(\d)(?:\.layers\.(\d))?(?:\.layers\.(\d))?\.(\w+)$")


def diffusers_name(native: str) -> str:
    """Return diffusers' name of a tensor of the public model.safetensors, given without its prefix."""
    found = _NATIVE.match(native)
    if found is None:
        return native
    side, layer, part, unit, kind = found.groups()
    if part is None:
        return f"{side}.{_ENDS[layer]}.{kind}"
    inner = "" if unit is None else f".{_UNIT[unit]}"
    return f"{side}.block.{int(layer) - 1}.{_BLOCK[side][part]}{inner}.{kind}"


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the public file's tensors of the autoencoder, of any shape, under diffusers' names."""
    prefix = _PREFIX if any(name.startswith(_PREFIX) for name in tensors) else ""
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if name.startswith(prefix):
            plain = name.removeprefix(prefix)
            is_act = _NATIVE.match(plain) and plain.endswith(("alpha", "beta"))
            found[diffusers_name(plain)] = value.reshape(1, -1, 1) if is_act else value
    return found


def build(sizes: Mapping[str, Any] = FULL_SIZE) -> nn.Module:
    """Build the network without trained weights; under `torch.device("meta")`, on the meta device."""
    with warnings.catch_warnings():
        # diffusers keeps the older weight norm, because the public weights are stored by its names.
        warnings.filterwarnings("ignore", ".*weight_norm.* is deprecated", FutureWarning)
        network = cast(nn.Module, AutoencoderOobleck(**sizes))  # type: ignore[no-untyped-call]  # diffusers has no types
    return network.eval().requires_grad_(False)


class OobleckCodec:
    """An `AudioCodec` from stereo sound to 25 latents a second, and back."""

    latents_per_s = NETWORK_RATE / STRIDE
    sample_rate = SAMPLE_RATE

    def __init__(self, network: nn.Module) -> None:
        self.network: Any = network

    @classmethod
    def load(cls, path: Path, device: torch.device | str) -> OobleckCodec:
        """Load Stable Audio Open's model.safetensors, or diffusers' file of its autoencoder, in fp32.

        Raises:
            WeightsError: The file is damaged, or holds another network.
        """
        with torch.device("meta"):
            network = build()
        fill(network, convert(read_weights(path)), path)
        return cls(network.to(device, torch.float32))

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return int(self.network.config.decoder_input_channels)

    @torch.inference_mode()
    def encode(self, samples: Tensor, sample_rate: int, generator: Generator | None = None) -> Tensor:
        """Encode the channels' mean, as the transformer was trained, to one latent for each whole 1/25 s.

        Args:
            samples: (batch, 2, N) in [−1, 1].
            sample_rate: Hz.
            generator: Source of the posterior's samples, on the CPU; None takes its mean.

        Returns:
            Latents (batch, time, channels).
        """
        mono = samples.mean(dim=1, keepdim=True).to(self.network.device, torch.float32)
        wave = resample(mono, round(mono.shape[-1] * NETWORK_RATE / sample_rate))
        wave = wave[..., : wave.shape[-1] // STRIDE * STRIDE].expand(-1, 2, -1)
        mean, std = self._encode_in_windows(wave)
        if generator is not None:
            mean = mean + std * torch.randn(mean.shape, generator=generator).to(mean)
        return mean.transpose(1, 2)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (batch, time, channels) to ⌊2048 · 441/512 · time⌋ samples at 44.1 kHz."""
        columns = latents.transpose(1, 2).to(self.network.device, torch.float32)
        wave = self.network.decode(columns).sample
        return resample(wave, wave.shape[-1] * SAMPLE_RATE // NETWORK_RATE)

    def _encode_in_windows(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and deviation (batch, channels, time); windows overlap by half and cross-fade."""
        length = wave.shape[-1] // STRIDE
        starts = range(0, max(length - WINDOW // 2, 1), WINDOW // 2)
        total: Tensor | None = None
        weights = wave.new_zeros(length)
        for start in starts:
            piece = slice(start, min(start + WINDOW, length))
            found = self.network.encode(wave[..., piece.start * STRIDE : piece.stop * STRIDE]).latent_dist
            both = torch.stack([found.mean, found.std])
            fade = _fade(piece, length, both)
            total = both.new_zeros(*both.shape[:-1], length) if total is None else total
            total[..., piece] += both * fade
            weights[piece] += fade
        mean, std = cast(Tensor, total) / weights
        return mean, std


def _fade(piece: slice, length: int, like: Tensor) -> Tensor:
    """Return weights that rise from a window's start and fall to its end, except at the sound's own ends."""
    count = piece.stop - piece.start
    position = torch.arange(count, device=like.device, dtype=like.dtype)
    rise = torch.ones_like(position) if piece.start == 0 else (position + 1) / (count / 2 + 1)
    fall = torch.ones_like(position) if piece.stop == length else (count - position) / (count / 2 + 1)
    return torch.minimum(rise, fall).clamp(max=1)
