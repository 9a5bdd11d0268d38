"""Classic online Elo, and its mean over random orders of the votes.

A. E. Elo, "The Rating of Chessplayers, Past and Present" (1978). Each vote moves two ratings by K times what
was scored less what was expected. The result depends on the order of the votes and keeps a noise that K sets,
however many they are; it has no interval. So it is no board's number (that is `elo.fit`): it is here to
compare with arenas that use it. Averaging over orders takes the noise of the order away, but not the pull
towards the initial rating, and what remains is no likelihood's maximum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.votes.table import Votes
from elo.votes.tally import BOTH_BAD, HALF_CREDIT

BOTH_BAD_RULES = ("tie", "drop")


@dataclass(frozen=True)
class EloRule:
    """Rule by which a vote moves two ratings."""

    k_factor: float = 4.0
    """Rating points that a vote can move at most. Chess takes 10 to 40; arenas, which have many votes, 4."""
    initial: float = 1000.0
    """Rating of each contender before its first vote."""
    scale: float = 400.0
    """Rating points for odds of ten to one."""
    both_bad: str = "tie"
    """`tie`: half a point to each; `drop`: no vote."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.k_factor) and self.k_factor > 0):
            raise ValueError(f"k_factor={self.k_factor} is out of range. Allowed: finite and above 0.")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale={self.scale} is out of range. Allowed: finite and above 0.")
        if not math.isfinite(self.initial):
            raise ValueError(f"initial={self.initial} is no rating. Allowed: any finite number.")
        if self.both_bad not in BOTH_BAD_RULES:
            raise ValueError(f"Unknown both_bad={self.both_bad!r}. Known: {', '.join(BOTH_BAD_RULES)}.")


@dataclass(frozen=True, eq=False)
class OnlineRatings:
    """Ratings of K contenders after all votes."""

    contenders: tuple[str, ...]
    ratings: Floats
    """Rating points, shape (K,); their mean is the initial rating."""
    rule: EloRule
    votes: int


@dataclass(frozen=True, eq=False)
class OrderAveragedRatings(OnlineRatings):
    """The mean over random orders of the same votes."""

    order_sd: Floats
    """Standard deviation of a rating from one order to the next, shape (K,). It is not a standard error."""
    orders: int
    seed: int


class _Games(NamedTuple):
    """One entry a vote: places of a and b, and what a scored."""

    a: NDArray[np.intp]
    b: NDArray[np.intp]
    score: Floats

    def shuffled(self, rng: np.random.Generator) -> _Games:
        order = rng.permutation(len(self.score))
        return _Games(self.a[order], self.b[order], self.score[order])


def online_elo(votes: Votes, rule: EloRule | None = None) -> OnlineRatings:
    """Rate by Elo's rule, one vote after the other in the order of the rows.

    After a vote of a against b: R_a += k (S - E), R_b -= k (S - E), with S = 1, 1/2 or 0 and
    E = 1 / (1 + 10^((R_b - R_a) / scale)). A row of weight w is w votes, one after the other.

    Raises:
        ValueError: a weight is not whole.
    """
    rule = rule or EloRule()
    games = _games(votes, rule)
    ratings = rule.initial + _play(games, len(votes.contenders), rule)
    return OnlineRatings(votes.contenders, ratings, rule, len(games.score))


def order_averaged_elo(
    votes: Votes, rule: EloRule | None = None, *, orders: int = 100, seed: int = 0
) -> OrderAveragedRatings:
    """Rate by Elo's rule in many random orders of the votes, and take the mean.

    Args:
        votes: as for `online_elo`.
        rule: as for `online_elo`.
        orders: random permutations, 2 or more; each costs one pass over the votes.
        seed: of the permutations.

    Raises:
        ValueError: a weight is not whole, or orders is out of range.
    """
    if orders < 2:
        raise ValueError(f"orders={orders} has no spread. Allowed: 2 or more.")
    rule, rng = rule or EloRule(), np.random.default_rng(seed)
    games, size = _games(votes, rule), len(votes.contenders)
    runs = np.stack([_play(games.shuffled(rng), size, rule) for _ in range(orders)])
    return OrderAveragedRatings(
        contenders=votes.contenders,
        ratings=rule.initial + runs.mean(axis=0),
        rule=rule,
        votes=len(games.score),
        order_sd=runs.std(axis=0, ddof=1),
        orders=orders,
        seed=seed,
    )


def _games(votes: Votes, rule: EloRule) -> _Games:
    whole = votes.weight == np.floor(votes.weight)
    if not whole.all():
        row = int(np.argmin(whole))
        raise ValueError(
            f"Weight {votes.weight[row]:g} in row {row} is no count of votes, as online Elo plays them. "
            "Allowed: 0, 1, 2, ..."
        )
    counts = votes.weight.astype(np.intp)
    if rule.both_bad == "drop":
        counts = np.where(votes.outcome == BOTH_BAD, 0, counts)
    rows = np.repeat(np.arange(len(counts)), counts)
    return _Games(
        votes.contender_a[rows].astype(np.intp),
        votes.contender_b[rows].astype(np.intp),
        HALF_CREDIT[votes.outcome[rows]],
    )


def _play(games: _Games, size: int, rule: EloRule) -> Floats:
    """Return ratings less the initial one, shape (K,). The loop is needed: each vote builds on the last."""
    ratings = [0.0] * size
    k, slope, tanh = rule.k_factor, math.log(10) / 2 / rule.scale, math.tanh
    a, b, scores = (column.tolist() for column in games)
    for i, j, score in zip(a, b, scores, strict=True):
        # (1 + tanh(x / 2)) / 2 is the logistic function, and never overflows.
        move = k * (score - 0.5 - 0.5 * tanh(slope * (ratings[i] - ratings[j])))
        ratings[i] += move
        ratings[j] -= move
    return np.array(ratings)
