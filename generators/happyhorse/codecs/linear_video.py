"""A video codec without a network: 16×16 blocks, each in the strongest directions of the training clips.

The first frame has a basis of its own, so that an image alone gives the latents that it gives as the start
of a clip. A block's numbers lie in the latents so that one 2×2 patch, the transformer's token, is one block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from generators.happyhorse.codecs.basis import Basis, fit_basis
from generators.happyhorse.codecs.weights import WeightsError, read_weights

BLOCK = 16
"""Pixels along one side of a block."""
TOY_WORLD = Path(__file__).with_name("toy-world-video-96.safetensors")
"""Fitted to the toy world by `training.fitting`: 96 numbers in a block, 24 latent channels."""
_STRIDE = 4
_PATCH = 2


@dataclass(frozen=True)
class LinearVideoCodec:
    """Satisfies `VideoCodec`."""

    first: Basis
    """Of blocks in the first frame."""
    rest: Basis
    """Of blocks through four frames."""

    temporal_stride = _STRIDE
    spatial_stride = BLOCK // _PATCH

    @property
    def latent_channels(self) -> int:
        return self.rest.width // _PATCH**2

    @property
    def variance(self) -> Tensor:
        """(channels,): of the latents of the clips that it was fitted to."""
        return self._gains.square()

    @property
    def _gains(self) -> Tensor:
        """Alike for the first frame and the others, which so have the same variances."""
        return self.rest.gains(_PATCH**2)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Frames (batch, 3, 1 + 4n, height, width) to latents (batch, channels, 1 + n, height/8, width/8).

        Raises:
            ValueError: The frames can't be cut into blocks.
        """
        first, rest = cut_blocks(frames)
        numbers = torch.cat([self.first.project(first), self.rest.project(rest)], dim=1)
        b, t, h, w, _ = numbers.shape
        patches = numbers.reshape(b, t, h, w, -1, _PATCH, _PATCH)
        latents = patches.permute(0, 4, 1, 2, 5, 3, 6).reshape(b, -1, t, h * _PATCH, w * _PATCH)
        return latents * self._gains[:, None, None, None]

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """The way back; frames are about [−1, 1]."""
        b, c, t, h, w = latents.shape
        even = latents.float() / self._gains[:, None, None, None]
        patches = even.reshape(b, c, t, h // _PATCH, _PATCH, w // _PATCH, _PATCH)
        numbers = patches.permute(0, 2, 3, 5, 1, 4, 6).flatten(4)
        return join_blocks(self.first.expand(numbers[:, :1]), self.rest.expand(numbers[:, 1:]))

    def cut(self, width: int) -> LinearVideoCodec:
        """The same codec with `width` numbers a block, a multiple of four."""
        if width % _PATCH**2:
            raise ValueError(f"The numbers in a block must be a multiple of {_PATCH**2}; got {width}.")
        return LinearVideoCodec(self.first.cut(width), self.rest.cut(width))

    def to(self, device: torch.device | str) -> LinearVideoCodec:
        return LinearVideoCodec(self.first.to(device), self.rest.to(device))

    def save(self, path: Path) -> None:
        save_file(self.first.tensors("first") | self.rest.tensors("rest"), path)

    @classmethod
    def load(cls, path: Path) -> LinearVideoCodec:
        """Raises WeightsError where the file isn't such a codec's."""
        tensors = read_weights(path)
        try:
            return cls(Basis.read(tensors, "first"), Basis.read(tensors, "rest"))
        except KeyError as error:
            raise WeightsError(f"{path} is no linear video codec: it lacks {error}.") from error


def fit_video_basis(batches: Iterable[Tensor], width: int) -> LinearVideoCodec:
    """Fits the codec to clips.

    Args:
        batches: Frames (batch, 3, 1 + 4n, height, width) in [−1, 1]; about 400 clips are enough.
        width: Numbers in a block; four times the latent channels.
    """
    firsts: list[Tensor] = []
    rests = (_remember_first(batch, firsts) for batch in batches)
    rest = fit_basis(rests, width)
    return LinearVideoCodec(fit_basis(firsts, width), rest)


def cut_blocks(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Blocks of the first frame (batch, 1, rows, columns, 768), and of the others by fours (…, 3072)."""
    b, _, count, height, width = frames.shape
    if height % BLOCK or width % BLOCK or count % _STRIDE != 1:
        raise ValueError(
            f"Sides must be multiples of {BLOCK} and frames one more than a multiple of {_STRIDE}; "
            f"got {count} frames of {width}×{height}."
        )
    first, rest = frames[:, :, :1], frames[:, :, 1:]
    return _cut(first, 1), _cut(rest, _STRIDE) if count > 1 else first.new_zeros(
        b, 0, height // BLOCK, width // BLOCK, 3 * _STRIDE * BLOCK**2
    )


def join_blocks(first: Tensor, rest: Tensor) -> Tensor:
    """The inverse of `cut_blocks`."""
    return torch.cat([_join(first, 1), _join(rest, _STRIDE)], dim=2)


def _cut(frames: Tensor, depth: int) -> Tensor:
    b, c, t, h, w = frames.shape
    blocks = frames.reshape(b, c, t // depth, depth, h // BLOCK, BLOCK, w // BLOCK, BLOCK)
    return blocks.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4)


def _join(blocks: Tensor, depth: int) -> Tensor:
    b, t, h, w, _ = blocks.shape
    parts = blocks.reshape(b, t, h, w, 3, depth, BLOCK, BLOCK).permute(0, 4, 1, 5, 2, 6, 3, 7)
    return parts.reshape(b, 3, t * depth, h * BLOCK, w * BLOCK)


def _remember_first(batch: Tensor, firsts: list[Tensor]) -> Tensor:
    first, rest = cut_blocks(batch)
    firsts.append(first.flatten(0, -2))
    return rest.flatten(0, -2)
