"""Covariance of the parameters, for independent votes and for votes that share raters or prompts.

Sandwiches (Huber 1967; White 1982; Liang and Zeger 1986) and their floors; Student's t where clusters are
few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import NDArray

from elo.arguments import Correction
from elo.arrays import Floats
from elo.intervals.cluster_counts import ClusterCounts
from elo.intervals.clustered import Clustered, clustered_sandwich, intersected
from elo.intervals.meat import independent_meat
from elo.intervals.rows import Rows
from elo.intervals.scarcity import model_floor
from elo.intervals.scores import Fitted
from elo.models.bradley_terry import difference_variances
from elo.models.cells import numbered

ROUNDING = 1e-9
"""Share of the largest variance below which a negative one is rounding error."""
ONE_WAY, INDEPENDENT = "the one-way standard errors", "those of independent votes"
MODEL = "the model's where votes or clusters are few"


@dataclass(frozen=True, eq=False)
class Covariance:
    """Covariance of the strengths' errors, in log-odds squared."""

    matrix: Floats
    """Covariance, shape (K, K)."""
    floors: tuple[Floats, ...]
    """Covariances that no variance of an interval may fall below, shape (K, K) each."""
    recipe: str
    clusters: Mapping[str, int]
    """Number of clusters of each kind."""
    extras: Floats = field(default_factory=lambda: np.zeros(0))
    """Variances of the parameters besides strengths, shape (E,)."""
    alone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Contenders or parameters that a single cluster ties to the rest, by kind of cluster."""
    with_floor: Covariance | None = None
    """Covariance with the floor as one more contender, the last; None if the floor is not a parameter."""
    independent: Floats | None = None
    """Sandwich as if votes were independent, shape (K, K); None without clusters."""
    one_way: Mapping[str, Floats] = field(default_factory=dict)
    """Sandwich by each kind of cluster alone, shape (K, K) each."""
    component: NDArray[np.integer] | None = None
    """Group of each contender, shape (K,): 0 for the largest whose ratings are finite, the others from 1.

    The votes do not limit how far groups are apart. None where there is one group."""
    effective: float | None = None
    """Effective number of clusters of the scarcest kind: (sum of votes)^2 / sum of squares (Kish 1965).

    The far tails that joint limits rest on follow it. None without clusters."""

    @property
    def degrees_of_freedom(self) -> int | None:
        """Degrees of freedom of Student's t: the fewest clusters less one; None (normal) without clusters."""
        return min(self.clusters.values()) - 1 if self.clusters else None

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """Whether a contender is in the largest group whose ratings are finite, shape (K,)."""
        label = np.zeros(len(self.matrix), dtype=np.intp) if self.component is None else self.component
        comparable: NDArray[np.bool_] = np.equal(label, 0)
        return comparable

    def variances(self, contrasts: Floats) -> Floats:
        """Return variances of sums of strengths, from weights of shape (n, K); infinite between groups.

        NaN where a two-way variance without a floor came out negative.
        """
        highest = self._highest(lambda matrix: ((contrasts @ matrix) * contrasts).sum(axis=1))
        return highest if self.component is None else highest + _infinite(self._between(contrasts))

    def difference_variances(self) -> Floats:
        """Return variances of strength i less strength j, shape (K, K); infinite between groups."""
        highest = self._highest(difference_variances)
        if self.component is None:
            return highest
        return highest + _infinite(np.not_equal.outer(self.component, self.component))

    def quantile(self, tail: float) -> float:
        """Return the number of standard errors that leaves probability `tail` above it."""
        return quantile(self.degrees_of_freedom, tail)

    def _highest(self, variances: Callable[[Floats], Floats]) -> Floats:
        highest: Floats = np.max([variances(matrix) for matrix in (self.matrix, *self.floors)], axis=0)
        return _without_negative(highest, np.abs(np.diag(self.matrix)).max())

    def _between(self, contrasts: Floats) -> NDArray[np.bool_]:
        """Return whether a contrast puts the strengths of one group against those of another, shape (n,)."""
        label = np.zeros(len(self.matrix), dtype=np.intp) if self.component is None else self.component
        groups = np.eye(int(label.max()) + 1)[label]
        return np.asarray(np.abs(contrasts @ groups).max(axis=1) > 1e-9)


