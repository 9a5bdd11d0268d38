"""The cluster-robust sandwich: covariance when votes of one rater or prompt depend on each other.

K.-Y. Liang, S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73 (1986);
two kinds of cluster: A. C. Cameron, J. B. Gelbach, D. L. Miller, Journal of Business & Economic Statistics 29
(2011).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arguments import Correction
from elo.arrays import Floats
from elo.intervals import compiled
from elo.intervals.meat import cluster_scores, clustered_meat, paired_meat
from elo.intervals.scores import Fitted
from elo.models.design import summed
from elo.models.identification import moved

FEW_CLUSTERS = 2000
LARGE_LEVERAGE = 0.05
"""Leverage of a cluster, trace(H^-1 H_g): at least its share of any contrast's information."""
BLOCK_NUMBERS = 4_000_000
"""Numbers in one stack of leave-one-out matrices: 32 MB each."""
ALONE = 1e-8
"""Share of a direction's information left without a cluster below which that cluster alone holds it."""


class Clustered(NamedTuple):
    """A covariance, and the parameters that rest on a single cluster in some direction."""

    covariance: Floats
    """Covariance of all parameters, shape (P, P)."""
    alone: NDArray[np.bool_]
    """Parameters that one cluster alone ties to the rest, shape (P,)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of votes by cluster."""

    cluster: NDArray[np.integer]
    """Cluster of each row as 0, 1, 2, ... without a gap, shape (N,)."""
    cell: NDArray[np.integer]
    weight: Floats
    groups: int

    @cached_property
    def votes(self) -> Floats:
        """Votes of each cluster, shape (G,)."""
        if compiled.worth_compiling(len(self.cell)):
            return compiled.votes_by_cluster(self.weight, self.cluster, self.groups)
        return np.bincount(self.cluster, self.weight, self.groups).astype(np.float64)

    def sums(self, value: Floats) -> Floats:
        """Return each cluster's weighted sum of a value of its rows' cells, (C,) to (G,)."""
        if compiled.worth_compiling(len(self.cell)):
            return compiled.sum_by_cluster(value, self.cell, self.weight, self.cluster, self.groups)
        return np.bincount(self.cluster, self.weight * value[self.cell], self.groups).astype(np.float64)

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the rows of the chosen clusters, shape (G,), sorted by cluster and renumbered."""
        kept = np.flatnonzero(chosen[self.cluster])
        number = (np.cumsum(chosen) - 1)[self.cluster[kept]].astype(np.min_scalar_type(self.groups))
        order = np.argsort(number, kind="stable")
        kept = kept[order]
        return Rows(number[order], self.cell[kept], self.weight[kept], int(chosen.sum()))


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
    left_out = worth_leaving_out(fitted, rows) if correction == "CR3" else np.zeros(rows.groups, dtype=bool)
    bread, scores = fitted.solution.inverse, replace(fitted.scores, cell=rows.cell)
    alone = np.zeros(len(bread), dtype=bool)
    covariance = np.zeros_like(bread)
    if not left_out.all():
        weight = rows.weight * ~left_out[rows.cluster] if left_out.any() else rows.weight
        covariance += bread @ clustered_meat(scores, weight, rows.cluster, rows.groups) @ bread
    for block in _blocks(rows, left_out, len(bread)):
        shifts, held = _shifts(fitted, block)
        covariance += shifts.T @ shifts
        alone |= held
    return Clustered(covariance * _factor(correction, rows.groups), alone)


def _factor(correction: Correction, groups: int) -> float:
    return {"CR0": 1.0, "CR1": groups / (groups - 1), "CR3": (groups - 1) / groups}[correction]


def intersected(fitted: Fitted, first: Rows, second: Rows, correction: Correction) -> Floats:
    """Return the covariance by clusters of both kinds at once, shape (P, P); both have the same rows."""
    groups = max(first.groups, second.groups)
    votes = min(first.votes.max(), second.votes.max())
    small = groups > FEW_CLUSTERS and votes * _leverage(fitted).max() <= LARGE_LEVERAGE
    if compiled.worth_compiling(len(first.cell)) and (small or correction != "CR3"):
        columns = (compiled.Column(each.cluster, each.groups) for each in (first, second))
        meat, pairs = paired_meat(replace(fitted.scores, cell=first.cell), first.weight, *columns)
        bread = fitted.solution.inverse
        return bread @ meat @ bread * _factor(correction, pairs)
    pair = first.cluster.astype(np.int64) * second.groups + second.cluster
    number = np.unique(pair, return_inverse=True)[1]
    rows = Rows(number, first.cell, first.weight, int(number.max()) + 1)
    return clustered_sandwich(fitted, rows, correction).covariance


def worth_leaving_out(fitted: Fitted, rows: Rows) -> NDArray[np.bool_]:
    """Return the clusters that are too large to be taken for a small part of all votes, shape (G,)."""
    if rows.groups <= FEW_CLUSTERS:
        return np.ones(rows.groups, dtype=bool)
    leverage = _leverage(fitted)
    if leverage.max() * rows.votes.max() <= LARGE_LEVERAGE:
        return np.zeros(rows.groups, dtype=bool)
    return rows.sums(leverage) > LARGE_LEVERAGE


def _leverage(fitted: Fitted) -> Floats:
    """Return the leverage of one vote of each cell, shape (C,)."""
    own = fitted.solution.inverse.ravel()[_pairs(fitted)]
    leverage: Floats = (own * fitted.informations).sum(axis=(0, 1))
    return leverage


def _blocks(rows: Rows, chosen: NDArray[np.bool_], parameters: int) -> Iterator[Rows]:
    """Yield the rows of the chosen clusters, as many clusters at a time as fit into memory."""
    if not chosen.any():
        return
    kept = rows.of(chosen)
    step = BLOCK_NUMBERS // parameters**2 + 1
    for first in range(0, kept.groups, step):
        last = min(first + step, kept.groups)
        part = slice(*np.searchsorted(kept.cluster, (first, last)))
        yield Rows(kept.cluster[part] - first, kept.cell[part], kept.weight[part], last - first)


def _shifts(fitted: Fitted, block: Rows) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the shift of the parameters when each cluster is left out, to first order.

    Returns:
        The shifts, shape (G, P), and which parameters a single cluster ties to the rest, shape (P,).
    """
    block_scores = replace(fitted.scores, cell=block.cell)
    scores = cluster_scores(block_scores, block.weight, block.cluster, block.groups)
    own = _informations(fitted, block)
    whole = fitted.problem.regular(fitted.solution.information)

    # H - H_g, shape (G, P, P). The trace of a ridge keeps a matrix that a cluster alone made regular from
    # stopping the solver.
    remaining = whole * (1 + ALONE**1.5) - own

    # Solve for the scores, and for a random probe that shows which matrices are singular: (G, P, 2).
    probe = np.random.default_rng(0).normal(size=len(whole))
    sides = np.stack((scores, np.broadcast_to(probe, scores.shape)), axis=2)
    solved = np.linalg.solve(remaining, sides)
    shifts, probed = -solved[:, :, 0], solved[:, :, 1]

    # Without a cluster the probe's solution grows by 1 / ALONE where that cluster alone holds a direction.
    energy = np.einsum("gp,pq,gq->g", probed, whole, probed, optimize=True)
    singular = energy * ALONE**2 > probe @ np.linalg.solve(whole, probe)
    alone = np.zeros(len(whole), dtype=bool)
    for group in np.flatnonzero(singular):
        shifts[group], held = _shift_without(whole, own[group], scores[group])
        for direction in held.T:
            alone |= moved(fitted.problem, direction)
    return shifts, alone


