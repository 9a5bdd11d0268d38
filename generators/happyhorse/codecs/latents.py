"""Normalisation of Wan2.2's latents for the transformer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of each latent channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def normalise(self, latents: Tensor) -> Tensor:
        """Return (latents − mean) / std of the autoencoder's latents (batch, channels, ...)."""
        mean, std = self._columns(latents)
        scaled: Tensor = (latents - mean) / std
        return scaled

    def denormalise(self, latents: Tensor) -> Tensor:
        """Return latents · std + mean of latents (batch, channels, ...), the inverse of `normalise`."""
        mean, std = self._columns(latents)
        unscaled: Tensor = latents * std + mean
        return unscaled

    def _columns(self, latents: Tensor) -> Tensor:
        both = torch.tensor([self.mean, self.std], dtype=latents.dtype, device=latents.device)
        return both.reshape(2, 1, -1, *[1] * (latents.ndim - 2))

    @classmethod
    def identity(cls, channels: int) -> Statistics:
        """Return the statistics of a codec whose latents are used as they are."""
        return cls((0.0,) * channels, (1.0,) * channels)


# fmt: off
WAN22 = Statistics(
    mean=(
        -.2289, -.0052, -.1323, -.2339, -.2799, .0174, .1838, .1557, -.1382, .0542, .2813, .0891,
        .1570, -.0098, .0375, -.1825, -.2246, -.1207, -.0698, .5109, .2665, -.2108, -.2158, .2502,
        -.2055, -.0322, .1109, .1567, -.0729, .0899, -.2799, -.1230, -.0313, -.1649, .0117, .0723,
        -.2839, -.2083, -.0520, .3748, .0152, .1957, .1433, -.2944, .3573, -.0548, -.1681, -.0667,
    ),
    std=(
        .4765, 1.0364, .4514, 1.1677, .5313, .4990, .4818, .5013, .8158, 1.0344, .5894, 1.0901,
        .6885, .6165, .8454, .4978, .5759, .3523, .7135, .6804, .5833, 1.4146, .8986, .5659,
        .7069, .5338, .4889, .4917, .4069, .4999, .6866, .4093, .5709, .6065, .6415, .4944,
        .5726, 1.2042, .5458, 1.6887, .3971, 1.0600, .3943, .5537, .5444, .4089, .7468, .7744,
    ),
)
# fmt: on
"""Statistics of the public Wan2.2 TI2V autoencoder."""
