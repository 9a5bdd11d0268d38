"""Draw contact sheets: frames of a few clips side by side, with each clip's spectrogram beneath."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from generators.toyworld.senses.footage import Footage

_SHOWN = 9
"""Frames of each clip, evenly spaced."""
_SPECTRUM_HEIGHT = 64
_CAPTION_HEIGHT = 14
_HIGHEST_HZ = 2500


def write_sheet(path: Path, clips: Sequence[Footage], captions: Sequence[str]) -> None:
    """Write a PNG with a row for each clip."""
    rows = [_row(clip, caption) for clip, caption in zip(clips, captions, strict=True)]
    Image.fromarray(np.concatenate(rows)).save(path)


def _row(clip: Footage, caption: str) -> NDArray[np.uint8]:
    shown = clip.frames[np.linspace(0, len(clip.frames) - 1, _SHOWN).round().astype(int)]
    picture = np.concatenate(list(shown), axis=1)
    width = picture.shape[1]
    parts = [_title(caption, width), picture]
    if clip.samples is not None:
        parts.append(spectrogram(clip.samples, clip.sample_rate, width))
    return np.concatenate(parts)


def spectrogram(samples: NDArray[np.float32], rate: int, width: int) -> NDArray[np.uint8]:
    """Draw the levels of 60 dB in grey, uint8 (64, width, 3), with low tones at the bottom."""
    window = torch.hann_window(1024)
    mono = torch.from_numpy(np.ascontiguousarray(samples.reshape(len(samples), -1).mean(axis=1)))
    # lines (frequency, time): magnitudes up to `_HIGHEST_HZ`.
    lines = torch.stft(mono, 1024, 250, window=window, pad_mode="constant", return_complex=True).abs()
    levels_db = 20 * (lines[: round(_HIGHEST_HZ * 1024 / rate)] + 1e-4).log10()
    grey = ((levels_db - levels_db.max()) / 60 + 1).clamp(0, 1).flip(0).numpy() * 255
    picture = Image.fromarray(grey.astype(np.uint8)).resize((width, _SPECTRUM_HEIGHT))
    return np.repeat(np.asarray(picture)[..., None], 3, axis=2)


def _title(caption: str, width: int) -> NDArray[np.uint8]:
    title = Image.new("RGB", (width, _CAPTION_HEIGHT), "white")
    ImageDraw.Draw(title).text((2, 1), caption, fill="black")
    return np.asarray(title)
