"""The sufficient statistics of a set of votes: how often each pair met, and how each meeting ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats

OUTCOMES = ("a", "b", "tie", "both_bad")
A, B, TIE, BOTH_BAD = range(4)
MIRRORED = np.array([1, 0, 2, 3])
"""Each outcome with the sides swapped."""
HALF_CREDIT = np.array([1.0, 0.0, 0.5, 0.5])
"""Side a's share of the win for each outcome when ties and both_bad count half to each side."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Votes counted by pair, side and outcome. Tallies of the same contenders merge with `+`."""

    contenders: tuple[str, ...]
    counts: Floats
    """Votes with contender i on the left, j on the right, by outcome as in `OUTCOMES`, shape (K, K, 4).

    Weighted votes count with their weight; counts of whole numbers are exact up to 2^53."""
    notes: tuple[str, ...] = ()
    """Remarks on what was left out, or merged, when the votes were read."""

    def __add__(self, other: Tally) -> Tally:
        if self.contenders != other.contenders:
            raise ValueError(
                f"Cannot merge tallies of different contenders: {', '.join(self.contenders)} and "
                f"{', '.join(other.contenders)}. Give both sets of votes the same contenders=."
            )
        return Tally(self.contenders, self.counts + other.counts, (*self.notes, *other.notes))

    def among(self, places: NDArray[np.intp]) -> Tally:
        """Keep the votes between these contenders alone, given by their places, shape (n,)."""
        names = tuple(self.contenders[place] for place in places)
        return Tally(names, self.counts[np.ix_(places, places)], self.notes)

    @cached_property
    def beat(self) -> Floats:
        """Outright wins of i over j, from both sides, shape (K, K)."""
        return self.counts[:, :, A] + self.counts[:, :, B].T

    @cached_property
    def met(self) -> Floats:
        """Shape (K, K), symmetric: votes on the pair i, j."""
        return _both_sides(_sum(self.counts, axis=2))

    @cached_property
    def credit(self) -> Floats:
        """Wins of i over j, where a tie and a both_bad are half a win to each, shape (K, K)."""
        return self.beat + _both_sides(_sum(self.counts[:, :, TIE:], axis=2)) / 2

    @cached_property
    def win_rates(self) -> Floats:
        """`credit` over `met`, NaN where the pair never met, shape (K, K)."""
        rates = np.full(self.met.shape, np.nan)
        np.divide(self.credit, self.met, out=rates, where=self.met > 0)
        return rates

    @cached_property
    def votes(self) -> Floats:
        """Votes that each contender was part of, shape (K,)."""
        return _sum(self.met, axis=1)

    @cached_property
    def wins(self) -> Floats:
        """Outright wins of each contender, shape (K,)."""
        return _sum(self.beat, axis=1)

    @cached_property
    def losses(self) -> Floats:
        """Outright losses of each contender, shape (K,)."""
        return _sum(self.beat, axis=0)

    @cached_property
    def ties(self) -> Floats:
        """Ties that each contender was part of, shape (K,)."""
        return _sum(_both_sides(self.counts[:, :, TIE]), axis=1)

    @cached_property
    def both_bad(self) -> Floats:
        """Both_bad votes that each contender was part of, shape (K,)."""
        return _sum(_both_sides(self.counts[:, :, BOTH_BAD]), axis=1)


def _both_sides(counts: Floats) -> Floats:
    return counts + counts.T


def _sum(counts: Floats, axis: int) -> Floats:
    total: Floats = counts.sum(axis=axis)
    return total
