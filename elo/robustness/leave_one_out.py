"""How far each rating and rank moves when one rater, or one prompt, is left out.

Many are left out by one Newton step each (D. Pregibon, "Logistic regression diagnostics", Annals of
Statistics 9 (1981), 705-724).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np

from elo.arguments import Cluster
from elo.arrays import Floats
from elo.fit import ELO_SCALE
from elo.models.identification import NotIdentified
from elo.ratings import MEAN_RATING
from elo.robustness.refits import Model, Refits
from elo.robustness.removals import ClusterPool
from elo.votes.table import Votes

if TYPE_CHECKING:
    import pandas as pd

EXACT_UP_TO = 300
"""Clusters that are left out by a full refit each; more are left out by one Newton step."""


class Range(NamedTuple):
    """One contender: its rating and rank, and the extremes of both over all that can be left out."""

    contender: str
    rating: float
    lowest: float
    lowest_without: Hashable
    """Rater or prompt whose absence makes the rating lowest."""
    highest: float
    highest_without: Hashable
    rank: int
    best_rank: int
    worst_rank: int


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Ratings without each rater or prompt in turn."""

    contenders: tuple[str, ...]
    kind: Cluster
    labels: tuple[Hashable, ...]
    strengths: Floats
    """Strengths with all votes, log-odds with mean zero, shape (K,)."""
    without: Floats
    """Strengths without each, shape (G, K); NaN where the rest has no finite ratings."""
    exact: bool
    """Whether each row is a full refit; else it is one Newton step from the fit of all votes."""
    scale: float

    @property
    def undefined(self) -> tuple[Hashable, ...]:
        """Raters or prompts without which no finite ratings exist: the board rests on each of them alone."""
        missing = np.isnan(self.without[:, 0])
        return tuple(label for label, lost in zip(self.labels, missing.tolist(), strict=True) if lost)

    def rows(self) -> tuple[Range, ...]:
        """Return one row for each contender, best first.

        Extremes are over all votes, and over each rater or prompt whose absence leaves finite ratings.
        """
        defined = ~np.isnan(self.without[:, 0])
        labels = (None, *(label for label, kept in zip(self.labels, defined.tolist(), strict=True) if kept))
        each = np.vstack((self.strengths, self.without[defined]))
        ratings = MEAN_RATING + self.scale * each
        ranks = (each[:, None, :] > each[:, :, None]).sum(axis=2) + 1
        low, high = ratings.argmin(axis=0), ratings.argmax(axis=0)
        rows = (
            Range(
                contender=name,
                rating=float(ratings[0, i]),
                lowest=float(ratings[low[i], i]),
                lowest_without=labels[low[i]],
                highest=float(ratings[high[i], i]),
                highest_without=labels[high[i]],
                rank=int(ranks[0, i]),
                best_rank=int(ranks[:, i].min()),
                worst_rank=int(ranks[:, i].max()),
            )
            for i, name in enumerate(self.contenders)
        )
        return tuple(sorted(rows, key=lambda row: -row.rating))

    def table(self) -> pd.DataFrame:
        """Return `rows` as a DataFrame."""
        import pandas as pd  # the web process loads this module and needs no pandas

        return pd.DataFrame(self.rows(), columns=list(Range._fields))


def leave_one_out(
    votes: Votes,
    kind: Cluster,
    *,
    exact_up_to: int = EXACT_UP_TO,
    scale: float = ELO_SCALE,
    **model: Unpack[Model],
) -> LeaveOneOut:
    """Rate the contenders without each rater, or each prompt, in turn; ratings are about a mean of 1000.

    Args:
        votes: the votes.
        kind: `rater` or `prompt`.
        exact_up_to: how many are left out by full refits; if there are more, each is by one Newton step.
        scale: rating points for one unit of log-odds.
        model: `ties`, `both_bad`, `effects`, `covariates`, `ridge`, as for `fit`; nothing else that `fit`
            takes: no tie effects, no propensities, and no policy but separation='error'.

    Raises:
        ValueError: the votes do not record the kind, or only one of it, or an argument is unknown.
        NotIdentified: the votes have no finite ratings.
    """
    refits = Refits.of(votes, model)
    pool = ClusterPool(refits, votes, kind, "Leaving one out")
    exact = len(pool.labels) <= exact_up_to
    without = np.full((len(pool.labels), len(votes.contenders)), np.nan)
    for place, row in enumerate(without):
        removed = pool.removed(np.array([place]), 1)
        try:
            row[:] = refits.without(removed).strengths if exact else refits.one_step(removed)
        except NotIdentified:
            continue
    return LeaveOneOut(votes.contenders, kind, pool.labels, refits.full.strengths, without, exact, scale)
