"""Fit the toy world's codecs.

The shipped codecs were made by it:

    python -m generators.happyhorse fit-codecs --out codecs
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from generators.happyhorse.codecs.linear_video import LinearVideoCodec, fit_video_basis
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec, fit_audio_basis
from generators.happyhorse.training.data import to_tensors
from generators.toyworld.world.examples import example

VIDEO_WIDTH = 96
"""Numbers in a 16×16×4 block: all that the referee reads survives, at the width of a small transformer."""
AUDIO_WIDTH = 48
"""Numbers in 62.5 ms of sound: from here on the referee's F1 hardly grows."""
_SEED = 1
_BATCH = 20


def add_arguments(parser: ArgumentParser) -> None:
    """Declares what `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="a folder for both files")
    parser.add_argument("--clips", type=int, default=600, help="a multiple of 20 (default: %(default)s)")
    parser.add_argument("--video-width", type=int, default=VIDEO_WIDTH, help="numbers in a block")
    parser.add_argument("--audio-width", type=int, default=AUDIO_WIDTH, help="channels of a sound latent")


def run(args: Namespace) -> int:
    """Fits and writes both."""
    save_codecs(args.out, *fit_codecs(args.clips, args.video_width, args.audio_width))
    return 0


def fit_codecs(
    clips: int = 600, video_width: int = VIDEO_WIDTH, audio_width: int = AUDIO_WIDTH
) -> tuple[LinearVideoCodec, SpectralAudioCodec]:
    """Fits both codecs to training clips, of which every third batch has two objects; takes two minutes.

    Args:
        clips: How many, a multiple of 20.
        video_width: Numbers in a block, a multiple of four.
        audio_width: Channels of a sound latent.
    """
    video = fit_video_basis((frames for frames, _ in training_batches(clips)), video_width)
    audio = fit_audio_basis((samples for _, samples in training_batches(clips)), audio_width)
    return video, audio


def save_codecs(folder: Path, video: LinearVideoCodec, audio: SpectralAudioCodec) -> None:
    """Writes both as safetensors, under the shipped files' names if they have their widths."""
    folder.mkdir(parents=True, exist_ok=True)
    video.save(folder / f"toy-world-video-{video.basis.width}.safetensors")
    audio.save(folder / f"toy-world-audio-{audio.basis.width}.safetensors")


def training_batches(clips: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Frames and samples of training clips, the same every time."""
    for number, first in enumerate(range(0, clips, _BATCH)):
        objects = 2 if number % 3 == 2 else 1
        yield to_tensors([example("train", _SEED, place, objects) for place in range(first, first + _BATCH)])
