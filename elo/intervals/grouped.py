"""Covariance clustered on prompts and raters from counts by cluster: the cost does not depend on the votes.

The formulas are those of `covariance.clustered`. A cluster's score s_g and information H_g are linear in its
counts. The meat by single raters on single prompts is S Q S', with the products of counts Q and the scores S
of one vote each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from elo.arguments import Cluster, Correction
from elo.arrays import Floats, product
from elo.intervals.cluster_counts import ClusterCounts
from elo.intervals.clustered import FEW_CLUSTERS, LARGE_LEVERAGE, Clustered
from elo.intervals.covariance import Covariance, combined
from elo.intervals.rows import Rows
from elo.intervals.scores import Fitted
from elo.models.grouped import GroupedVotes, features_of

MOST_SHARE = 0.5
"""Share of the information in any direction above which a cluster needs the votes: steps converge slowly."""
TOLERANCE = 1e-12
"""Error of a shift, as a share of the largest shift."""
MOST_STEPS = 60


class NeedsVotes(Exception):
    """Counts for which only the votes themselves give the covariance."""


@dataclass(frozen=True, eq=False)
class Units:
    """Scores and informations of one vote of each feature."""

    scores: scipy.sparse.csr_array
    """Shape (P, F J)."""
    informations: scipy.sparse.csr_array
    """Shape (P P, F J)."""
    leverage: Floats
    """Shape (F J,)."""
    pairs: int
    """Number of pairs with votes, M; there are F features of each."""
    places: NDArray[np.intp]
    """Place of each feature in the grouped counts, shape (F J,): pairs without votes are left out."""


def grouped_covariance(
    fitted: Fitted,
    votes: GroupedVotes,
    clusters: Sequence[Cluster],
    correction: Correction,
    *,
    floored: bool,
) -> Covariance:
    """Return the covariance for votes that share prompts, raters or both, from counts.

    Two kinds of cluster are combined as by Cameron, Gelbach and Miller 2011.

    Args:
        fitted: the optimum of the votes' tally.
        votes: the counts.
        clusters: `prompt`, `rater` or both.
        correction: `CR3`, `CR1` or `CR0`.
        floored: whether variances have a floor.

    Raises:
        NeedsVotes: a cluster is too large, or there are too few.
    """
    units = _units(fitted, votes)
    tables: dict[str, Rows | ClusterCounts] = {}
    ways: dict[str, Clustered] = {}
    for name in clusters:
        table = ClusterCounts(_among(getattr(votes, name), units), votes.by_contender(name))
        tables[name], ways[name] = table, _sandwich(fitted, units, table, correction)
    both = _intersected(fitted, units, votes, correction) if len(tables) == 2 else None
    return combined(fitted, tables, ways, both, correction, floored=floored)


def _units(fitted: Fitted, votes: GroupedVotes) -> Units:
    """Lay out the scores and informations of the cells that stand for one feature each."""
    cells, design = fitted.cells, fitted.problem.design
    meetings, size = cells.meetings, design.parameters
    features = features_of(votes.specification)
    cell = (features[:, None] * meetings + np.arange(meetings)).ravel()
    members, values = fitted.scores.members[:, cell], fitted.scores.values[:, cell]
    unit = np.broadcast_to(np.arange(len(cell)), members.shape)
    shape = (size, len(cell))
    scores = scipy.sparse.csr_array((values.ravel(), (members.ravel(), unit.ravel())), shape=shape)

    # The information about each two members, at its place in a flat (P, P) matrix.
    places = members[:, None] * size + members[None]
    each = fitted.informations[:, :, cell]
    units = np.broadcast_to(np.arange(len(cell)), places.shape)
    shape = (size * size, len(cell))
    informations = scipy.sparse.csr_array((each.ravel(), (places.ravel(), units.ravel())), shape=shape)
    leverage = np.asarray(fitted.solution.inverse.ravel() @ informations)
    return Units(scores, informations, leverage, meetings, _places(fitted, votes))


def _places(fitted: Fitted, votes: GroupedVotes) -> NDArray[np.intp]:
    """Return the places of the meetings' features, shape (F M,), where pairs are in the order of triu."""
    size = len(votes.contenders)
    a, b = fitted.cells.contender_a, fitted.cells.contender_b
    pair = a * size - a * (a + 1) // 2 + b - a - 1
    features = np.arange(len(features_of(votes.specification)))
    return (features[:, None] * (size * (size - 1) // 2) + pair).ravel()


def _sandwich(fitted: Fitted, units: Units, table: ClusterCounts, correction: Correction) -> Clustered:
    bread, scores = fitted.solution.inverse, np.asarray(units.scores @ table.counts)
    if table.groups < 2:
        raise NeedsVotes
    chosen, leverage = (
        np.zeros(scores.shape[1], dtype=bool),
        np.einsum("f,fg->g", units.leverage, table.counts),
    )
    if correction == "CR3":
        chosen = (leverage > LARGE_LEVERAGE) | (table.groups <= FEW_CLUSTERS)
    shifts = product(bread, scores)
    if chosen.any():
        own = _informations(units, table.counts if chosen.all() else table.counts[:, chosen])
        _require_small(fitted, own[:, :, leverage[chosen] > MOST_SHARE])
        shifts[:, chosen] = _left_out(fitted, own, scores[:, chosen], float(leverage.max()))
    covariance = product(shifts, shifts.T) * _factor(correction, table.groups)
    return Clustered(covariance, np.zeros(len(bread), dtype=bool))


def _informations(units: Units, counts: Floats) -> Floats:
    """Return the information of each cluster, shape (P, P, G)."""
    size, pairs = units.scores.shape[0], units.pairs
    each = units.informations
    features = [each[:, first : first + pairs] for first in range(0, each.shape[1], pairs)]
    if all(abs(other - features[0]).max() == 0 for other in features[1:]):
        # The outcome does not matter: add up the votes of a pair first.
        counts, each = counts.reshape(-1, pairs, counts.shape[1]).sum(axis=0), features[0]
    return np.asarray(each @ counts).reshape(size, size, -1)


def _require_small(fitted: Fitted, own: Floats) -> None:
    """Raise NeedsVotes if a cluster has a large share of the information in some direction.

    Args:
        fitted: the optimum.
        own: information of each cluster whose leverage, the sum of its shares, does not rule that out, shape
            (P, P, G).
    """
    if own.shape[2]:
        whole = fitted.problem.regular(fitted.solution.information)
        whiten = np.linalg.inv(np.linalg.cholesky(whole))
        if np.linalg.eigvalsh(whiten @ own.transpose(2, 0, 1) @ whiten.T).max() > MOST_SHARE:
            raise NeedsVotes


def _left_out(fitted: Fitted, own: Floats, scores: Floats, leverage: float) -> Floats:
    """Return (H - H_g)^-1 s_g, shape (P, G), by the steps d <- H^-1 (s_g + H_g d).

    A step shrinks errors by the largest share of the information, which is at most `MOST_SHARE` and at most
    the leverage r. So the error after a step is at most r / (1 - r) times the step.
    """
    regular = fitted.problem.regular(fitted.solution.information)
    whole = np.linalg.inv(regular).astype(np.float64, copy=False)
    shrunk = min(leverage, MOST_SHARE)
    first = product(whole, scores)
    shifts = first
    for _ in range(MOST_STEPS):
        after: Floats = first + product(whole, np.einsum("pqg,qg->pg", own, shifts))
        error = np.abs(after - shifts).max() * shrunk / (1 - shrunk)
        shifts = after
        if error <= TOLERANCE * np.abs(shifts).max():
            return shifts
    raise NeedsVotes


def _intersected(fitted: Fitted, units: Units, votes: GroupedVotes, correction: Correction) -> Floats:
    """Return the covariance by single raters on single prompts, shape (P, P)."""
    small = votes.pairs > FEW_CLUSTERS and votes.most_votes * units.leverage.max() <= LARGE_LEVERAGE
    if votes.pairs < 2 or (correction == "CR3" and not small):
        raise NeedsVotes
    products = _among(votes.products, units)
    if len(products) < len(votes.products):
        products = products[:, units.places]
    half = np.asarray(units.scores @ products)
    meat = np.asarray(units.scores @ half.T)
    bread = fitted.solution.inverse
    covariance: Floats = bread @ meat @ bread * _factor(correction, votes.pairs)
    return covariance


def _among(table: Floats, units: Units) -> Floats:
    """Keep the features of pairs with votes, shape (F J, n)."""
    return table if len(units.places) == len(table) else table[units.places]


def _factor(correction: Correction, groups: int) -> float:
    return {"CR0": 1.0, "CR1": groups / (groups - 1), "CR3": (groups - 1) / groups}[correction]
