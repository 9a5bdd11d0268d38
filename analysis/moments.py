"""Times of votes, from whichever column of a file has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("at", "tstamp", "created_at", "timestamp", "time", "date")
"""Columns that hold the time of a vote, in the order in which they are looked for; `tstamp` is FastChat's."""
MILLISECONDS = 1e11
"""Numbers from here on are milliseconds since 1970, smaller ones seconds: the year 5138."""


def moments_of(frame: pd.DataFrame) -> pd.Series[pd.Timestamp] | None:
    """Return the time of each vote in UTC, with the index of the frame; None where the file has no times.

    Times are in the form of ISO 8601, or seconds or milliseconds since 1970. One without a zone is in UTC.

    Raises:
        ValueError: a time cannot be read.
    """
    name = next((each for each in COLUMNS if each in frame.columns), None)
    if name is None or frame[name].isna().all():
        return None
    import pandas as pd  # the web process loads this package and needs no pandas

    column = frame[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.to_datetime(column, utc=True)
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        seconds = np.where(numbers.abs() >= MILLISECONDS, numbers / 1000, numbers)
        return pd.Series(pd.to_datetime(seconds, unit="s", utc=True), index=frame.index)
    parsed = pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    if parsed.isna().any():
        wrong = column[parsed.isna()].iloc[0]
        raise ValueError(
            f"Column {name} must hold dates and times as ISO 8601 or seconds since 1970; got {wrong!r}."
        )
    return parsed
