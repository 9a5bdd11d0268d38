"""`python -m analysis votes`, `dataset` and `upload`: votes for other tools and for the Hugging Face Hub."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.dataset import check_dataset, write_dataset
from analysis.export.layouts import LAYOUTS, VOTE_FORMS, check_vote_file, lay_out, vote_file
from analysis.reading import SUFFIXES, of_track, read_frame
from analysis.report.writing import replace_file
from analysis.subject import rate_frame
from analysis.tables.modes import joint_votes
from analysis.upload import planned, upload_dataset


def add_votes_command(commands: Any) -> None:  # noqa: ANN401 - argparse names no type for it
    """Add the command `votes` to those of a parser."""
    parser = commands.add_parser("votes", help="write the votes as another tool reads them")
    parser.add_argument("file", metavar="FILE", type=Path, help=f"the votes: {', '.join(SUFFIXES)}")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help=f"one of {', '.join(VOTE_FORMS)}"
    )
    parser.add_argument("--layout", metavar="TOOL", required=True, help=f"one of {', '.join(LAYOUTS)}")
    parser.add_argument("--track", default="", help="the track, if the file has several")
    parser.add_argument(
        "--covariates", metavar="NAMES", default="", help="columns of features, a less b, to pass on (none)"
    )
    parser.set_defaults(run=write_votes)


def write_votes(options: argparse.Namespace) -> None:
    """Write the votes of a file in the layout of another tool, as the options of the command say.

    Raises:
        ValueError: an option is not allowed, or the votes cannot be read.
        OSError: a file cannot be read or written.
    """
    check_vote_file(options.out)
    covariates = [name.strip() for name in options.covariates.split(",") if name.strip()]
    frame = of_track(read_frame(options.file), options.track)
    table = lay_out(frame, options.layout, covariates=covariates)
    replace_file(options.out, vote_file(table, options.out.suffix.lower()))


def add_dataset_commands(commands: Any) -> None:  # noqa: ANN401 - argparse names no type for it
    """Add the commands `dataset` and `upload` to those of a parser."""
    made = commands.add_parser("dataset", help="write a folder for the Hugging Face Hub, with a card")
    made.add_argument("file", metavar="FILE", type=Path, help=f"the votes: {', '.join(SUFFIXES)}")
    made.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="a new or empty folder")
    made.add_argument("--title", required=True, help="name of the dataset")
    made.add_argument("--license", required=True, help="identifier of the licence, such as cc-by-4.0")
    made.add_argument("--track", default="", help="the track, if the file has several")
    made.set_defaults(run=make_dataset)
    sent = commands.add_parser("upload", help="upload such a folder to the Hugging Face Hub")
    sent.add_argument("out", metavar="FOLDER", type=Path, help="what dataset wrote")
    sent.add_argument("--repo", metavar="OWNER/NAME", required=True, help="repository on the Hub")
    sent.add_argument("--public", action="store_true", help="make a new repository public (private)")
    sent.add_argument("--endpoint", metavar="URL", help="address of the Hub (that of huggingface_hub)")
    sent.add_argument("--dry-run", action="store_true", help="only list what would be uploaded")
    sent.set_defaults(run=upload)


def make_dataset(options: argparse.Namespace) -> None:
    """Write the folder of a dataset, as the options of the command say.

    Raises:
        ValueError: an option is not allowed, or the votes allow no ratings.
        OSError: a file cannot be read or written.
    """
    check_dataset(options.out, options.license)
    frame = of_track(read_frame(options.file), options.track)
    joint = joint_votes(frame)
    subject = rate_frame(joint)
    if len(joint) < len(frame):
        subject = replace(subject, every_mode=frame)
    write_dataset(subject, options.out, title=options.title, licence=options.license)


def upload(options: argparse.Namespace) -> str:
    """Upload the folder of a dataset, or list what would be uploaded; return what was done.

    Raises:
        ValueError: an option is not allowed, or the folder is no dataset's.
        OSError: the Hub refuses, or cannot be reached.
    """
    if options.dry_run:
        sys.stdout.write("".join(f"{line}\n" for line in planned(options.out, options.repo)))
        return "Nothing was uploaded."
    address = upload_dataset(options.out, options.repo, private=not options.public, endpoint=options.endpoint)
    return f"Uploaded {options.out} as {address}"
