"""Fit the linear video and sound codecs of the toy world, which earlier weights use.

The shipped files were made by it; `train-codec` makes the codecs of today's weights:

    python -m generators.happyhorse fit-codecs --out codecs
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from generators.happyhorse.training.arguments import make_folder
from generators.happyhorse.training.fitting import (
    AUDIO_WIDTH,
    VIDEO_WIDTH,
    CodecSizes,
    fit_codecs,
    save_codecs,
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="folder for both files")
    parser.add_argument(
        "--clips", type=int, default=600, help="number of clips, a multiple of 20 (default: %(default)s)"
    )
    parser.add_argument("--video-width", type=int, default=VIDEO_WIDTH, help="numbers in a block of video")
    parser.add_argument("--audio-width", type=int, default=AUDIO_WIDTH, help="channels of an audio latent")


def run(args: Namespace) -> int:
    """Fit both codecs, and write them.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    sizes = CodecSizes(args.clips, args.video_width, args.audio_width)
    make_folder("out", args.out)
    save_codecs(args.out, *fit_codecs(sizes))
    return 0