def _shift_without(whole: Floats, own: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Return the shift (P,), and directions (P, n) in which the cluster holds all information."""
    # Eigenvectors of H_g relative to H; an eigenvalue is the cluster's share of the information.
    whiten = np.linalg.inv(np.linalg.cholesky(whole))
    share, vectors = np.linalg.eigh(whiten @ own @ whiten.T)
    basis = whiten.T @ vectors

    # Directions that the cluster alone holds keep the whole information: no fit without it would have them.
    left = np.where(1 - share < ALONE, 1.0, 1 - share)
    return -(basis / left) @ (basis.T @ score), basis[:, share > 1 - ALONE]


def _informations(fitted: Fitted, block: Rows) -> Floats:
    """Return each cluster's part of the information, shape (G, P, P)."""
    size = len(fitted.solution.inverse)
    pairs, each = (stack.reshape(-1, stack.shape[-1]) for stack in (_pairs(fitted), fitted.informations))
    start = block.cluster.astype(np.intp) * size**2
    table = np.zeros(block.groups * size**2)
    for places, values in zip(pairs, each, strict=True):
        table += summed(start + places[block.cell], values[block.cell] * block.weight, len(table))
    return table.reshape(-1, size, size)


def _pairs(fitted: Fitted) -> NDArray[np.intp]:
    """Return the places in a flat (P, P) matrix of each two members of a cell, shape (I, I, C)."""
    return np.tile(fitted.problem.design.pairs, 4)
