"""Covariance of the strengths when votes of one cluster (a rater, a prompt) depend on each other: CR3."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from elo.models.bradley_terry import (
    Solution,
    centred_inverse,
    difference_variances,
    laplacian,
    win_probabilities,
)
from elo.models.identification import NotIdentified
from elo.votes.table import Votes
from elo.votes.tally import HALF_CREDIT, Floats

FEW_CLUSTERS = 2000
LARGE_LEVERAGE = 0.05
"""Of a cluster, trace(H^+ H_g): at least the share of any contrast's information that it holds."""
BLOCK_CELLS = 4_000_000
"""Numbers in one stack of leave-one-out tables: 32 MB each."""


def jackknife(votes: Votes, solution: Solution, cluster: NDArray[np.integer], name: str) -> Floats:
    """One-step cluster jackknife of the Bradley-Terry strengths.

    Leaving out cluster g moves the strengths by about d_g = -(H - H_g)^+ s_g, with the information H, the
    cluster's own H_g and its score s_g; the covariance is (G - 1) / G sum_g d_g d_g' (CV3 of MacKinnon and
    White 1985, Journal of Econometrics 29; for clusters Bell and McCaffrey 2002, Survey Methodology 28; in
    scores: MacKinnon, Nielsen and Webb 2023, Journal of Applied Econometrics 38). Among more than
    `FEW_CLUSTERS`, those with no more than `LARGE_LEVERAGE` keep H for H - H_g, as CR1 does: the two then
    agree.

    Args:
        votes: the votes fitted.
        solution: their fit.
        cluster: shape (N,), each vote's cluster as 0, 1, 2, ... without a gap.
        name: what a cluster is, for errors.

    Returns:
        Shape (K, K).

    Raises:
        ValueError: there is only one cluster.
        NotIdentified: some contenders are linked to the others within a single cluster only.
    """
    groups = int(cluster.max()) + 1
    if groups < 2:
        raise ValueError(
            f"All votes have the same {name}, so nothing shows how much {name}s differ. "
            f"Leave {name!r} out of clusters=, or collect votes from more {name}s."
        )
    scores = _scores(votes, solution, cluster, groups)
    left_out = _worth_leaving_out(votes, solution, cluster, groups)
    kept = scores[np.flatnonzero(~left_out)]
    bread = centred_inverse(solution.information)
    covariance: Floats = bread @ (kept.T @ kept).toarray() @ bread
    for block, met in _tables(votes, cluster, np.flatnonzero(left_out)):
        shifts = _shifts(votes, solution, met, scores[block].toarray(), name)
        covariance += shifts.T @ shifts
    return covariance * (groups - 1) / groups


def _scores(votes: Votes, solution: Solution, cluster: NDArray[np.integer], groups: int) -> csr_array:
    """Shape (G, K): each cluster's gradient of the log-likelihood, sum of (credit - p_ab)(e_a - e_b)."""
    p = win_probabilities(solution.strengths)
    residual = votes.weight * (HALF_CREDIT[votes.outcome] - p[votes.contender_a, votes.contender_b])
    values = np.concatenate((residual, -residual))
    places = (np.concatenate((cluster, cluster)), np.concatenate((votes.contender_a, votes.contender_b)))
    return csr_array((values, places), shape=(groups, len(p)))


def _worth_leaving_out(
    votes: Votes, solution: Solution, cluster: NDArray[np.integer], groups: int
) -> NDArray[np.bool_]:
    if groups <= FEW_CLUSTERS:
        return np.ones(groups, dtype=bool)
    p = win_probabilities(solution.strengths)
    each = p * p.T * difference_variances(centred_inverse(solution.information))
    leverage = votes.weight * each[votes.contender_a, votes.contender_b]
    return np.bincount(cluster, weights=leverage) > LARGE_LEVERAGE


def _tables(
    votes: Votes, cluster: NDArray[np.integer], chosen: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    """Yield blocks of the chosen clusters with who met whom in each: shape (block, K, K)."""
    size = len(votes.contenders)
    for block in np.array_split(chosen, len(chosen) * size**2 // BLOCK_CELLS + 1):
        place = np.full(cluster.max() + 1, -1)
        place[block] = np.arange(len(block))
        rows = place[cluster] >= 0
        shape = (len(block), size, size)
        cell = np.ravel_multi_index(
            (place[cluster[rows]], votes.contender_a[rows], votes.contender_b[rows]), shape
        )
        counts = np.bincount(cell, weights=votes.weight[rows], minlength=len(block) * size**2)
        met = counts.astype(np.float64).reshape(shape)
        yield block, met + met.transpose(0, 2, 1)


def _shifts(votes: Votes, solution: Solution, met: Floats, scores: Floats, name: str) -> Floats:
    """Shape (block, K): how far one Newton step moves the strengths when each cluster is left out."""
    remaining = votes.tally().met - met
    _require_connected(votes, remaining, name)
    p = win_probabilities(solution.strengths)
    level = np.trace(solution.information) / len(p) ** 2
    # A constant added to a connected Laplacian makes it regular and changes nothing for centred vectors.
    return -np.linalg.solve(laplacian(remaining * p * p.T) + level, scores[:, :, None])[:, :, 0]


def _require_connected(votes: Votes, remaining: Floats, name: str) -> None:
    """Walk from contender 0 along the pairs that still meet, in all tables of the stack at once."""
    meets = remaining > 0
    reached = np.zeros(remaining.shape[:2], dtype=bool)
    reached[:, 0] = True
    before = 0
    while (now := int(reached.sum())) > before:
        before = now
        reached |= np.matmul(reached[:, None, :], meets)[:, 0]
    if not reached.all():
        table = int(np.argmin(reached.all(axis=1)))
        cut = min(reached[table], ~reached[table], key=np.count_nonzero)
        listed = ", ".join(votes.contenders[member] for member in np.flatnonzero(cut))
        raise NotIdentified(
            f"All votes between {listed} and the other contenders share one {name}, so no interval by {name} "
            f"exists. Collect votes from more {name}s, or leave {name!r} out of clusters=."
        )
