"""Files of votes as pandas frames, with every column that they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

BINARY = {".parquet": "read_parquet", ".feather": "read_feather", ".arrow": "read_feather"}
TEXT = {".csv": ",", ".tsv": "\t"}
JSON = (".json", ".jsonl")
SUFFIXES = (*BINARY, *TEXT, *JSON)
"""Suffixes of the files that `read_frame` reads."""


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table of votes with all its columns; its suffix says how.

    Text columns stay text, so that a contender called 01 keeps its name. JSON is a list of votes, or an
    object with the list under `votes`, as the arena exports it.

    Raises:
        OSError: the file cannot be read.
        ValueError: the suffix is unknown, or the file holds no table.
        ImportError: the file is Parquet or Arrow, and pyarrow is not installed.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    suffix = path.suffix.lower()
    if suffix in BINARY:
        frame: pd.DataFrame = getattr(pd, BINARY[suffix])(path)
        return frame
    if suffix in TEXT:
        return pd.read_csv(path, sep=TEXT[suffix], dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if suffix in JSON:
        return pd.DataFrame(_records(path))
    raise ValueError(f"Votes must be a file with one of {', '.join(SUFFIXES)}; got {path.name!r}.")


def _records(path: Path) -> list[object]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    document = json.loads(text)
    votes = document.get("votes") if isinstance(document, dict) else document
    if not isinstance(votes, list):
        raise ValueError(f"{path.name} must hold a list of votes, or an object with one under 'votes'.")
    return votes


def of_track(frame: pd.DataFrame, track: str) -> pd.DataFrame:
    """Keep the votes of one track.

    Raises:
        ValueError: the track is not in the votes, or they are of several and none is chosen.
    """
    known = sorted(map(str, frame["track"].unique())) if "track" in frame.columns else []
    if track and track not in known:
        raise ValueError(
            f"--track must be one of {', '.join(known) or 'none: no column track'}; got {track}."
        )
    if not track and len(known) > 1:
        raise ValueError(f"The votes are on several tracks, {', '.join(known)}. Choose one by --track.")
    return frame[frame["track"].astype(str) == track] if track else frame
