"""Votes with equal likelihood, added up: what the models are fitted to, whatever the number of votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from elo.arguments import Circumstance
from elo.arrays import Floats
from elo.votes.counting import look_up
from elo.votes.table import Votes
from elo.votes.tally import MIRRORED, OUTCOMES, Tally

DENSE_KEYS = 50_000_000
"""Number of combinations up to which those that occur are found by counting instead of sorting."""


@dataclass(frozen=True, eq=False)
class Cells:
    """M meetings of two contenders under equal circumstances, each with its votes by outcome: 4 M cells.

    The contender that comes first in `contenders` is a; circumstances are turned round with the sides.
    """

    contenders: tuple[str, ...]
    contender_a: NDArray[np.intp]
    """Place of contender a in each meeting, shape (M,)."""
    contender_b: NDArray[np.intp]
    regressors: Floats
    """Values of `side` and `order` (+1 where a had it) and covariates of a less b, shape (R, M)."""
    counts: Floats
    """Summed weight by outcome as in `OUTCOMES`, shape (4, M)."""
    squares: Floats
    """Summed squares of the votes' weights, shape (4, M); equal to `counts` where each vote counts once."""
    prompt: NDArray[np.intp] | None = None
    """Prompt of each meeting, shape (M,), where meetings on different prompts are kept apart."""
    cell: NDArray[np.integer] | None = None
    """Place of each row of votes in `counts.ravel()`, shape (N,); None without rows."""
    weight: Floats | None = None
    """Share of each row in its cell's count, shape (N,)."""

    @property
    def meetings(self) -> int:
        """Number of meetings, M."""
        return len(self.contender_a)


def cells_of_tally(tally: Tally, regressors: Sequence[str] = ()) -> Cells:
    """Make cells of a tally, which records the side and no other circumstance.

    Raises:
        ValueError: other regressors are asked for.
    """
    unknown = [name for name in regressors if name != "side"]
    if unknown:
        raise ValueError(f"A tally does not record {', '.join(unknown)}. Give fit the Votes instead.")
    first, second = np.triu_indices(len(tally.contenders), 1)
    forth, back = tally.counts[first, second], tally.counts[second, first][:, MIRRORED]
    parts = []
    for side, table in [(1.0, forth), (-1.0, back)] if regressors else [(0.0, forth + back)]:
        met = np.flatnonzero(table.any(axis=1))
        parts.append((first[met], second[met], np.full(len(met), side), table[met].T))
    a, b, side_column, kept = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    kept = np.ascontiguousarray(kept, dtype=np.float64)
    return Cells(tally.contenders, a, b, side_column[None][: len(regressors)], kept, kept)


def cells_of_votes(
    votes: Votes,
    regressors: Sequence[str] = (),
    *,
    by_prompt: bool = False,
    importance: Floats | None = None,
    rows: bool = True,
) -> Cells:
    """Make cells of votes: rows with equal likelihood are added up.

    Args:
        votes: the votes.
        regressors: circumstances that tell meetings apart, of `side`, `order` and the covariates.
        by_prompt: whether meetings on different prompts are kept apart.
        importance: shape (N,), what each vote of a row counts for; None is 1.
        rows: whether to say in which cell each row is.

    Raises:
        ValueError: the votes do not record what is asked for.
    """
    if not (regressors or by_prompt or rows or importance is not None):
        return cells_of_tally(votes.tally())
    if not (regressors or by_prompt or importance is not None):
        return _with_rows(cells_of_tally(votes.tally()), votes)
    # Turn each vote round so that the contender with the lower code is a, shape (N,) each.
    forth = votes.contender_a < votes.contender_b
    first = np.where(forth, votes.contender_a, votes.contender_b).astype(np.intp)
    second = np.where(forth, votes.contender_b, votes.contender_a).astype(np.intp)
    outcome = np.where(forth, votes.outcome, MIRRORED[votes.outcome])
    columns = [np.where(forth, 1.0, -1.0) * _regressor(votes, name) for name in regressors]
    prompt = _prompts(votes).astype(np.intp) if by_prompt else None

    # Number the meetings: rows of the same pair, regressors and prompt.
    codes = [np.unique(column, return_inverse=True)[1] for column in columns]
    meeting = numbered(first * len(votes.contenders) + second)
    for code in codes if prompt is None else [*codes, prompt]:
        meeting = numbered(meeting * (int(code.max()) + 1) + code)
    size = int(meeting.max()) + 1

    # Sum what the votes of each cell count for, shape (4, M).
    cell = outcome * size + meeting
    weight = votes.weight if importance is None else votes.weight * importance
    counts = _summed(cell, weight, size)
    squares = counts if importance is None else _summed(cell, weight * importance, size)

    # Any row of a meeting tells its contenders, regressors and prompt.
    example = np.empty(size, dtype=np.intp)
    example[meeting] = np.arange(len(meeting))
    return Cells(
        contenders=votes.contenders,
        contender_a=first[example],
        contender_b=second[example],
        regressors=np.array([column[example] for column in columns]).reshape(-1, size),
        counts=counts,
        squares=squares,
        prompt=None if prompt is None else prompt[example],
        cell=cell,
        weight=weight,
    )


def _with_rows(cells: Cells, votes: Votes) -> Cells:
    """Add each row's cell, which follows from its pair and outcome."""
    a, b, size = cells.contender_a, cells.contender_b, cells.meetings
    outcome, meeting = np.arange(len(OUTCOMES)), np.arange(size)[:, None]
    contenders = len(votes.contenders)
    table = np.zeros((contenders, contenders, len(OUTCOMES)), dtype=np.int32)
    table[a, b] = outcome * size + meeting
    table[b, a] = MIRRORED * size + meeting
    cell = look_up(votes.contender_a, votes.contender_b, votes.outcome, table)
    return replace(cells, cell=cell, weight=votes.weight)


def _summed(cell: NDArray[np.intp], weight: Floats, size: int) -> Floats:
    """Return the summed weight of each cell, shape (4, M), from cells and weights of shape (N,)."""
    flat = np.bincount(cell, weight, size * len(OUTCOMES))
    return flat.astype(np.float64).reshape(-1, size)


def numbered(key: NDArray[np.integer]) -> NDArray[np.integer]:
    """Renumber keys, shape (N,), as 0, 1, 2, ... without a gap, in their order."""
    if key.max() > DENSE_KEYS:
        sorted_place: NDArray[np.intp] = np.unique(key, return_inverse=True)[1]
        return sorted_place
    seen = np.bincount(key) > 0
    place: NDArray[np.integer] = (np.cumsum(seen) - 1)[key]
    return place


def _regressor(votes: Votes, name: str) -> Floats:
    """Return the circumstance as the votes' own side a had it, shape (N,)."""
    if name == "side" and votes.side is None:
        return np.ones(len(votes.outcome))
    column = votes.covariates.get(name) if name not in get_args(Circumstance) else getattr(votes, name)
    if column is None:
        recorded = [n for n in get_args(Circumstance) if getattr(votes, n) is not None] + list(
            votes.covariates
        )
        raise ValueError(
            f"The votes have no column {name!r}. They record: {', '.join(recorded) or 'none of this kind'}."
        )
    return np.asarray(column, dtype=np.float64)


def _prompts(votes: Votes) -> NDArray[np.unsignedinteger]:
    if votes.prompt is None:
        raise ValueError("tie_effects=('prompt',) needs votes that record prompts, and these do not.")
    return votes.prompt
