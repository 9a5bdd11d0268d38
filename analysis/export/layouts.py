"""Files of votes that other tools read: FastChat's, arena-rank's, evalica's, and our own.

Columns and words are those of `elo_analysis.py` of lm-sys/FastChat, of `PairDataset.from_pandas` of
arena-rank 0.1, and of the command line of evalica 0.4.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.moments import moments_of
from elo import Votes
from elo.votes.tally import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd

ROW = " row"
"""Name of a column that keeps the row of each vote; the space keeps it apart from the file's own."""
PASSED_ON = ("language", "track", "simulated")
"""Columns of the file that go into every layout as they are."""


class VoteLayout(NamedTuple):
    """Names and words of one tool."""

    left: str
    """Column of the contender that was shown on the left."""
    right: str
    outcome: str
    words: tuple[str, str, str, str]
    """Words for the outcomes, in the order of `OUTCOMES`."""
    prompt: str
    rater: str
    moment: str
    """Column of the time in seconds since 1970."""
    constants: Mapping[str, int | bool] = {}
    """Columns that hold the same in each row."""


FASTCHAT = VoteLayout(
    "model_a",
    "model_b",
    "winner",
    ("model_a", "model_b", "tie", "tie (bothbad)"),
    "question_id",
    "judge",
    "tstamp",
    {"turn": 1, "anony": True},
)
LAYOUTS: Mapping[str, VoteLayout] = {
    "paddock": VoteLayout("contender_a", "contender_b", "outcome", OUTCOMES, "prompt", "rater", "tstamp"),
    "fastchat": FASTCHAT,
    "arena-rank": FASTCHAT._replace(words=("model_a", "model_b", "tie", "both_bad"), constants={}),
    "evalica": VoteLayout(
        "left", "right", "winner", ("left", "right", "tie", "tie"), "prompt", "rater", "tstamp"
    ),
}
"""Layouts by the name of the tool. evalica knows no `both_bad`: it becomes a tie."""


def lay_out(
    frame: pd.DataFrame,
    layout: str,
    *,
    covariates: Sequence[str] = (),
    passed: Sequence[str] = PASSED_ON,
) -> pd.DataFrame:
    """Return the votes with the columns of a tool, one row for each vote, the left contender first.

    FastChat sorts by time: where votes record none, `tstamp` is the number of the row. Prompts, raters and
    times that votes do not record have no column.

    Args:
        frame: votes, with columns as `elo.Votes.from_frame` reads them.
        layout: name of one of `LAYOUTS`.
        covariates: columns of a feature of clip a less that of clip b; they keep their names.
        passed: further columns to pass on as they are, where the file has them.

    Raises:
        ValueError: the layout is unknown, a column is missing or holds what it cannot, or a weight is not a
            whole number of votes.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"Layout must be one of {', '.join(LAYOUTS)}; got {layout}.")
    rows = frame.assign(**{ROW: np.arange(len(frame))})
    votes = Votes.from_frame(rows, covariates=(ROW, *covariates))
    kept = rows.iloc[votes.covariates[ROW].astype(np.intp)]
    found = _columns(votes, kept, LAYOUTS[layout])
    found = found.assign(**{name: kept[name].to_numpy() for name in passed if name in kept.columns})
    turned = np.ones(len(kept)) if votes.side is None else votes.side
    for name in covariates:
        found[name] = votes.covariates[name] * turned
    return found.iloc[np.repeat(np.arange(len(found)), _counts(votes))].reset_index(drop=True)


def _columns(votes: Votes, kept: pd.DataFrame, names: VoteLayout) -> pd.DataFrame:
    import pandas as pd  # the web process loads this package and needs no pandas

    contenders, outcome = np.array(votes.contenders, dtype=object), votes.outcome.astype(np.intp)
    left, right = contenders[votes.contender_a], contenders[votes.contender_b]
    if votes.side is not None:
        swapped = votes.side < 0
        left, right = np.where(swapped, right, left), np.where(swapped, left, right)
        # Outcomes a and b are the first two, so that 1 - outcome exchanges them.
        outcome = np.where(swapped & (outcome < 2), 1 - outcome, outcome)
    columns = {names.left: left, names.right: right, names.outcome: np.array(names.words)[outcome]}
    if votes.prompt is not None and votes.prompt_labels is not None:
        columns[names.prompt] = np.array([str(each) for each in votes.prompt_labels])[votes.prompt]
    if votes.rater is not None and votes.rater_labels is not None:
        columns[names.rater] = np.array([str(each) for each in votes.rater_labels])[votes.rater]
    found = pd.DataFrame(columns).assign(**names.constants)
    moments = moments_of(kept)
    if moments is not None:
        found[names.moment] = [each.timestamp() for each in moments]
    elif "turn" in names.constants:
        found[names.moment] = np.arange(len(found), dtype=np.float64)
    return found


def _counts(votes: Votes) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    counts = np.rint(votes.weight)
    if not np.allclose(counts, votes.weight):
        wrong = votes.weight[~np.isclose(counts, votes.weight)][0]
        raise ValueError(
            f"weight must be a whole number of votes for other tools, which know no weights; got {wrong:g}."
        )
    return counts.astype(np.intp)


def _json(frame: pd.DataFrame) -> bytes:
    lines = ",\n".join(_json_lines(frame))
    return f"[\n{lines}\n]\n".encode()


def _json_lines(frame: pd.DataFrame) -> list[str]:
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [json.dumps(record, ensure_ascii=False, default=str) for record in records]


def _parquet(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


VOTE_FORMS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": lambda frame: frame.to_csv(index=False, lineterminator="\n").encode(),
    ".json": _json,
    ".jsonl": lambda frame: "".join(f"{line}\n" for line in _json_lines(frame)).encode(),
    ".parquet": _parquet,
}
"""Forms of files of votes, by suffix."""


def vote_file(frame: pd.DataFrame, suffix: str) -> bytes:
    """Write laid-out votes in the form of a suffix.

    Raises:
        ValueError: the suffix is unknown.
        ImportError: Parquet is asked for, and pyarrow is not installed.
    """
    if suffix not in VOTE_FORMS:
        raise ValueError(
            f"Votes must be written to a file with one of {', '.join(VOTE_FORMS)}; got {suffix!r}."
        )
    return VOTE_FORMS[suffix](frame)


def check_vote_file(path: Path) -> None:
    """Refuse a file whose suffix is not one of `VOTE_FORMS`, before anything is read.

    Raises:
        ValueError: the suffix is unknown.
    """
    if path.suffix.lower() not in VOTE_FORMS:
        raise ValueError(f"--out must be a file with one of {', '.join(VOTE_FORMS)}; got {path.name!r}.")
