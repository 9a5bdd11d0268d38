"""A leaderboard as a frozen value: rows, who beat whom, and the settings that made it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from elo import RatingRow, Ratings, Tally, Unrated, Votes, fit
from elo.arguments import Cluster, Ties
from elo.fit import ELO_SCALE
from elo.intervals.ranks import tiers
from elo.models.grouped import GroupedVotes


class Evidence(NamedTuple):
    """Amount of evidence that a rating rests on."""

    votes: int
    raters: int
    prompts: int


MINIMUM = Evidence(votes=50, raters=5, prompts=5)
"""Below any of these a rating is preliminary. See `docs/ratings.md`."""


class BoardRow(NamedTuple):
    """One contender's line."""

    rank: int
    rank_low: int
    rank_high: int
    tier: int
    """Everyone in a tier is distinctly above everyone in the next, preliminary ratings aside."""
    contender: str
    rating: float
    lower: float
    upper: float
    votes: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: float
    """Share of the credit, where a tie and a both_bad are half a win to each side."""
    raters: int | None
    """Number of raters who judged the contender; None where votes do not record raters."""
    prompts: int | None

    @property
    def is_preliminary(self) -> bool:
        """Whether the rating rests on less than the minimum; what votes do not record is not asked for."""
        counts = (self.votes, self.raters, self.prompts)
        return any(count is not None and count < least for count, least in zip(counts, MINIMUM, strict=True))

    @property
    def win_share(self) -> float:
        """Share of outright wins in the votes."""
        return self.wins / self.votes

    @property
    def tie_share(self) -> float:
        """Share of ties in the votes, without those where both were bad."""
        return self.ties / self.votes

    @property
    def both_bad_share(self) -> float:
        """Share of votes where both were bad."""
        return self.both_bad / self.votes


class Cell(NamedTuple):
    """Credit that one contender took from another."""

    win_rate: float | None
    """Share of the credit; None where the two never met."""
    votes: int

    @property
    def percent(self) -> int | None:
        """The win rate in whole per cent; a half goes to the even number, so that both sides add up."""
        return None if self.win_rate is None else round(round(100 * self.win_rate, 9))


@dataclass(frozen=True)
class Board:
    """A leaderboard, best contender first."""

    rows: tuple[BoardRow, ...]
    matrix: tuple[tuple[Cell, ...], ...]
    """Row contender against column contender, both in the order of `rows`."""
    settings: dict[str, Any]
    """Method and amount of votes behind the ratings, ready for JSON."""
    unrated: tuple[Unrated, ...] = ()
    """The contenders without a finite rating yet, with the reason and a one-sided bound."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """Names of the contenders, in the order of the rows."""
        return tuple(row.contender for row in self.rows)

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields for a cache, with cells as plain numbers: thousands of tuples take long."""
        columns = [tuple(zip(*cells, strict=True)) for cells in self.matrix]
        return {**self.__dict__, "matrix": columns}

    def __setstate__(self, state: dict[str, Any]) -> None:
        matrix = tuple(tuple(map(Cell, *columns)) for columns in state["matrix"])
        self.__dict__.update(state, matrix=matrix)


def build_board(
    votes: Votes,
    *,
    ties: Ties = "half",
    clusters: Sequence[Cluster] | None = None,
    anchor: tuple[str, float] | None = None,
    scale: float = ELO_SCALE,
    level: float = 0.95,
) -> Board:
    """Rate the contenders and lay out the leaderboard.

    Arguments and errors are those of `elo.fit`, but clusters=None is all that the votes record.
    """
    if clusters is None:
        clusters = [name for name in get_args(Cluster) if getattr(votes, name) is not None]
    ratings = fit(votes, ties=ties, clusters=clusters, anchor=anchor, scale=scale, level=level)
    return lay_out_board(ratings, *count_met(votes, ratings))


