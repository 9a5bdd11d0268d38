"""Stable Audio Open's autoencoder ("Oobleck"), as diffusers has it, bent to one latent per video frame.

The network makes 44100 / 2048 = 21.53 latents a second. To get 25, its waveform is taken to run at
25 · 2048 = 51200 Hz on the way in, and is resampled by 441/512 on the way out.
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
"""Hz at which the network's waveform is taken to run: 25 latents a second."""
SAMPLE_RATE = 44_100
WINDOW = math.floor(29 * NETWORK_RATE / STRIDE)
"""Latents that are encoded at once: 29 s."""

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
    """A tensor of the public model.safetensors, less its prefix, by the name that diffusers gives it."""
    found = _NATIVE.match(native)
    if found is None:
        return native
    side, layer, part, unit, kind = found.groups()
    if part is None:
        return f"{side}.{_ENDS[layer]}.{kind}"
    inner = "" if unit is None else f".{_UNIT[unit]}"
    return f"{side}.block.{int(layer) - 1}.{_BLOCK[side][part]}{inner}.{kind}"


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The public file's autoencoder under diffusers' names; what else the file holds is left out."""
    prefix = _PREFIX if any(name.startswith(_PREFIX) for name in tensors) else ""
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if name.startswith(prefix):
            plain = name.removeprefix(prefix)
            is_act = _NATIVE.match(plain) and plain.endswith(("alpha", "beta"))
            found[diffusers_name(plain)] = value.reshape(1, -1, 1) if is_act else value
    return found


def build(sizes: Mapping[str, Any] = FULL_SIZE) -> nn.Module:
    """The network without trained weights; on the meta device under `torch.device("meta")`."""
    with warnings.catch_warnings():
        # diffusers keeps the older weight norm, because the public weights are stored in its terms.
        warnings.filterwarnings("ignore", ".*weight_norm.* is deprecated", FutureWarning)
        network = cast(nn.Module, AutoencoderOobleck(**sizes))  # type: ignore[no-untyped-call]  # diffusers has no types
    return network.eval().requires_grad_(False)


class OobleckCodec:
    """Stereo sound to 25 latents a second, and back."""

    latents_per_s = NETWORK_RATE / STRIDE
    sample_rate = SAMPLE_RATE

    def __init__(self, network: nn.Module) -> None:
        self.network: Any = network

    @classmethod
    def load(cls, path: Path, device: torch.device | str) -> OobleckCodec:
        """From Stable Audio Open's model.safetensors, or diffusers' file of its autoencoder; in fp32.

        Raises:
            WeightsError: The file is damaged or of another network.
        """
        with torch.device("meta"):
            network = build()
        fill(network, convert(read_weights(path)), path)
        return cls(network.to(device, torch.float32))

    @property
    def latent_channels(self) -> int:
        return int(self.network.config.decoder_input_channels)

    @torch.inference_mode()
    def encode(self, samples: Tensor, sample_rate: int, generator: Generator | None = None) -> Tensor:
        """One latent for each whole 1/25 s, of both channels' mean, as the transformer was trained on."""
        mono = samples.mean(dim=1, keepdim=True).to(self.network.device, torch.float32)
        wave = resample(mono, round(mono.shape[-1] * NETWORK_RATE / sample_rate))
        wave = wave[..., : wave.shape[-1] // STRIDE * STRIDE].expand(-1, 2, -1)
        mean, std = self._encode_in_windows(wave)
        if generator is not None:
            mean = mean + std * torch.randn(mean.shape, generator=generator).to(mean)
        return mean.transpose(1, 2)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """⌊2048 · 441/512 · time⌋ samples at 44.1 kHz."""
        wave = self.network.decode(latents.transpose(1, 2).to(self.network.device, torch.float32)).sample
        return resample(wave, wave.shape[-1] * SAMPLE_RATE // NETWORK_RATE)

    def _encode_in_windows(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (batch, channels, time); windows overlap by half, and fade over."""
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
    """Rises from a window's start and falls to its end, except where the sound itself starts or ends."""
    count = piece.stop - piece.start
    position = torch.arange(count, device=like.device, dtype=like.dtype)
    rise = torch.ones_like(position) if piece.start == 0 else (position + 1) / (count / 2 + 1)
    fall = torch.ones_like(position) if piece.stop == length else (count - position) / (count / 2 + 1)
    return torch.minimum(rise, fall).clamp(max=1)
