"""Measure, train and score everything that needs a GPU, stage by stage, and print one table.

    python -m generators.happyhorse reproduce --out DIR --minutes 8

It measures the card's ceilings, the 15B network with random weights at each resolution, and the memory of
each `--fit` level. Then it trains a codec and the toy model, distills the model, and scores all of them. Run
it again to go on where it stopped. It needs torch, numpy, scipy and safetensors only. Each file written
has at most 15 MiB.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from generators.devices import find_device
from generators.happyhorse.programme.programme import SIZES, reproduce
from generators.happyhorse.programme.table import render, rows
from generators.happyhorse.training.arguments import make_folder
from generators.happyhorse.training.loop import deadline


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="folder for all files")
    parser.add_argument(
        "--minutes", type=float, required=True, help="stop after so many minutes; run again to go on"
    )
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument(
        "--size", default="15b", choices=SIZES, help="tiny does a little of every stage (default: 15b)"
    )


def run(args: Namespace) -> int:
    """Work until all is done or the time is up, and print the table and which of the two it is.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    find_device(args.device)
    until = deadline(args.minutes)
    make_folder("out", args.out)
    done = reproduce(args.out, args.size, args.device, until)
    print(render(rows(args.out)))  # noqa: T201
    print("All is done." if done else "There is more to do: run it again.", flush=True)  # noqa: T201
    return 0
