"""A video codec without a network: the principal directions of 16×16 blocks of four frames.

The first frame stands for four equal ones, so that an image alone gives the same latents as at the start of a
clip, with the same meaning as all others. A block's numbers are arranged so that a 2×2 patch of latents, the
transformer's token, is one block. Toy weights of before the learned codec (`object_video`) use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from generators.happyhorse.codecs.basis import Basis, fit_basis
from generators.happyhorse.codecs.weights import WeightsError, read_weights, require_finite_weights

BLOCK = 16
"""Pixels along one side of a block."""
TOY_WORLD = Path(__file__).with_name("toy-world-video-96.safetensors")
"""Basis fitted to the toy world by `training.fitting`: 96 numbers in a block, 24 latent channels."""
_STRIDE = 4
_PATCH = 2


@dataclass(frozen=True)
class LinearVideoCodec:
    """A `VideoCodec` of a fitted basis."""

    basis: Basis
    """Basis of blocks of four frames."""

    temporal_stride = _STRIDE
    spatial_stride = BLOCK // _PATCH

    @property
    def latent_channels(self) -> int:
        """Channels of the latents: a quarter of a block's numbers."""
        return self.basis.width // _PATCH**2

    @property
    def variance(self) -> Tensor:
        """Variance of the latents of the fitted clips, (channels,)."""
        return self._gains.square()

    @property
    def _gains(self) -> Tensor:
        return self.basis.gains(_PATCH**2)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode frames to latents.

        Args:
            frames: (batch, 3, 1 + 4n, height, width) in [−1, 1].

        Returns:
            (batch, channels, 1 + n, height / 8, width / 8).

        Raises:
            ValueError: The frames can't be cut into blocks.
        """
        # (batch, T, rows, columns, C · 2 · 2) → (batch, C, T, rows, 2, columns, 2) → (batch, C, T, h, w).
        numbers = self.basis.project(cut_blocks(frames))
        parts = numbers.reshape(*numbers.shape[:4], -1, _PATCH, _PATCH)
        patches = parts.permute(0, 4, 1, 2, 5, 3, 6)
        latents = patches.flatten(5, 6).flatten(3, 4)
        return latents * self._gains[:, None, None, None]

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (B, C, T, h, w) to frames (B, 3, 4T - 3, 8h, 8w), about in [−1, 1]."""
        # (batch, C, T, rows, 2, columns, 2) → (batch, T, rows, columns, C, 2, 2) → (…, C · 2 · 2).
        b, c, t, h, w = latents.shape
        even = latents.float() / self._gains[:, None, None, None]
        parts = even.reshape(b, c, t, h // _PATCH, _PATCH, w // _PATCH, _PATCH)
        numbers = parts.permute(0, 2, 3, 5, 1, 4, 6).flatten(4)
        return join_blocks(self.basis.expand(numbers))

    def cut(self, width: int) -> LinearVideoCodec:
        """Return the codec with only `width` numbers a block, a multiple of four.

        Raises:
            ValueError: It isn't a multiple of four, or more than there are.
        """
        if width % _PATCH**2:
            raise ValueError(f"width must be a multiple of {_PATCH**2} numbers a block; got {width}.")
        return LinearVideoCodec(self.basis.cut(width))

    def to(self, device: torch.device | str) -> LinearVideoCodec:
        """Return the codec on a device."""
        return LinearVideoCodec(self.basis.to(device))

    def save(self, path: Path) -> None:
        """Write the basis to a safetensors file."""
        save_file(self.basis.tensors("blocks"), path)

    @classmethod
    def load(cls, path: Path) -> LinearVideoCodec:
        """Read a codec that `save` wrote.

        Raises:
            WeightsError: The file is damaged, or holds something else.
        """
        tensors = read_weights(path)
        require_finite_weights(tensors, path)
        try:
            return cls(Basis.read(tensors, "blocks"))
        except KeyError as error:
            raise WeightsError(f"{path} is no linear video codec: it lacks {error}.") from error


def fit_video_basis(batches: Iterable[Tensor], width: int) -> LinearVideoCodec:
    """Fit the codec to clips.

    Args:
        batches: Frames (batch, 3, 1 + 4n, height, width) in [−1, 1]; about 400 clips are enough.
        width: Numbers in a block, four times the latent channels.
    """
    moving = (cut_blocks(batch)[:, 1:].flatten(0, -2) for batch in batches)
    return LinearVideoCodec(fit_basis(moving, width))


def cut_blocks(frames: Tensor) -> Tensor:
    """Cut frames (batch, 3, 1 + 4n, height, width) into blocks (batch, 1 + n, rows, columns, 3072).

    Raises:
        ValueError: A side is not a multiple of 16, or the number of frames not one more than one of four.
    """
    _, _, count, height, width = frames.shape
    if height % BLOCK or width % BLOCK or count % _STRIDE != 1:
        raise ValueError(
            f"Sides must be multiples of {BLOCK} and frames one more than a multiple of {_STRIDE}; "
            f"got {count} frames of {width}×{height}."
        )
    still = frames[:, :, :1].expand(-1, -1, _STRIDE - 1, -1, -1)
    frames = torch.cat([still, frames], dim=2)
    # (batch, 3, T, 4, rows, 16, columns, 16) → (batch, T, rows, columns, 3, 4, 16, 16) → (…, 3072).
    b, _, count, height, width = frames.shape
    t, rows, columns = count // _STRIDE, height // BLOCK, width // BLOCK
    parts = frames.reshape(b, 3, t, _STRIDE, rows, BLOCK, columns, BLOCK)
    return parts.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4)


def join_blocks(blocks: Tensor) -> Tensor:
    """Join blocks (batch, 1 + n, rows, columns, 3072) to frames, the inverse of `cut_blocks`.

    Of the first four frames the last is kept.
    """
    # (batch, T, rows, columns, 3, 4, 16, 16) → (batch, 3, T, 4, rows, 16, columns, 16) → (batch, 3, 4T, …).
    b, t, rows, columns, _ = blocks.shape
    parts = blocks.reshape(b, t, rows, columns, 3, _STRIDE, BLOCK, BLOCK)
    pixels = parts.permute(0, 4, 1, 5, 2, 6, 3, 7)
    frames = pixels.flatten(6, 7).flatten(4, 5).flatten(2, 3)
    return frames[:, :, _STRIDE - 1 :]