def quantile(degrees_of_freedom: float | None, tail: float) -> float:
    """Return the quantile with probability `tail` above it: of Student's t, or normal for None."""
    if degrees_of_freedom is None:
        return -NormalDist().inv_cdf(tail)
    return -float(scipy.special.stdtrit(degrees_of_freedom, tail))


def _without_negative(variances: Floats, largest: float) -> Floats:
    """Replace variances that are negative beyond rounding error by NaN."""
    return np.where(variances < -ROUNDING * largest, np.nan, np.maximum(variances, 0))


def _infinite(where: NDArray[np.bool_]) -> Floats:
    return np.where(where, np.inf, 0.0)


def model_based(fitted: Fitted) -> Covariance:
    """Return the inverse information: valid if the model holds and votes are independent and count once."""
    return covariance_of(fitted, fitted.solution.inverse, {}, "inverse information of the model", {})


def without_intervals(fitted: Fitted) -> Covariance:
    """Return a covariance of NaN: the errors are unknown."""
    unknown = np.full_like(fitted.solution.inverse, np.nan)
    return covariance_of(fitted, unknown, {}, "none", {})


def independent(fitted: Fitted, *, floored: bool = True) -> Covariance:
    """Return the sandwich H^-1 M H^-1 of independent votes (Huber 1967; White 1982, Econometrica 50).

    M adds up each vote's score times its transpose.

    Args:
        fitted: the optimum.
        floored: whether no variance may fall below `model_floor`.
    """
    floors = {MODEL: model_floor(fitted)} if floored else {}
    recipe = "sandwich for independent votes" + _bare(floored)
    return covariance_of(fitted, _independent(fitted), floors, recipe, {})


def clustered(
    fitted: Fitted,
    columns: Mapping[str, NDArray[np.integer]],
    correction: Correction,
    *,
    floored: bool = True,
) -> Covariance:
    """Return the covariance for votes that share prompts, raters or both.

    With two kinds of cluster it is that of one plus that of the other less that of their intersection
    (Cameron, Gelbach and Miller 2011, Journal of Business & Economic Statistics 29, section 2). Floored,
    negative eigenvalues are set to zero, and no variance falls below a one-way one, that of independent votes
    (a contender that a single cluster ties to the rest must not look certain) or `model_floor`.

    Args:
        fitted: the optimum, with the rows of its votes.
        columns: one or two kinds of cluster, each with a code for every row, shape (N,).
        correction: `CR3`, `CR1` or `CR0`.
        floored: whether to floor.

    Raises:
        ValueError: all votes are of one cluster.
    """
    rows = {name: rows_by(fitted, column, name) for name, column in columns.items()}
    ways = {name: clustered_sandwich(fitted, each, correction) for name, each in rows.items()}
    first, *second = rows.values()
    both = intersected(fitted, first, second[0], correction) if second else None
    return combined(fitted, rows, ways, both, correction, floored=floored)


def combined(
    fitted: Fitted,
    rows: Mapping[str, Rows | ClusterCounts],
    ways: Mapping[str, Clustered],
    both: Floats | None,
    correction: Correction,
    *,
    floored: bool,
) -> Covariance:
    """Combine the covariances `ways`, by each kind of cluster, and `both`, shape (P, P), as in `clustered`.

    `both` is by clusters of both kinds at once; None with one kind.
    """
    one_way = [way.covariance for way in ways.values()]
    matrix = one_way[0] if both is None else one_way[0] + one_way[1] - both
    plain, floors = _independent(fitted), {}
    if floored and len(rows) == 2:
        matrix = _positive_semidefinite(matrix)
        floors = dict(zip((ONE_WAY, ""), one_way, strict=True))
    if floored:
        floors |= {INDEPENDENT: plain, MODEL: model_floor(fitted, tuple(rows.values()))}
    errors = covariance_of(
        fitted,
        matrix,
        floors,
        f"{'two-way ' * (len(rows) > 1)}{correction} by {' and '.join(rows)}{_bare(floored)}",
        clusters={name: each.groups for name, each in rows.items()},
        alone={name: _names(fitted, way.alone) for name, way in ways.items() if way.alone.any()},
    )
    size = fitted.problem.contenders
    return replace(
        errors,
        effective=min(_effective(each) for each in rows.values()),
        independent=plain[:size, :size],
        one_way={name: way.covariance[:size, :size] for name, way in ways.items()},
    )


