"""Train, distill, score and time everything that needs a GPU, in one command.

    python -m generators.happyhorse reproduce --out DIR --minutes 9

It trains a codec and the toy model, distills the model, scores all of them, then times the 15B network with
random weights. Run it again to go on where it stopped. It needs torch, numpy, scipy and safetensors only.
Each file that it writes is at most 15 MiB.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from generators.devices import find_device
from generators.happyhorse.training.arguments import make_folder
from generators.happyhorse.training.loop import deadline
from generators.happyhorse.training.reproduction import REHEARSAL, Amounts, reproduce


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="folder for all files")
    parser.add_argument(
        "--minutes", type=float, required=True, help="stop after so many minutes; run again to go on"
    )
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--rehearsal", action="store_true", help="do a little of every stage, in seconds")


def run(args: Namespace) -> int:
    """Work until all is done or the time is up, and print which.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    find_device(args.device)
    until = deadline(args.minutes)
    make_folder("out", args.out)
    done = reproduce(args.out, REHEARSAL if args.rehearsal else Amounts(), args.device, until)
    print("All is done." if done else "There is more to do: run it again.", flush=True)  # noqa: T201
    return 0
