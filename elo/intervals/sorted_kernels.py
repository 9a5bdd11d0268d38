"""Compiled loops over rows that are sorted by cluster. Imported only where numba is installed.

Scores and informations are those of K.-Y. Liang, S. L. Zeger, Biometrika 73 (1986).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.votes.kernels import compiled

Integers = NDArray[np.integer[Any]]


@compiled
def add_scores(
    starts: Integers,
    stops: Integers,
    cell: Integers,
    weight: Floats,
    members: Integers,
    values: Floats,
    table: Floats,
) -> None:
    """Add each row's score to its cluster's line of `table`, shape (G, P).

    Args:
        starts: shape (G,), the first row of each cluster.
        stops: shape (G,), the row after its last one.
        cell: shape (N,).
        weight: shape (N,).
        members: shape (C, I), the parameters that a cell's score has a part in.
        values: shape (C, I), those parts.
        table: is added to.
    """
    for cluster in range(len(starts)):
        line = table[cluster]
        for row in range(starts[cluster], stops[cluster]):
            for part in range(members.shape[1]):
                line[members[cell[row], part]] += weight[row] * values[cell[row], part]


@compiled
def multiply_information(
    starts: Integers,
    stops: Integers,
    cell: Integers,
    weight: Floats,
    members: Integers,
    information: Floats,
    vectors: Floats,
    products: Floats,
) -> None:
    """Add each cluster's information times its vector to its line of `products`, shape (G, P).

    Args:
        starts: as in `add_scores`.
        stops: likewise.
        cell: likewise.
        weight: likewise.
        members: shape (C, I), the parameters that a vote of a cell informs about.
        information: shape (C, I, I), what it tells about each two of them.
        vectors: shape (G, P).
        products: is added to.
    """
    for cluster in range(len(starts)):
        vector, product = vectors[cluster], products[cluster]
        for row in range(starts[cluster], stops[cluster]):
            own = cell[row]
            for i in range(members.shape[1]):
                total = 0.0
                for j in range(members.shape[1]):
                    total += information[own, i, j] * vector[members[own, j]]
                product[members[own, i]] += weight[row] * total


@compiled
def multiply_differences(
    starts: Integers,
    stops: Integers,
    cell: Integers,
    weight: Floats,
    members: Integers,
    information: Floats,
    vectors: Floats,
    products: Floats,
) -> None:
    """Do what `multiply_information` does where votes inform about differences of two parameters alone.

    Args:
        starts: as in `add_scores`.
        stops: likewise.
        cell: likewise.
        weight: likewise.
        members: shape (C, 2).
        information: shape (C,), about the difference of the two.
        vectors: shape (G, P).
        products: is added to.
    """
    for cluster in range(len(starts)):
        vector, product = vectors[cluster], products[cluster]
        for row in range(starts[cluster], stops[cluster]):
            own = cell[row]
            a, b = members[own, 0], members[own, 1]
            pull = weight[row] * information[own] * (vector[a] - vector[b])
            product[a] += pull
            product[b] -= pull


@compiled
def add_squared_votes(
    starts: Integers, stops: Integers, cell: Integers, weight: Floats, members: Integers, squares: Floats
) -> None:
    """Add each cluster's squared votes on each contender to `squares`, shape (K,).

    Args:
        starts: as in `add_scores`.
        stops: likewise.
        cell: likewise.
        weight: likewise.
        members: shape (C, I), of which the first two are the contenders of a cell.
        squares: is added to.
    """
    votes = np.zeros(len(squares))
    for cluster in range(len(starts)):
        for row in range(starts[cluster], stops[cluster]):
            votes[members[cell[row], 0]] += weight[row]
            votes[members[cell[row], 1]] += weight[row]
        for contender in range(len(squares)):
            squares[contender] += votes[contender] ** 2
            votes[contender] = 0.0
