"""Train the toy world's video or sound codec.

A run that was stopped goes on where it stopped. The shipped codecs were made by it:

    python -m generators.happyhorse train-codec video --out codecs
    python -m generators.happyhorse train-codec audio --out codecs
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from generators.happyhorse.training.arguments import make_folder, require_whole
from generators.happyhorse.training.codec_lessons import AudioLesson, Lesson, VideoLesson
from generators.happyhorse.training.codec_run import CodecRun
from generators.happyhorse.training.loop import deadline
from generators.happyhorse.training.processes import use_threads

_LESSONS: dict[str, Callable[[], Lesson]] = {"video": VideoLesson, "audio": AudioLesson}
_SAVED_EVERY = 500


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("modality", choices=tuple(_LESSONS))
    parser.add_argument("--out", type=Path, required=True, help="folder for the state and the codec")
    parser.add_argument("--steps", type=int, default=4000, help="steps of 24 clips (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--threads", type=int, help="CPU threads")


def run(args: Namespace) -> int:
    """Train until all steps are taken or the time is up; print how well held-out clips survive.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    require_whole("steps", args.steps)
    until = deadline(args.minutes)
    use_threads(args.threads)
    make_folder("out", args.out)
    training = CodecRun(args.out, args.steps, _LESSONS[args.modality]())
    while training.steps < training.length and time.monotonic() < until:
        training.advance()
        if training.steps % _SAVED_EVERY == 0 and training.steps < training.length:
            _save(training)
    _save(training)
    return 0


def _save(training: CodecRun) -> None:
    training.save()
    print(f"{training.steps} steps: {training.lesson.report()}", flush=True)  # noqa: T201  (progress)
