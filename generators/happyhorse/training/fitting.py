"""Fits of the toy world's codecs to training clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.codecs.linear_video import LinearVideoCodec, fit_video_basis
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec, fit_audio_basis
from generators.happyhorse.training.arguments import require_whole
from generators.happyhorse.training.data import to_tensors
from generators.toyworld.world.examples import example

VIDEO_WIDTH = 96
"""Numbers in a 16×16×4 block: all that the referee reads survives, at the width of a small transformer."""
AUDIO_WIDTH = 48
"""Numbers in 62.5 ms of sound: with more, the referee's F1 hardly grows."""
_BLOCK_SIZE = 3 * 4 * 16 * 16
_SPECTRA_SIZE = 1024
_PATCH = 4
_SEED = 1
_BATCH = 20


@dataclass(frozen=True)
class CodecSizes:
    """Sizes of both codecs, and the number of clips that they are fitted to."""

    clips: int = 600
    """Number of clips, a multiple of 20."""
    video_width: int = VIDEO_WIDTH
    """Numbers in a block of video, a multiple of 4."""
    audio_width: int = AUDIO_WIDTH
    """Channels of an audio latent."""

    def __post_init__(self) -> None:
        require_whole("clips", self.clips)
        require_whole("video-width", self.video_width, most=_BLOCK_SIZE)
        require_whole("audio-width", self.audio_width, most=_SPECTRA_SIZE)
        if self.clips % _BATCH:
            raise InvalidInput(f"clips must be a multiple of {_BATCH}; got {self.clips}.")
        if self.video_width % _PATCH:
            raise InvalidInput(f"video-width must be a multiple of {_PATCH}; got {self.video_width}.")


def fit_codecs(sizes: CodecSizes = CodecSizes()) -> tuple[LinearVideoCodec, SpectralAudioCodec]:
    """Fit both codecs to training clips, of which every third batch has two objects; takes two minutes."""
    frames = (frames for frames, _ in training_batches(sizes.clips))
    samples = (samples for _, samples in training_batches(sizes.clips))
    return fit_video_basis(frames, sizes.video_width), fit_audio_basis(samples, sizes.audio_width)


def save_codecs(folder: Path, video: LinearVideoCodec, audio: SpectralAudioCodec) -> None:
    """Write both codecs as safetensors; codecs of the shipped widths get the shipped files' names."""
    video.save(folder / f"toy-world-video-{video.basis.width}.safetensors")
    audio.save(folder / f"toy-world-audio-{audio.basis.width}.safetensors")


def training_batches(clips: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield frames (20, 3, …) and samples (20, …) of training clips, the same every time."""
    for number, first in enumerate(range(0, clips, _BATCH)):
        objects = 2 if number % 3 == 2 else 1
        yield to_tensors([example("train", _SEED, place, objects) for place in range(first, first + _BATCH)])
