"""Train the toy world's video codec.

A run that was stopped goes on where it stopped. The shipped codec was made by it:

    python -m generators.happyhorse train-codec --out codecs
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from generators.happyhorse.training.arguments import make_folder, require_whole
from generators.happyhorse.training.codec_run import CodecRun, psnr, training_pieces
from generators.happyhorse.training.data import to_tensors
from generators.happyhorse.training.loop import deadline
from generators.happyhorse.training.processes import use_threads
from generators.toyworld.world.examples import example

_SAVED_EVERY = 500
_HELD_OUT = 32
_HELD_OUT_SEED = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="folder for the state and the codec")
    parser.add_argument("--steps", type=int, default=4000, help="steps of 24 pieces (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--threads", type=int, help="CPU threads")


def run(args: Namespace) -> int:
    """Train until all steps are taken or the time is up; print the PSNR of held-out clips.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    require_whole("steps", args.steps)
    until = deadline(args.minutes)
    use_threads(args.threads)
    make_folder("out", args.out)
    training = CodecRun(args.out, args.steps)
    frames, _ = to_tensors([example("held-out", _HELD_OUT_SEED, place) for place in range(_HELD_OUT)])
    while training.steps < training.length and time.monotonic() < until:
        training.advance(training_pieces(training.steps))
        if training.steps % _SAVED_EVERY == 0:
            training.save()
            print(f"{training.steps} steps: {psnr(training.codec, frames):.1f} dB", flush=True)  # noqa: T201
    training.save()
    return 0
