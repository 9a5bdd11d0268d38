"""The cluster-robust sandwich: covariance when votes of one rater or prompt depend on each other.

K.-Y. Liang, S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73 (1986);
two kinds of cluster: A. C. Cameron, J. B. Gelbach, D. L. Miller, Journal of Business & Economic Statistics 29
(2011).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arguments import Correction
from elo.arrays import Floats
from elo.intervals import compiled
from elo.intervals.leaving_out import leave_out, meat_of, member_pairs
from elo.intervals.meat import paired_meat
from elo.intervals.rows import Rows
from elo.intervals.scores import Fitted

FEW_CLUSTERS = 2000
LARGE_LEVERAGE = 0.05
"""Leverage of a cluster, trace(H^-1 H_g): at least its share of any contrast's information."""


class Clustered(NamedTuple):
    """A covariance, and the parameters that rest on a single cluster in some direction."""

    covariance: Floats
    """Covariance of all parameters, shape (P, P)."""
    alone: NDArray[np.bool_]
    """Parameters that one cluster alone ties to the rest, shape (P,)."""


def clustered_sandwich(fitted: Fitted, rows: Rows, correction: Correction) -> Clustered:
    """Return the cluster-robust covariance, H^-1 (sum_g s_g s_g') H^-1, with the scores s_g of G clusters.

    `CR0` is this formula; `CR1` multiplies it by G / (G - 1); `CR3` is the one-step jackknife. Leaving out
    cluster g moves the parameters by about d_g = -(H - H_g)^-1 s_g, with the information H and the cluster's
    own H_g; the covariance is (G - 1) / G sum_g d_g d_g' (CV3 of MacKinnon and White 1985, Journal of
    Econometrics 29; for clusters Bell and McCaffrey 2002, Survey Methodology 28; in scores: MacKinnon,
    Nielsen and Webb 2023, Journal of Applied Econometrics 38). Among more than `FEW_CLUSTERS`, those with no
    more than `LARGE_LEVERAGE` keep H for H - H_g: the two then agree. The same holds for a cluster that is
    the only source of information in some direction.
    """
    bread, factor = fitted.solution.inverse, _factor(correction, rows.groups)
    leverage = _leverages(fitted, rows) if correction == "CR3" else np.zeros(rows.groups)
    chosen = _chosen(leverage) if correction == "CR3" else np.zeros(rows.groups, dtype=bool)
    found = leave_out(fitted, rows, chosen, leverage)
    covariance = found.shifts
    if not chosen.all():
        covariance = covariance + bread @ meat_of(fitted, rows, ~chosen) @ bread
    return Clustered(covariance * factor, found.alone)


def _factor(correction: Correction, groups: int) -> float:
    return {"CR0": 1.0, "CR1": groups / (groups - 1), "CR3": (groups - 1) / groups}[correction]


def intersected(fitted: Fitted, first: Rows, second: Rows, correction: Correction) -> Floats:
    """Return the covariance by clusters of both kinds at once, shape (P, P); both have the same rows."""
    if compiled.worth_compiling(len(first.cell)):
        columns = (compiled.Column(each.cluster, each.groups) for each in (first, second))
        found = paired_meat(replace(fitted.scores, cell=first.cell), first.weight, *columns)
        small = found.pairs > FEW_CLUSTERS and found.most_votes * _leverage(fitted).max() <= LARGE_LEVERAGE
        if small or correction != "CR3":
            bread = fitted.solution.inverse
            return bread @ found.meat @ bread * _factor(correction, found.pairs)
    pair = first.cluster.astype(np.int64) * second.groups + second.cluster
    number = np.unique(pair, return_inverse=True)[1]
    rows = Rows(number, first.cell, first.weight, int(number.max()) + 1)
    return clustered_sandwich(fitted, rows, correction).covariance


def worth_leaving_out(fitted: Fitted, rows: Rows) -> NDArray[np.bool_]:
    """Return the clusters that are too large to be taken for a small part of all votes, shape (G,)."""
    return _chosen(_leverages(fitted, rows))


def _chosen(leverage: Floats) -> NDArray[np.bool_]:
    return np.full(len(leverage), len(leverage) <= FEW_CLUSTERS) | (leverage > LARGE_LEVERAGE)


def _leverages(fitted: Fitted, rows: Rows) -> Floats:
    """Return the leverage of each cluster, shape (G,), or an upper bound where all are small."""
    each = _leverage(fitted)
    if rows.groups > FEW_CLUSTERS and each.max() * rows.votes.max() <= LARGE_LEVERAGE:
        bound: Floats = each.max() * rows.votes
        return bound
    return rows.sums(each)


def _leverage(fitted: Fitted) -> Floats:
    """Return the leverage of one vote of each cell, shape (C,)."""
    own = fitted.solution.inverse.ravel()[member_pairs(fitted)]
    leverage: Floats = (own * fitted.informations).sum(axis=(0, 1))
    return leverage
