"""Wan2.2's video autoencoder (TI2V 5B) from diffusers, with the public names and normalisation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor, nn

from generators.happyhorse.codecs.latents import WAN22, Statistics
from generators.happyhorse.codecs.weights import fill, read_weights
from generators.happyhorse.network.facts import SPATIAL_STRIDE, TEMPORAL_STRIDE

FULL_SIZE: Mapping[str, Any] = {"base_dim": 160, "decoder_base_dim": 256, "z_dim": 48}
_VARIANT: Mapping[str, Any] = {
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "temperal_downsample": [False, True, True],  # diffusers' spelling
    "scale_factor_spatial": 16,
}

_NAMES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"^conv1\.", "quant_conv."),
        (r"^conv2\.", "post_quant_conv."),
        (r"^(en|de)coder\.conv1\.", r"\1coder.conv_in."),
        (r"\.head\.0\.", ".norm_out."),
        (r"\.head\.2\.", ".conv_out."),
        (r"\.middle\.0\.", ".mid_block.resnets.0."),
        (r"\.middle\.1\.", ".mid_block.attentions.0."),
        (r"\.middle\.2\.", ".mid_block.resnets.1."),
        (r"\.downsamples\.(\d)\.downsamples\.2\.", r".down_blocks.\1.downsampler."),
        (r"\.downsamples\.(\d)\.downsamples\.", r".down_blocks.\1.resnets."),
        (r"\.upsamples\.(\d)\.upsamples\.3\.", r".up_blocks.\1.upsampler."),
        (r"\.upsamples\.(\d)\.upsamples\.", r".up_blocks.\1.resnets."),
        (r"\.residual\.0\.", ".norm1."),
        (r"\.residual\.2\.", ".conv1."),
        (r"\.residual\.3\.", ".norm2."),
        (r"\.residual\.6\.", ".conv2."),
        (r"\.shortcut\.", ".conv_shortcut."),
    )
)


def diffusers_name(native: str) -> str:
    """Return diffusers' name of a tensor of the public Wan2.2_VAE.pth."""
    for pattern, replacement in _NAMES:
        native = pattern.sub(replacement, native)
    return native


def build(sizes: Mapping[str, Any] = FULL_SIZE) -> nn.Module:
    """Build the network without trained weights; under `torch.device("meta")`, on the meta device."""
    network = cast(nn.Module, AutoencoderKLWan(**_VARIANT, **sizes))  # type: ignore[no-untyped-call]  # diffusers has no types
    return network.eval().requires_grad_(False)


class WanCodec:
    """A `VideoCodec` of normalised latents, a sixteenth of the frames' size and a quarter of their number."""

    temporal_stride = TEMPORAL_STRIDE
    spatial_stride = SPATIAL_STRIDE

    def __init__(self, network: nn.Module, statistics: Statistics = WAN22) -> None:
        self.network: Any = network
        self.statistics = statistics

    @classmethod
    def load(cls, path: Path, device: torch.device | str, dtype: torch.dtype = torch.bfloat16) -> WanCodec:
        """Load the public Wan2.2_VAE.pth, or diffusers' file of the same weights.

        Raises:
            WeightsError: The file is damaged, or holds another network.
        """
        with torch.device("meta"):
            network = build()
        found = read_weights(path)
        tensors = {diffusers_name(name): value.to(device, dtype) for name, value in found.items()}
        fill(network, tensors, path)
        return cls(network)

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return len(self.statistics.mean)

    @torch.inference_mode()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode frames (B, 3, F, H, W) to the posterior's mean (B, C, T, H / 16, W / 16), normalised.

        The public pipeline conditions on the mean, too.
        """
        latents = self.network.encode(self._cast(frames)).latent_dist.mode()
        return self.statistics.normalise(latents.float())

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode normalised latents (B, C, T, h, w) to frames (B, 3, 4T - 3, 16h, 16w) in [−1, 1]."""
        return cast(Tensor, self.network.decode(self._cast(self.statistics.denormalise(latents))).sample)

    def _cast(self, values: Tensor) -> Tensor:
        return values.to(self.network.device, self.network.dtype)