def of_draws(
    fitted: Fitted,
    drawn: Floats,
    recipe: str,
    columns: Mapping[str, NDArray[np.integer]],
    *,
    floored: bool = True,
) -> Covariance:
    """Return the covariance of a bootstrap's estimates, floored: resamples of few votes vary too little.

    Args:
        fitted: the optimum, with the rows of its votes if there are clusters.
        drawn: shape (P, P).
        recipe: how it was drawn.
        columns: the clusters that were drawn, each of shape (N,).
        floored: whether no variance may fall below `model_floor`.
    """
    rows = {name: rows_by(fitted, column, name) for name, column in columns.items()}
    floors = {MODEL: model_floor(fitted, tuple(rows.values()))} if floored else {}
    clusters = {name: each.groups for name, each in rows.items()}
    return covariance_of(fitted, drawn, floors, recipe + _bare(floored), clusters)


def _bare(floored: bool) -> str:
    """Return what a recipe says of variances that have no floor."""
    return "" if floored else ", without a floor"


def _effective(rows: Rows | ClusterCounts) -> float:
    return float(rows.votes.sum() ** 2 / (rows.votes**2).sum())


def rows_by(fitted: Fitted, column: NDArray[np.integer], name: str) -> Rows:
    """Return the rows that the model uses, by cluster, from each row's cluster, shape (N,).

    Raises:
        ValueError: all are of one cluster.
    """
    cell, weight = fitted.scores.cell, fitted.scores.weight
    if cell is None or weight is None:
        raise ValueError(f"Cannot cluster by {name!r} from a tally. Give fit the Votes instead.")
    used: NDArray[np.bool_] = fitted.labels.max(axis=1) > 0
    if not used.all():
        kept = used[cell // fitted.cells.meetings]
        cell, weight, column = cell[kept], weight[kept], numbered(column[kept])
    groups = int(column.max()) + 1
    if groups < 2:
        raise ValueError(
            f"All votes have the same {name}, so nothing shows how much {name}s differ. "
            f"Leave {name!r} out of clusters=, or collect votes from more {name}s."
        )
    return Rows(column, cell, weight, groups)


def _independent(fitted: Fitted) -> Floats:
    bread = fitted.solution.inverse
    return bread @ independent_meat(fitted.scores) @ bread


def covariance_of(
    fitted: Fitted,
    matrix: Floats,
    floors: Mapping[str, Floats],
    recipe: str,
    clusters: Mapping[str, int],
    alone: Mapping[str, tuple[str, ...]] | None = None,
) -> Covariance:
    """Build a `Covariance` from the full matrix (P, P) and its named lower bounds."""
    size = fitted.problem.contenders
    last = size + len(fitted.problem.names)
    if fitted.solution.score_adjustment is not None and not fitted.problem.prompts:
        # Votes that Jeffreys' prior alone keeps finite scatter too little to show how little is known.
        floors = {**floors, "the inverse information": fitted.solution.inverse}
    named = [name for name in floors if name]
    recipe += f", floored at {_listed(named)}" * bool(named)
    component = fitted.solution.component

    def strengths_and(more: int) -> Covariance:
        end = size + more
        return Covariance(
            matrix=matrix[:end, :end],
            floors=tuple(floor[:end, :end] for floor in floors.values()),
            recipe=recipe,
            clusters=clusters,
            extras=_without_negative(
                np.max([np.diag(each)[size:last] for each in (matrix, *floors.values())], axis=0),
                np.abs(np.diag(matrix)[:last]).max(),
            ),
            alone=alone or {},
            component=None if component is None else component[:end],
        )

    floor = "floor" in fitted.problem.names
    return replace(strengths_and(0), with_floor=strengths_and(1) if floor else None)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _names(fitted: Fitted, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    names = (*fitted.cells.contenders, *fitted.problem.names)
    return tuple(name for name, one in zip(names, chosen, strict=False) if one)


def _positive_semidefinite(matrix: Floats) -> Floats:
    values, vectors = scipy.linalg.eigh(matrix)  # on one thread, unlike numpy’s
    repaired: Floats = (vectors * np.maximum(values, 0)) @ vectors.T
    return repaired
