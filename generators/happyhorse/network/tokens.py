"""From latents to tokens and back: how many there are, how they are packed, and where each one stands.

The sequence is video in (frame, row, column) order, then audio, then text.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.network.config import COORDINATES, Coordinates
from generators.happyhorse.network.limits import require_duration

FPS = 25
"""Video frames in a second, and audio latents: there is one for each frame."""
SIDE_MULTIPLE = 32
"""Pixels along one side of a token: 16 of the video codec × a patch of 2."""


class Layout(NamedTuple):
    """How many tokens a sequence has of what."""

    frames: int
    """Latent frames; the first holds one video frame, each further one four."""
    rows: int
    columns: int
    audio: int
    text: int

    @property
    def in_frame(self) -> int:
        return self.rows * self.columns

    @property
    def video(self) -> int:
        return self.frames * self.in_frame

    @property
    def total(self) -> int:
        return sum(self.lengths)

    @property
    def lengths(self) -> tuple[int, int, int]:
        return self.video, self.audio, self.text


def layout_for(seconds: float, width: int, height: int, text: int, *, with_audio: bool = True) -> Layout:
    """The layout of a clip.

    Args:
        seconds: Its duration; 25 frames a second and one more are made.
        width: Pixels, a multiple of 32.
        height: Pixels, a multiple of 32.
        text: Text tokens.
        with_audio: Whether audio tokens are in the sequence.

    Raises:
        InvalidInput: The duration or the size can't be made.
    """
    require_duration(seconds)
    frames = round(FPS * seconds) + 1
    if frames < 2:
        raise InvalidInput(f"A clip must last 1/{FPS} s or longer; got {seconds} s.")
    for name, side in (("width", width), ("height", height)):
        if side < SIDE_MULTIPLE or side % SIDE_MULTIPLE:
            lower = max(SIDE_MULTIPLE, side // SIDE_MULTIPLE * SIDE_MULTIPLE)
            near = f"Try {lower} or {lower + SIDE_MULTIPLE}."
            raise InvalidInput(f"The {name} must be a multiple of {SIDE_MULTIPLE} pixels; got {side}. {near}")
    rows, columns = height // SIDE_MULTIPLE, width // SIDE_MULTIPLE
    return Layout((frames - 1) // 4 + 1, rows, columns, frames if with_audio else 0, text)


def patchify(latent: Tensor) -> Tensor:
    """Video latent (B, C, T, H, W) → tokens (B, T·H/2·W/2, C·4), channel-major: index = c·4 + ph·2 + pw."""
    b, c, t, h, w = latent.shape
    if h % 2 or w % 2:
        raise ValueError(f"A latent's height and width must be even, as patches are 2×2; got {h}×{w}.")
    patches = latent.reshape(b, c, t, h // 2, 2, w // 2, 2)
    return patches.permute(0, 2, 3, 5, 1, 4, 6).reshape(b, t * (h // 2) * (w // 2), c * 4)


def unpatchify(tokens: Tensor, layout: Layout) -> Tensor:
    """Tokens (B, N, 4·C) → video latent (B, C, T, H, W).

    The network's outputs are packed unlike its inputs, channel-minor: index = (ph·2 + pw)·C + c.
    """
    b, t, rows, columns = len(tokens), layout.frames, layout.rows, layout.columns
    patches = tokens.reshape(b, t, rows, columns, 2, 2, -1)
    return patches.permute(0, 6, 1, 2, 4, 3, 5).reshape(b, -1, t, rows * 2, columns * 2)


def coordinates(layout: Layout, style: Coordinates, text_lengths: Tensor | None = None) -> Tensor:
    """Where each token stands in time (unit: latent frames), height and width.

    Args:
        layout: The tokens.
        style: Base and distilled checkpoints take one style, both super-resolution checkpoints the other.
        text_lengths: Real text tokens of each sample (B,), where text is padded.

    Returns:
        Float32, (B, N, 3), with B = 1 if all samples are alike.
    """
    if style not in COORDINATES:
        raise ValueError(f"Unknown coordinates {style!r}. Known: {', '.join(COORDINATES)}.")
    lengths = torch.tensor([layout.text]) if text_lengths is None else text_lengths.cpu()
    axes = (
        _centred(layout.frames) + (layout.frames - 1) / 2,
        _centred(layout.rows),
        _centred(layout.columns),
    )
    video = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    audio = _in_time(_audio_times(layout, style))
    text = _in_time(_text_times(layout.text, lengths.float(), style))
    sound_and_picture = torch.cat([video, audio]).expand(len(lengths), -1, -1)
    return torch.cat([sound_and_picture, text], dim=1)


def _centred(count: int) -> Tensor:
    return torch.arange(count, dtype=torch.float32) - (count - 1) / 2


def _in_time(times: Tensor) -> Tensor:
    return torch.nn.functional.pad(times[..., None], (0, 2))


def _audio_times(layout: Layout, style: Coordinates) -> Tensor:
    """Audio spans the video: its last token stands at the last latent frame."""
    last = layout.frames - 1 if style == "super_resolution" else (layout.audio - 1) // 4
    return torch.arange(layout.audio, dtype=torch.float32) * (last / max(layout.audio - 1, 1))


def _text_times(longest: int, lengths: Tensor, style: Coordinates) -> Tensor:
    """Text stands at the origin (a lone token at −1, as in the public code), or spans 0 to 1."""
    if style == "base":
        return torch.where(lengths == 1, -1.0, 0.0)[:, None].expand(-1, longest)
    return torch.arange(longest) / (lengths[:, None] - 1).clamp(min=1)
