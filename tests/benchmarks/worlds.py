"""Votes whose truth is known, as many as wanted, drawn quickly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from elo import OUTCOMES, Votes

TIES, BOTH_BAD = 0.14, 0.05
"""Shares of votes, whatever the contenders."""


FEW_PROMPTS, THOUSANDS_OF_RATERS = 1_000, 5_000
"""Clusters of a study that asks many people about few prompts: each holds thousands of votes."""


def draw(votes: int, contenders: int, seed: int = 0, *, few: bool = False) -> Votes:
    """Votes of raters of whom some are far more active than others.

    They are `votes` / 30 raters on `votes` / 20 prompts, or thousands of raters on few prompts.
    """
    rng = np.random.default_rng(seed)
    strengths = rng.normal(0, 0.8, contenders)
    dtype = np.min_scalar_type(contenders - 1)
    a = rng.integers(0, contenders, votes, dtype=np.int32)
    b = (a + rng.integers(1, contenders, votes, dtype=np.int32)) % contenders
    luck, decided = rng.random(votes), 1 - TIES - BOTH_BAD
    a_wins = decided / (1 + np.exp(strengths[b] - strengths[a]))
    outcome = (luck >= a_wins).astype(np.uint8) + (luck >= decided) + (luck >= decided + TIES)
    raters, prompts = (THOUSANDS_OF_RATERS, FEW_PROMPTS) if few else (votes // 30 + 2, votes // 20 + 2)
    activity = np.cumsum(rng.lognormal(0, 1, raters))
    rater = np.searchsorted(activity / activity[-1], rng.random(votes))
    return Votes(
        contenders=tuple(f"model-{place:03}" for place in range(contenders)),
        contender_a=a.astype(dtype),
        contender_b=b.astype(dtype),
        outcome=outcome.astype(np.uint8),
        weight=np.broadcast_to(np.float64(1), votes),
        rater=_compact(rater),
        prompt=_compact(rng.integers(0, prompts, votes)),
        rater_labels=tuple(range(raters)),
        prompt_labels=tuple(range(prompts)),
    )


def write(votes: Votes, path: Path) -> None:
    """Write contenders and outcome to Parquet, with dictionaries, or to CSV."""
    columns = {
        "contender_a": (votes.contender_a, votes.contenders),
        "contender_b": (votes.contender_b, votes.contenders),
        "outcome": (votes.outcome, OUTCOMES),
    }
    table = pa.table(
        {
            name: pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), list(labels))
            for name, (codes, labels) in columns.items()
        }
    )
    if path.suffix == ".parquet":
        parquet.write_table(table, path)
    else:
        strings = [column.cast(pa.string()) for column in table.columns]
        csv.write_csv(pa.table(dict(zip(table.column_names, strings, strict=True))), path)


def _compact(codes: NDArray[np.intp]) -> NDArray[np.uint32]:
    seen = np.bincount(codes) > 0
    return (np.cumsum(seen) - 1).astype(np.uint32)[codes]