def lay_out_board(
    ratings: Ratings, raters: Mapping[str, int] | None, prompts: Mapping[str, int] | None
) -> Board:
    """Lay out the leaderboard of a fit.

    Args:
        ratings: the fit.
        raters: how many raters judged each contender; None where votes do not record raters.
        prompts: likewise for prompts.
    """
    rows = [_board_row(row, raters, prompts) for row in ratings.rows()]
    order = [ratings.contenders.index(row.contender) for row in rows]
    tiers_of_rows = _tiers(ratings, rows, order)
    tiered = [row._replace(tier=tier) for row, tier in zip(rows, tiers_of_rows, strict=True)]
    return Board(tuple(tiered), _matrix(ratings.tally, order), _settings(ratings), ratings.unrated)


def bound(each: Unrated) -> str:
    """Say the one-sided bound of a contender without a finite rating; an empty text without a bound."""
    if math.isfinite(each.lower):
        return f"Its rating is above {each.lower:.0f}."
    return f"Its rating is below {each.upper:.0f}." if math.isfinite(each.upper) else ""


def _board_row(
    row: RatingRow, raters: Mapping[str, int] | None, prompts: Mapping[str, int] | None
) -> BoardRow:
    shared = {name: value for name, value in row._asdict().items() if name in BoardRow._fields}
    return BoardRow(
        **shared,
        win_rate=(row.wins + (row.ties + row.both_bad) / 2) / row.votes,
        raters=None if raters is None else raters[row.contender],
        prompts=None if prompts is None else prompts[row.contender],
    )


def _tiers(ratings: Ratings, rows: Sequence[BoardRow], order: Sequence[int]) -> list[int]:
    """Return the rows' tiers. A preliminary row joins the tier of the row above it.

    The wide interval of a newcomer would keep all tiers together otherwise.
    """
    rated = [place for place, row in zip(order, rows, strict=True) if not row.is_preliminary]
    if not rated:
        return [1] * len(rows)
    lower, _ = ratings.simultaneous()
    numbers = tiers(np.arange(len(rated)), (lower > 0)[np.ix_(rated, rated)])
    of_contender = dict(zip(rated, numbers.tolist(), strict=True))
    current, found = 1, []
    for place in order:
        current = of_contender.get(place, current)
        found.append(current)
    return found


def count_met(
    votes: Votes | GroupedVotes, ratings: Ratings
) -> tuple[dict[str, int] | None, dict[str, int] | None]:
    """Count the raters and the prompts that each rated contender met, in votes between rated contenders.

    None stands for what the votes do not record.
    """
    if isinstance(votes, GroupedVotes) and not ratings.unrated:
        return votes.clusters_met("rater"), votes.clusters_met("prompt")
    votes = votes.rows() if isinstance(votes, GroupedVotes) else votes
    if ratings.unrated:
        votes = votes.among(np.array([votes.contenders.index(name) for name in ratings.contenders]))
    return _met(votes, votes.rater), _met(votes, votes.prompt)


def _met(votes: Votes, group: NDArray[np.unsignedinteger] | None) -> dict[str, int] | None:
    if group is None:
        return None
    met = np.zeros((len(votes.contenders), int(group.max()) + 1), dtype=bool)
    met[votes.contender_a, group] = True
    met[votes.contender_b, group] = True
    return dict(zip(votes.contenders, met.sum(axis=1).tolist(), strict=True))


def _matrix(tally: Tally, order: list[int]) -> tuple[tuple[Cell, ...], ...]:
    shown = np.ix_(order, order)
    rates, met = tally.win_rates[shown].tolist(), tally.met[shown].tolist()
    return tuple(
        tuple(Cell(rate if votes else None, int(votes)) for rate, votes in zip(*row, strict=True))
        for row in zip(rates, met, strict=True)
    )


def _settings(ratings: Ratings) -> dict[str, Any]:
    method, diagnostics = ratings.method, ratings.diagnostics
    asked = method.asked
    return {
        "method": method.model,
        "ties": asked.specification.ties,
        "estimand": method.estimand,
        "covariance": method.covariance,
        "clusters": list(asked.uncertainty.clusters),
        "level": asked.level,
        "anchor": None if asked.anchor is None else list(asked.anchor),
        "scale": asked.scale,
        "votes": diagnostics.votes,
        "raters": diagnostics.raters,
        "prompts": diagnostics.prompts,
        "degrees_of_freedom": diagnostics.degrees_of_freedom,
    }
