"""A folder in the form of a dataset on the Hugging Face Hub: votes, leaderboard, and a card."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.export.layouts import PASSED_ON, lay_out, vote_file
from analysis.folders import require_new, write_folder
from analysis.report.board_sections import leaderboard_table
from analysis.report.markdown import to_markdown_table
from analysis.report.parts import number
from analysis.report.tables import to_parquet
from analysis.subject import Subject
from analysis.tables.leaderboard import board_frame
from analysis.tables.modes import COLUMN as MODE
from analysis.tables.slices import KNOWN

if TYPE_CHECKING:
    import pandas as pd

CARD, VOTES, BOARD = "README.md", "data/votes.parquet", "data/leaderboard.parquet"
"""Files of the folder."""
LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
"""Identifiers of licences on the Hub, such as cc-by-4.0."""
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Numbers of rows below which the Hub's categories of size end, with their names."""
LARGEST = "1M<n<10M"
MEANINGS = {
    "contender_a": "contender shown on the left, where the votes record the side",
    "contender_b": "the other contender",
    "outcome": "`a`, `b`, `tie` or `both_bad`",
    "prompt": "prompt of both clips",
    "rater": "pseudonym of the rater, for this dataset alone",
    "tstamp": "time of the vote, seconds since 1970",
    "simulated": "whether the vote was simulated rather than cast by a person",
    "track": "input of the contenders and whether sound was judged",
    "language": "language of the prompt",
    MODE: "how the clips were shown: `mute`, `sound` or `joint`",
}
"""What the columns of votes mean; tags and the like explain themselves."""


def write_dataset(subject: Subject, folder: Path, *, title: str, licence: str) -> list[str]:
    """Write the folder of a dataset, and return the names of its files.

    Raters get pseudonyms in the order of their first votes, so that the file does not lead to the site's
    own numbers. The same votes give the same bytes.

    Args:
        subject: the rated votes.
        folder: the folder, which must not exist or be empty.
        title: name of the dataset for people.
        licence: identifier of the licence on the Hub, such as cc-by-4.0.

    Raises:
        ValueError: the folder holds something, or the licence is no identifier.
        OSError: the folder cannot be written.
        ImportError: pyarrow is not installed.
    """
    check_dataset(folder, licence)
    frame = subject.frame if subject.every_mode is None else subject.every_mode
    votes = _pseudonymous(lay_out(frame, "paddock", passed=(*PASSED_ON, MODE, *KNOWN)))
    files = {
        CARD: _card(subject, votes, title, licence).encode(),
        VOTES: vote_file(votes, ".parquet"),
        BOARD: to_parquet(board_frame(subject.board)),
    }
    write_folder(files, folder)
    return list(files)


def check_dataset(folder: Path, licence: str) -> None:
    """Refuse a folder with something in it, and a licence that is no identifier.

    Raises:
        ValueError: the folder holds something, or the licence is no identifier.
    """
    require_new(folder)
    if not LICENCE.fullmatch(licence):
        raise ValueError(
            f"--license must be an identifier of the Hub, such as cc-by-4.0, or other; got {licence!r}."
        )


def _pseudonymous(votes: pd.DataFrame) -> pd.DataFrame:
    if "rater" not in votes:
        return votes
    import pandas as pd  # the web process loads this package and needs no pandas

    codes, _ = pd.factorize(votes["rater"])
    return votes.assign(rater=[f"rater-{code + 1:05}" for code in codes])


def _card(subject: Subject, votes: pd.DataFrame, title: str, licence: str) -> str:
    simulated = _simulated(votes)
    tags = ["blind-arena", "pairwise-comparison", "video", *(("simulated",) if simulated else ())]
    table = to_markdown_table(leaderboard_table(board_frame(subject.board), subject.level))
    method = subject.ratings.method
    parts = [
        _front_matter(len(votes), title, licence, tags),
        f"# {' '.join(title.split())}",
        f"{number(len(votes))} blind votes on pairs of clips by {len(subject.names)} systems that generate "
        "video with sound.",
    ]
    parts += [simulated] if simulated else []
    parts += [
        "## Votes",
        f"`{VOTES}` has a row for each vote.",
        _meanings(list(votes.columns)),
        "## Leaderboard",
        f"`{BOARD}` has a row for each rated contender.",
        table,
        f"Model: {method.model}; ties: {method.asked.specification.ties}. {method.estimand} Intervals: "
        f"{100 * subject.level:g} %, {method.covariance}.",
        f"The votes give these ratings again: `python -m analysis report {VOTES} --out report.html`.",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(rows: int, title: str, licence: str, tags: Sequence[str]) -> str:
    """Return the card's header in YAML; texts are quoted as in JSON, which YAML includes."""
    size = next((name for least, name in SIZES if rows < least), LARGEST)
    lines = [
        "---",
        f"license: {licence}",
        f"pretty_name: {json.dumps(title, ensure_ascii=False)}",
        "size_categories:",
        f"- {size}",
        "tags:",
        *(f"- {tag}" for tag in tags),
        "configs:",
        "- config_name: votes",
        f"  data_files: {VOTES}",
        "  default: true",
        "- config_name: leaderboard",
        f"  data_files: {BOARD}",
        "---",
    ]
    return "\n".join(lines)


def _simulated(votes: pd.DataFrame) -> str:
    if "simulated" not in votes:
        return ""
    count = int(votes["simulated"].astype(str).str.lower().isin(("true", "1")).sum())
    return (
        f"**{number(count)} of {number(len(votes))} votes are simulated: no people cast them.**"
        if count
        else ""
    )


def _meanings(columns: Sequence[str]) -> str:
    rows = [f"| `{name}` | {MEANINGS.get(name, 'a property of the prompt')} |" for name in columns]
    return "\n".join(["| column | meaning |", "| --- | --- |", *rows])
