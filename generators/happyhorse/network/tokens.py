"""Tokens: how many a clip has, how latents are packed into them, and their positions.

The sequence is video in (frame, row, column) order, then audio, then text.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from generators.happyhorse.network.config import COORDINATES, Coordinates
from generators.happyhorse.network.facts import TEMPORAL_STRIDE
from generators.happyhorse.network.limits import PUBLIC, require_duration


class Layout(NamedTuple):
    """Numbers of tokens in one sequence, by modality."""

    frames: int
    """Latent frames; the first holds one video frame, each other one four."""
    rows: int
    columns: int
    audio: int
    text: int

    @property
    def in_frame(self) -> int:
        """Video tokens in one latent frame."""
        return self.rows * self.columns

    @property
    def video(self) -> int:
        """Video tokens."""
        return self.frames * self.in_frame

    @property
    def total(self) -> int:
        """All tokens."""
        return sum(self.lengths)

    @property
    def lengths(self) -> tuple[int, int, int]:
        """Video, audio and text tokens."""
        return self.video, self.audio, self.text


def layout_for(seconds: float, width: int, height: int, text: int, *, with_audio: bool = True) -> Layout:
    """Return the layout of a clip of the public model.

    Args:
        seconds: Duration.
        width: Pixels, a multiple of 32.
        height: Pixels, a multiple of 32.
        text: Text tokens.
        with_audio: Whether audio tokens are in the sequence.

    Raises:
        InvalidInput: The public model makes no clips of this duration or size.
    """
    require_duration(seconds)
    PUBLIC.require_clip(seconds, width, height)
    rows, columns = height // PUBLIC.side_multiple, width // PUBLIC.side_multiple
    audio = PUBLIC.frames(seconds) if with_audio else 0
    return Layout(PUBLIC.latent_frames(seconds), rows, columns, audio, text)


def patchify(latent: Tensor) -> Tensor:
    """Pack video latents into tokens, channel-major: index = c·4 + ph·2 + pw.

    Args:
        latent: (B, C, T, H, W), H and W even.

    Returns:
        Tokens (B, T·H/2·W/2, C·4).

    Raises:
        ValueError: H or W is odd.
    """
    b, c, t, h, w = latent.shape
    if h % 2 or w % 2:
        raise ValueError(f"A latent's height and width must be even, as patches are 2×2; got {h}×{w}.")
    rows, columns = h // 2, w // 2
    patches = latent.reshape(b, c, t, rows, 2, columns, 2)  # b c t row ph column pw
    tokens = patches.permute(0, 2, 3, 5, 1, 4, 6)  # b t row column c ph pw
    return tokens.reshape(b, t * rows * columns, c * 4)


def unpatchify(tokens: Tensor, layout: Layout) -> Tensor:
    """Unpack tokens (B, N, 4·C) into video latents (B, C, T, H, W).

    The network's outputs are packed otherwise than its inputs, channel-minor: index = (ph·2 + pw)·C + c.
    """
    t, rows, columns = layout.frames, layout.rows, layout.columns
    patches = tokens.reshape(len(tokens), t, rows, columns, 2, 2, -1)  # b t row column ph pw c
    latent = patches.permute(0, 6, 1, 2, 4, 3, 5)  # b c t row ph column pw
    return latent.reshape(len(tokens), -1, t, rows * 2, columns * 2)


def coordinates(layout: Layout, style: Coordinates, text_lengths: Tensor | None = None) -> Tensor:
    """Return each token's position: time in latent frames, height and width in tokens.

    Args:
        layout: The tokens.
        style: "base" for base and distilled checkpoints, "super_resolution" for the others.
        text_lengths: Real text tokens of each sample (B,), if text is padded.

    Returns:
        Float32 (B, N, 3), with B = 1 if all samples have the same positions.

    Raises:
        ValueError: The style is unknown.
    """
    if style not in COORDINATES:
        raise ValueError(f"Unknown coordinates {style!r}. Known: {', '.join(COORDINATES)}.")
    lengths = torch.tensor([layout.text]) if text_lengths is None else text_lengths.cpu()
    # Time starts at 0; rows and columns are centred. Video (V, 3), audio (A, 3), text (B, L, 3).
    times = _centred(layout.frames) + (layout.frames - 1) / 2
    axes = times, _centred(layout.rows), _centred(layout.columns)
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
    """Return times (A,) of audio tokens, which span the video up to its last latent frame."""
    last = layout.frames - 1 if style == "super_resolution" else (layout.audio - 1) // TEMPORAL_STRIDE
    return torch.arange(layout.audio, dtype=torch.float32) * (last / max(layout.audio - 1, 1))


def _text_times(longest: int, lengths: Tensor, style: Coordinates) -> Tensor:
    """Return times (B, L) of text tokens: 0 (−1 for a lone one, as in the public code), or from 0 to 1."""
    if style == "base":
        return torch.where(lengths == 1, -1.0, 0.0)[:, None].expand(-1, longest)
    return torch.arange(longest) / (lengths[:, None] - 1).clamp(min=1)
