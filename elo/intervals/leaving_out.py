"""Shifts of the parameters when clusters are left out, (H - H_g)^-1 s_g, for many clusters at once.

H is the information of all votes, H_g that of cluster g and s_g its score. A cluster with a small part of the
information is solved by conjugate gradients with H as preconditioner: M. R. Hestenes, E. Stiefel, "Methods of
conjugate gradients for solving linear systems", Journal of Research of the National Bureau of Standards 49
(1952). Each step multiplies by H_g, which is a pass over the cluster's votes. Other clusters are solved by
elimination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.intervals import compiled
from elo.intervals.meat import DENSE, cluster_scores, clustered_meat
from elo.intervals.rows import Rows
from elo.intervals.scores import Fitted
from elo.intervals.sorted_rows import sort_rows
from elo.models.design import summed
from elo.models.identification import moved

ITERATED_LEVERAGE = 0.5
"""Leverage, trace(H^-1 H_g), up to which a cluster is solved by conjugate gradients.

The trace bounds the largest eigenvalue of H^-1 H_g. So H - H_g has eigenvalues between 0.5 and 1 relative to
H, and each step shrinks the error by a factor of at most (sqrt(2) - 1) / (sqrt(2) + 1) = 0.17."""
TOLERANCE = 1e-11
"""Error of a shift d that the steps leave, in the norm sqrt(d' (H - H_g) d), as a share of the shift's."""
MOST_STEPS = 40
"""Number of steps, of which the bound above needs 15; what rounding errors hold up longer is eliminated."""
BLOCK_NUMBERS = 4_000_000
"""Numbers in one stack of matrices or shifts: 32 MB each."""
ALONE = 1e-8
"""Share of a direction's information left without a cluster below which that cluster alone holds it."""

Product = Callable[[Floats], Floats]
"""Multiplication of a vector for each cluster, (G, P), by that cluster's information H_g."""


class LeftOut(NamedTuple):
    """Sums over the clusters that were left out, each in its turn."""

    shifts: Floats
    """Sum of shift times shift', shape (P, P)."""
    alone: NDArray[np.bool_]
    """Parameters that one cluster alone ties to the rest, shape (P,)."""


class Shifts(NamedTuple):
    """Shifts of some clusters, shape (G, P), and what they alone hold."""

    shifts: Floats
    alone: NDArray[np.bool_]
    """Parameters that one of the clusters alone ties to the rest, shape (P,)."""


def leave_out(fitted: Fitted, rows: Rows, chosen: NDArray[np.bool_], leverage: Floats) -> LeftOut:
    """Return the products of the shifts, summed over the chosen clusters.

    Args:
        fitted: the optimum.
        rows: all rows by cluster.
        chosen: shape (G,), the clusters to leave out.
        leverage: shape (G,), trace(H^-1 H_g).
    """
    size = len(fitted.solution.inverse)
    total = LeftOut(np.zeros((size, size)), np.zeros(size, dtype=bool))
    for found in _found(fitted, rows, chosen, leverage):
        total.shifts[:] += found.shifts.T @ found.shifts
        total.alone[:] |= found.alone
    return total


def _found(fitted: Fitted, rows: Rows, chosen: NDArray[np.bool_], leverage: Floats) -> Iterator[Shifts]:
    """Yield the shifts of the chosen clusters; small ones that do not converge are eliminated."""
    whole, large = fitted.problem.regular(fitted.solution.information), chosen.copy()
    inverse: Floats = np.linalg.inv(whole).astype(np.float64, copy=False)
    nobody = np.zeros(len(whole), dtype=bool)
    for clusters, scores, product in _products(fitted, rows, chosen & (leverage <= ITERATED_LEVERAGE)):
        shifts, solved = conjugate_gradients(inverse, product, scores, leverage[clusters])
        large[clusters[solved]] = False
        yield Shifts(shifts[solved], nobody)
    if large.any():
        for block in rows.of(large).blocks(BLOCK_NUMBERS // len(whole) ** 2 + 1):
            yield _eliminated(fitted, block)


def _products(
    fitted: Fitted, rows: Rows, chosen: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.intp], Floats, Product]]:
    """Yield blocks of the chosen clusters: their places (g,), scores (g, P), and the product with H_g."""
    places, size = np.flatnonzero(chosen), len(fitted.solution.inverse)
    if not len(places):
        return
    if compiled.worth_compiling(len(rows.cell)):
        whole, step = sort_rows(fitted, rows), BLOCK_NUMBERS // size + 1
        by_meeting = whole.by_meeting()
        for first in range(0, len(places), step):
            own = places[first : first + step]
            yield own, whole.of(own).scores(), by_meeting.of(own).multiply
        return
    first = 0
    for part in rows.of(chosen).blocks(BLOCK_NUMBERS // size**2 + 1):
        own = places[first : (first := first + part.groups)]
        yield own, _scores(fitted, part), _dense_product(_informations(fitted, part))


def _dense_product(informations: Floats) -> Product:
    return lambda vectors: np.matmul(informations, vectors[:, :, None])[:, :, 0]


def conjugate_gradients(
    inverse: Floats, product: Product, scores: Floats, leverage: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Solve (H - H_g) d = s_g for each cluster g.

    Args:
        inverse: H^-1, shape (P, P).
        product: multiplies by H_g.
        scores: s_g, shape (G, P).
        leverage: trace(H^-1 H_g), below 1, shape (G,).

    Returns:
        The solutions d, shape (G, P), and which of them met `TOLERANCE`, shape (G,).
    """
    shifts, residual = np.zeros_like(scores), scores.copy()
    direction = residual @ inverse
    mapped = residual.copy()  # H times the direction
    energy = _dots(residual, direction)

    # With A = H - H_g >= (1 - leverage) H, the error e has e'Ae <= r'H^-1 r / (1 - leverage) for the residual
    # r, and the solution has d'Ad >= s'H^-1 s.
    goal = TOLERANCE**2 * (1 - leverage) * energy
    for _ in range(MOST_STEPS):
        if (energy <= goal).all():
            break
        curved = mapped - product(direction)
        length = _ratios(energy, _dots(direction, curved))
        shifts += length * direction
        residual -= length * curved
        step = residual @ inverse
        before, energy = energy, _dots(residual, step)
        growth = _ratios(energy, before)
        direction = step + growth * direction
        mapped = residual + growth * mapped
    return shifts, energy <= goal


def _dots(first: Floats, second: Floats) -> Floats:
    products: Floats = np.einsum("gp,gp->g", first, second)
    return products


def _ratios(above: Floats, below: Floats) -> Floats:
    """Return shape (G, 1); 0 where a cluster has nothing left to do."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)[:, None]


def _eliminated(fitted: Fitted, block: Rows) -> Shifts:
    """Solve for each cluster of a block by elimination."""
    scores, own = _scores(fitted, block), _informations(fitted, block)
    whole = fitted.problem.regular(fitted.solution.information)

    # H - H_g, shape (G, P, P). The trace of a ridge keeps a matrix that a cluster alone made regular from
    # stopping the solver.
    remaining = whole * (1 + ALONE**1.5) - own

    # Solve for the scores, and for a random probe that shows which matrices are singular: (G, P, 2).
    probe = np.random.default_rng(0).normal(size=len(whole))
    sides = np.stack((scores, np.broadcast_to(probe, scores.shape)), axis=2)
    solved = np.linalg.solve(remaining, sides)
    shifts, probed = solved[:, :, 0], solved[:, :, 1]

    # Without a cluster the probe's solution grows by 1 / ALONE where that cluster alone holds a direction.
    energy = np.einsum("gp,pq,gq->g", probed, whole, probed, optimize=True)
    singular = energy * ALONE**2 > probe @ np.linalg.solve(whole, probe)
    alone = np.zeros(len(whole), dtype=bool)
    for group in np.flatnonzero(singular):
        shifts[group], held = _shift_without(whole, own[group], scores[group])
        for direction in held.T:
            alone |= moved(fitted.problem, direction)
    return Shifts(shifts, alone)


def _shift_without(whole: Floats, own: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Return the shift (P,), and directions (P, n) in which the cluster holds all information."""
    # Eigenvectors of H_g relative to H; an eigenvalue is the cluster's share of the information.
    whiten = np.linalg.inv(np.linalg.cholesky(whole))
    share, vectors = np.linalg.eigh(whiten @ own @ whiten.T)
    basis = whiten.T @ vectors

    # Directions that the cluster alone holds keep the whole information: no fit without it would have them.
    left = np.where(1 - share < ALONE, 1.0, 1 - share)
    return (basis / left) @ (basis.T @ score), basis[:, share > 1 - ALONE]


def meat_of(fitted: Fitted, rows: Rows, chosen: NDArray[np.bool_]) -> Floats:
    """Return the sum over the chosen clusters of score times score', shape (P, P)."""
    size = len(fitted.solution.inverse)
    if compiled.worth_compiling(len(rows.cell)) and rows.groups * size <= DENSE and not chosen.all():
        scores = sort_rows(fitted, rows).of(np.flatnonzero(chosen)).scores()
        return scores.T @ scores
    part = rows.of(chosen)
    own = replace(fitted.scores, cell=part.cell)
    return clustered_meat(own, part.weight, part.cluster, part.groups)


def _scores(fitted: Fitted, block: Rows) -> Floats:
    return cluster_scores(replace(fitted.scores, cell=block.cell), block.weight, block.cluster, block.groups)


def _informations(fitted: Fitted, block: Rows) -> Floats:
    """Return each cluster's part of the information, shape (G, P, P)."""
    size = len(fitted.solution.inverse)
    pairs, each = (
        stack.reshape(-1, stack.shape[-1]) for stack in (member_pairs(fitted), fitted.informations)
    )
    start = block.cluster.astype(np.intp) * size**2
    table = np.zeros(block.groups * size**2)
    for places, values in zip(pairs, each, strict=True):
        table += summed(start + places[block.cell], values[block.cell] * block.weight, len(table))
    return table.reshape(-1, size, size)


def member_pairs(fitted: Fitted) -> NDArray[np.intp]:
    """Return the places in a flat (P, P) matrix of each two members of a cell, shape (I, I, C)."""
    return np.tile(fitted.problem.design.pairs, 4)
