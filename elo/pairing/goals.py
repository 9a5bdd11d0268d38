"""Goals: which differences of ratings votes are to make sharp, and the weight of each.

Each is a criterion of the A kind, tr(G M^+), see `design`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from elo.arguments import place_of
from elo.arrays import Floats


class Goal(Protocol):
    """A weighted mean of the variances of differences, to be made small."""

    def weights(self, contenders: tuple[str, ...], strengths: Floats) -> Floats:
        """Return the weight of each difference's variance, shape (K, K), symmetric, summing to 1."""
        ...


@dataclass(frozen=True)
class WholeBoard:
    """Every difference counts the same."""

    def weights(self, contenders: tuple[str, ...], strengths: Floats) -> Floats:
        """Return the weight of each difference, shape (K, K)."""
        return _even(1 - np.eye(len(contenders)))


@dataclass(frozen=True)
class TopK:
    """Each of the best k against the next below it, the k-th too; the rest of the board keeps its share."""

    k: int
    weight: float = 0.5
    """Share of the goal that the best k have. The rest is the whole board's."""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k={self.k} is out of range. Allowed: 1 to the number of contenders less one.")
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight must be a share from 0 to 1; got {self.weight}.")

    def weights(self, contenders: tuple[str, ...], strengths: Floats) -> Floats:
        """Return the weight of each difference, shape (K, K).

        Raises:
            ValueError: there are not more than k contenders.
        """
        size = len(contenders)
        if self.k >= size:
            raise ValueError(f"k={self.k} is out of range for {size} contenders. Allowed: 1 to {size - 1}.")
        best = np.argsort(-strengths, kind="stable")[: self.k + 1]
        neighbours = np.zeros((size, size))
        neighbours[best[:-1], best[1:]] = neighbours[best[1:], best[:-1]] = 1
        whole = WholeBoard().weights(contenders, strengths)
        return self.weight * _even(neighbours) + (1 - self.weight) * whole


@dataclass(frozen=True)
class Newcomer:
    """The differences between the contenders named and all others."""

    names: tuple[str, ...]

    def weights(self, contenders: tuple[str, ...], strengths: Floats) -> Floats:
        """Return the weight of each difference, shape (K, K).

        Raises:
            ValueError: no name is given, or one is unknown.
        """
        if not self.names:
            raise ValueError("Newcomer() names nobody. Give the contenders to be placed: Newcomer(('x',)).")
        size = len(contenders)
        new = [place_of(name, contenders) for name in self.names]
        differences = np.zeros((size, size))
        differences[new, :] = differences[:, new] = 1
        np.fill_diagonal(differences, 0)
        return _even(differences)


def _even(differences: Floats) -> Floats:
    weights: Floats = differences / differences.sum()
    return weights
