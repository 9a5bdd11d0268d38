"""Removal of votes, raters or prompts, and how many of them it takes to turn a pair.

T. Broderick, R. Giordano, R. Meager, "An automatic finite-sample robustness metric" (2020).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from elo.arguments import Cluster
from elo.arrays import Floats
from elo.models.identification import NotIdentified
from elo.models.newton import NotConverged, Solution
from elo.raters.labels import clusters_of
from elo.robustness.refits import Refits
from elo.votes.table import Votes

Removable: TypeAlias = Literal["vote", "rater", "prompt"]
REORDERINGS = 3
"""Number of times that things are put in order anew, from the fit without those found so far."""


class Removed(NamedTuple):
    """One thing removed: a rater, a prompt, or equal votes."""

    label: Hashable
    votes: float


class Pool(Protocol):
    """Things that can be removed one by one."""

    @property
    def total(self) -> float:
        """Number of things that can be removed."""

    def order(self, influence: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return the helpful things, most influential first, and their cumulative influence, (n,) each.

        Args:
            influence: shape (4 M,), of one vote of each cell.
        """

    def removed(self, order: NDArray[np.intp], count: int) -> Floats:
        """Return the votes that leave each cell with the first `count` of `order` (n,), shape (4 M,)."""

    def names(self, order: NDArray[np.intp], count: int) -> tuple[Removed, ...]:
        """Name the first `count` things of `order`, shape (n,)."""


class VotePool:
    """Votes one by one; those of a cell are equal."""

    def __init__(self, refits: Refits) -> None:
        """Take the votes of a fit."""
        self._cells = refits.cells
        self._counts = np.floor(refits.cells.counts.ravel())

    @property
    def total(self) -> float:
        """Number of things that can be removed."""
        return float(self._cells.counts.sum())

    def order(self, influence: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return the helpful things, most influential first, and their cumulative influence, (n,) each.

        Args:
            influence: shape (4 M,), of one vote of each cell.
        """
        cells = np.argsort(-influence, kind="stable")
        helpful = np.where(influence > 0, self._counts, 0).astype(np.intp)
        each = np.repeat(cells, helpful[cells])
        return each, np.cumsum(influence[each])

    def removed(self, order: NDArray[np.intp], count: int) -> Floats:
        """Return the votes that leave each cell with the first `count` of `order` (n,), shape (4 M,)."""
        return np.bincount(order[:count], minlength=len(self._counts)).astype(np.float64)

    def names(self, order: NDArray[np.intp], count: int) -> tuple[Removed, ...]:
        """Name the first `count` things of `order`, shape (n,)."""
        gone = self.removed(order, count)
        ordered = dict.fromkeys(order[:count].tolist())
        return tuple(Removed(self._label(cell), float(gone[cell])) for cell in ordered)

    def _label(self, cell: int) -> str:
        outcome, meeting = divmod(cell, self._cells.meetings)
        a = self._cells.contenders[self._cells.contender_a[meeting]]
        b = self._cells.contenders[self._cells.contender_b[meeting]]
        return (f"{a} over {b}", f"{b} over {a}", f"{a} tied with {b}", f"{a} and {b} both bad")[outcome]


class ClusterPool:
    """Raters or prompts, each with all its votes."""

    def __init__(self, refits: Refits, votes: Votes, kind: Cluster, need: str) -> None:
        """Take the clusters of a kind; `need` begins the error's sentence."""
        code, self.labels = clusters_of(votes, kind, need, at_least=2)
        shape = (len(self.labels), refits.cells.counts.size)
        self._counts: csr_array = csr_array((votes.weight, (code, refits.cell)), shape=shape)

    @property
    def total(self) -> float:
        """Number of things that can be removed."""
        return len(self.labels)

    def order(self, influence: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return the helpful things, most influential first, and their cumulative influence, (n,) each.

        Args:
            influence: shape (4 M,), of one vote of each cell.
        """
        of_each = self._counts @ influence
        clusters = np.argsort(-of_each, kind="stable")[: np.count_nonzero(of_each > 0)]
        return clusters, np.cumsum(of_each[clusters])

    def removed(self, order: NDArray[np.intp], count: int) -> Floats:
        """Return the votes that leave each cell with the first `count` of `order` (n,), shape (4 M,)."""
        return np.asarray(self._counts[order[:count]].sum(axis=0), dtype=np.float64)

    def names(self, order: NDArray[np.intp], count: int) -> tuple[Removed, ...]:
        """Name the first `count` things of `order`, shape (n,)."""
        return tuple(Removed(self.labels[of], float(self._counts[[of]].sum())) for of in order[:count])


class Turn(NamedTuple):
    """The fewest things found whose removal turns a pair."""

    removed: tuple[Removed, ...]
    """Empty where none were found."""
    size: int
    """Number removed; where none were found, the number tried in vain."""
    first_order: int | None
    """Number that it takes by the influence function; None where it says that there are not enough."""


def fewest(refits: Refits, pool: Pool, contrast: Floats) -> Turn:
    """Find the fewest things whose removal makes contrast' strengths negative, verified by refits.

    Approximate maximum influence perturbation orders things by influence and takes the first so many. Refits
    then find the smallest number of the first that turns the pair. The order is taken anew from the fit
    without these, and so on while that saves any. It is no proof that fewer of another choice don't suffice.

    Args:
        refits: the fit of all votes.
        pool: what can be removed.
        contrast: shape (K,), the weights of the strengths that the pair differs by.
    """
    gap = float(contrast @ refits.full.strengths)
    order, reached = pool.order(-refits.influence(contrast))

    # By the influence function, the first `enough` move the contrast past zero.
    enough = int(np.searchsorted(reached, gap, side="right")) + 1
    first_order = enough if enough <= len(order) else None

    found = _smallest(refits, pool, order, contrast, min(enough, len(order)), len(order))
    if found.solution is None:
        return Turn((), found.size, first_order)
    best, size = order, found.size
    for _ in range(REORDERINGS - 1):
        # Only fewer than the best so far are tried; the guess of the first order stays the start.
        order, _ = pool.order(-refits.influence(contrast, found.solution))
        limit = min(len(order), size - 1)
        found = _smallest(refits, pool, order, contrast, min(first_order or limit, limit), limit)
        if found.solution is None:
            break
        best, size = order, found.size
    return Turn(pool.names(best, size), size, first_order)


class _Search(NamedTuple):
    size: int
    solution: Solution | None


def _smallest(
    refits: Refits, pool: Pool, order: NDArray[np.intp], contrast: Floats, guess: int, limit: int
) -> _Search:
    """Find the smallest count up to the limit that turns the pair: step up from the guess, then bisect."""

    def turned(count: int) -> Solution | None:
        try:
            solution = refits.without(pool.removed(order, count))
        except (NotIdentified, NotConverged):
            return None
        return solution if contrast @ solution.strengths < 0 else None

    below, above, best = 0, guess, None
    while above >= 1 and (best := turned(above)) is None and above < limit:
        below, above = above, min(limit, above + max(1, above - below))
    if best is None:
        return _Search(above, None)
    while above - below > 1:
        middle = (below + above) // 2
        if (solution := turned(middle)) is None:
            below = middle
        else:
            above, best = middle, solution
    return _Search(above, best)


def pool_of(refits: Refits, votes: Votes, kind: Removable, need: str) -> Pool:
    """Return the pool of removable things of a kind.

    Raises:
        ValueError: the votes do not record the kind, or only one of it.
    """
    return VotePool(refits) if kind == "vote" else ClusterPool(refits, votes, kind, need)
