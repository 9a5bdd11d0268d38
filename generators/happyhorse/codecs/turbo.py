"""TurboVAED: a small non-causal decoder for Wan2.2's latents, about four times cheaper than the full one.

This is the network of the public daVinci-MagiHuman release (arXiv 2603.21986), written from its description.
Names follow the public checkpoint, without its `aligned_feature_projection_heads`, which only training uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that readers of PyTorch expect

from generators.happyhorse.codecs.latents import WAN22, Statistics
from generators.happyhorse.codecs.weights import fill, read_weights
from generators.happyhorse.network.facts import SPATIAL_STRIDE, TEMPORAL_STRIDE

WINDOW = 7
"""Number of latent frames that are decoded at once."""
CONTEXT = 1
"""Number of latent frames of context at each inner side of a window, whose output is discarded."""
TILE = 64
"""Latent pixels along each side of a tile, with its context."""
TILE_CONTEXT = 15
"""Latent pixels of context at each inner side of a tile: the reach of the public decoder's convolutions."""


@dataclass(frozen=True)
class TurboConfig:
    """Sizes of the network, from the latents to the frames. The default is the public decoder."""

    latent_channels: int = 48
    widths: tuple[int, int, int, int] = (512, 256, 128, 64)
    """Channels of each of the four levels."""
    blocks: tuple[int, int, int, int, int] = (3, 3, 2, 2, 2)
    """Residual blocks in the middle, then in each of the four levels."""


PUBLIC = TurboConfig()
_UNUSED = "aligned_feature_projection_heads."


class TurboDecoder(nn.Module):
    """A `VideoDecoder` of normalised latents."""

    temporal_stride = TEMPORAL_STRIDE
    spatial_stride = SPATIAL_STRIDE

    def __init__(self, config: TurboConfig, statistics: Statistics) -> None:
        super().__init__()
        self.statistics = statistics
        self.decoder = _Network(config)
        self.tile: int | None = None
        """Latent pixels along each side of a tile, with its context; None decodes whole frames."""

    def use_tiles(self) -> None:
        """Decode tile by tile, which takes less memory, with channels last, which suits GPUs."""
        self.tile = TILE
        formats = {4: torch.channels_last, 5: torch.channels_last_3d}
        for weight in self.parameters():
            if weight.ndim in formats:
                weight.data = weight.data.contiguous(memory_format=formats[weight.ndim])

    @classmethod
    def load(
        cls,
        path: Path,
        device: torch.device | str,
        dtype: torch.dtype = torch.bfloat16,
        config: TurboConfig = PUBLIC,
        statistics: Statistics = WAN22,
    ) -> TurboDecoder:
        """Load the averaged weights from the public training checkpoint, or from a file of them alone.

        Raises:
            WeightsError: The file is damaged, or holds another network.
        """
        found = read_weights(path)
        averaged = cast(Mapping[str, Tensor], found.get("ema_state_dict", found))
        tensors = {name.removeprefix("module."): value for name, value in averaged.items()}
        with torch.device("meta"):
            decoder = cls(config, statistics)
        used = {name: value for name, value in tensors.items() if not name.startswith(_UNUSED)}
        fill(decoder, used, path)
        return decoder.to(device, dtype).eval().requires_grad_(False)

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return len(self.statistics.mean)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode normalised latents (batch, channels, T, h, w) to frames (batch, 3, 4T − 3, 16h, 16w)."""
        weight = next(self.parameters())
        x = self.statistics.denormalise(latents).to(weight.device, weight.dtype)
        if self.tile is None:
            return decode_windows(self.decoder, x)
        return decode_tiles(lambda tile: decode_windows(self.decoder, tile), x, self.tile)


def decode_windows(network: Callable[[Tensor, bool], Tensor], latents: Tensor) -> Tensor:
    """Decode windows of 7 latent frames, each with one frame of context, and join them.

    Args:
        network: Decoder of a window; its second argument says whether the window opens the clip.
        latents: (batch, channels, T, h, w). The last frame is repeated to fill the last window.
    """
    length = latents.shape[2]
    padded = -(-length // WINDOW) * WINDOW
    repeated = latents[:, :, -1:].expand(-1, -1, padded - length, -1, -1)
    latents = torch.cat([latents, repeated], dim=2)
    pieces = []
    for start in range(0, padded, WINDOW):
        before = CONTEXT if start > 0 else 0
        after = CONTEXT if start + WINDOW < padded else 0
        frames = network(latents[:, :, start - before : start + WINDOW + after], start == 0)
        pieces.append(frames[:, :, before * TEMPORAL_STRIDE : frames.shape[2] - after * TEMPORAL_STRIDE])
    return torch.cat(pieces, dim=2)[:, :, : TEMPORAL_STRIDE * length - (TEMPORAL_STRIDE - 1)]


def decode_tiles(
    decode: Callable[[Tensor], Tensor], latents: Tensor, side: int, context: int = TILE_CONTEXT
) -> Tensor:
    """Decode tiles of the frames and join them without their context: what whole frames give.

    Args:
        decode: Decoder of a tile.
        latents: (batch, channels, T, h, w).
        side: Latent pixels along each side of a tile, with its context.
        context: Latent pixels of context at each inner side.

    Raises:
        ValueError: The context leaves nothing of a tile.
    """
    if side <= 2 * context:
        raise ValueError(f"side must be more than twice the context, {context}; got {side}.")
    height, width = latents.shape[-2:]
    bands = []
    for rows, inner_rows in _tiles(height, side, context):
        band = []
        for columns, inner_columns in _tiles(width, side, context):
            tile = latents[..., rows, columns].contiguous(memory_format=torch.channels_last_3d)
            band.append(decode(tile)[..., inner_rows, inner_columns])
        bands.append(torch.cat(band, dim=-1))
    return torch.cat(bands, dim=-2)


def _tiles(length: int, side: int, context: int) -> Iterator[tuple[slice, slice]]:
    """Yield each tile's latents with context, and the pixels of it that are kept."""
    if length <= side:
        yield slice(0, length), slice(None)
        return
    core = side - 2 * context
    for start in range(0, length, core):
        end = min(start + core, length)
        first, last = max(start - context, 0), min(end + context, length)
        yield (
            slice(first, last),
            slice((start - first) * SPATIAL_STRIDE, (end - first) * SPATIAL_STRIDE),
        )


