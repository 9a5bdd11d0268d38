"""Reading votes from a pandas DataFrame: which columns, under which names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("contender_a", "contender_b", "outcome")
OPTIONAL = ("prompt", "rater", "weight")
ALIASES = {"model_a": "contender_a", "model_b": "contender_b", "winner": "outcome"}
WINNERS = {"model_a": "a", "model_b": "b", "tie (bothbad)": "both_bad"}


def read_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Take the columns of votes out of a frame, as lists with None for missing values.

    Raises:
        ValueError: a required column is missing, or there under both of its names.
    """
    aliases = {alias: name for alias, name in ALIASES.items() if alias in frame.columns}
    twice = [f"{alias} and {name}" for alias, name in aliases.items() if name in frame.columns]
    if twice:
        raise ValueError(f"The frame has both {', '.join(twice)}. Keep one of each.")
    named = frame.rename(columns=aliases)
    missing = [name for name in REQUIRED if name not in named.columns]
    if missing:
        raise ValueError(
            f"The frame lacks {', '.join(missing)}. It has: {', '.join(map(str, frame.columns))}. "
            f"Needed: {', '.join(REQUIRED)} (or {', '.join(ALIASES)}); optional: {', '.join(OPTIONAL)}."
        )
    columns = {name: _values(named[name]) for name in (*REQUIRED, *OPTIONAL) if name in named.columns}
    if "winner" in aliases:
        columns["outcome"] = [WINNERS.get(winner, winner) for winner in columns["outcome"]]
    return columns


def _values(column: pd.Series[Any]) -> list[Any]:
    return column.astype(object).where(column.notna(), None).tolist()