class _Network(nn.Module):
    def __init__(self, config: TurboConfig) -> None:
        super().__init__()
        first, *_ = config.widths
        middle, *blocks = config.blocks
        self.conv_in = _Conv(config.latent_channels, first)
        self.mid_block = _Blocks(first, middle, F.silu)
        self.up_blocks = nn.ModuleList()
        for level, (width, count) in enumerate(zip(config.widths, blocks, strict=True)):
            before = config.widths[max(level - 1, 0)]
            self.up_blocks.append(_Level(before, width, count, level))
        self.conv_out = _Conv(config.widths[-1], 12)

    def forward(self, x: Tensor, opens_clip: bool) -> Tensor:
        x = self.mid_block(self.conv_in(x))
        for level in self.up_blocks:
            x = level(x, opens_clip)
        return _unpatch(self.conv_out(F.silu(_rms(x))))


class _Level(nn.Module):
    """A level of the decoder: changes the width, doubles time and space where needed, and refines."""

    def __init__(self, before: int, width: int, blocks: int, level: int) -> None:
        super().__init__()
        self.conv_in = _Block(before, width, F.silu) if before != width else None
        self.upsamplers = nn.ModuleList([_Upsampler(width, in_time=level < 2)] if level < 3 else [])
        self.resnets = nn.ModuleList(
            _Block(width, width, F.relu if level < 3 else F.silu) for _ in range(blocks)
        )

    def forward(self, x: Tensor, opens_clip: bool) -> Tensor:
        if self.conv_in is not None:
            x = self.conv_in(x)
        for upsampler in self.upsamplers:
            x = upsampler(x, opens_clip)
        for block in self.resnets:
            x = block(x)
        return x


class _Blocks(nn.Module):
    def __init__(self, width: int, count: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(_Block(width, width, activation) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resnets:
            x = block(x)
        return x


class _Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, before: int, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.activation = activation
        self.conv1 = _Conv(before, width)
        self.conv2 = _Conv(width, width)
        self.conv_shortcut = _Conv(before, width, size=1) if before != width else None

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.conv1(self.activation(_rms(x)))
        h = self.conv2(F.silu(_rms(h)))
        if self.conv_shortcut is not None:
            x = self.conv_shortcut(_rms(x, eps=1e-6))
        return h + x


class _Upsampler(nn.Module):
    def __init__(self, width: int, in_time: bool) -> None:
        super().__init__()
        self.time_conv = _Conv(width, 2 * width, size=(3, 1, 1)) if in_time else None
        # The interpolation has no weights, but the public names count it as the first module.
        larger = nn.Upsample(scale_factor=2.0)
        self.resample = nn.Sequential(larger, nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor, opens_clip: bool) -> Tensor:
        if self.time_conv is not None:
            even, odd = self.time_conv(x).chunk(2, dim=1)
            x = torch.stack([even, odd], dim=3).flatten(2, 3)
            x = x[:, :, 1:] if opens_clip else x
        batch, _, length = x.shape[:3]
        x = self.resample(x.transpose(1, 2).flatten(0, 1))
        return x.reshape(batch, length, *x.shape[1:]).transpose(1, 2)


class _Conv(nn.Module):
    """A 3-D convolution that repeats the first and last frame, and pads with zeros in space."""

    def __init__(self, before: int, after: int, size: int | tuple[int, int, int] = 3) -> None:
        super().__init__()
        depth, height, width = (size,) * 3 if isinstance(size, int) else size
        self.ends = depth // 2
        padding = (0, height // 2, width // 2)
        self.conv = nn.Conv3d(before, after, (depth, height, width), padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        if self.ends:
            x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], dim=2)
        return self.conv(x)  # type: ignore[no-any-return] # nn.Module's call is untyped


def _rms(x: Tensor, eps: float = 1e-8) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + eps)


def _unpatch(x: Tensor) -> Tensor:
    """Reshape (batch, colour · width offset · height offset, T, h, w) to (batch, 3, T, 2h, 2w)."""
    # (batch, 3, x offset, y offset, T, h, w) → (batch, 3, T, h, y offset, w, x offset).
    batch, _, length, height, width = x.shape
    parts = x.reshape(batch, 3, 2, 2, length, height, width)
    pixels = parts.permute(0, 1, 4, 5, 3, 6, 2)
    return pixels.flatten(5, 6).flatten(3, 4)
