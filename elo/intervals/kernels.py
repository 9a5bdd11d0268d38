"""Loops over the votes of clusters, compiled. Imported only where numba is installed: see `compiled`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from elo.votes.kernels import compiled
from elo.votes.tally import Floats

Integers = NDArray[np.integer[Any]]


@compiled
def count_rows(cluster: Integers, shift: int, counts: Integers) -> None:
    """Add up how many rows each block of 2^shift clusters has."""
    for row in range(len(cluster)):
        counts[cluster[row] >> shift] += 1


@compiled
def partition(
    cluster: Integers, item: Integers, shift: int, cursor: Integers, cluster_at: Integers, item_at: Integers
) -> None:
    """Write each row's cluster and item to the next place of its block, which `cursor` holds."""
    for row in range(len(cluster)):
        block = cluster[row] >> shift
        place = cursor[block]
        cursor[block] = place + 1
        cluster_at[place] = cluster[row]
        item_at[place] = item[row]


@compiled
def sort_block(
    cluster: Integers, item: Integers, first: int, start: int, bounds: Integers, item_at: Integers
) -> None:
    """Sort the rows of one block by cluster.

    Args:
        cluster: shape (n,), of the block's rows, from `first` on.
        item: shape (n,).
        first: the block's first cluster.
        start: the place of the block's first row among all.
        bounds: shape (g + 1,), all 0: receives the place of each cluster's first row among all.
        item_at: shape (n,): receives the items.
    """
    for row in range(len(cluster)):
        bounds[cluster[row] - first + 1] += 1
    cursor = np.cumsum(bounds)
    for group in range(len(bounds)):
        bounds[group] = cursor[group] + start
    for row in range(len(cluster)):
        place = cursor[cluster[row] - first]
        cursor[cluster[row] - first] = place + 1
        item_at[place] = item[row]


@compiled
def add_scores(
    cluster: Integers,
    cell: Integers,
    weight: Floats,
    members: Integers,
    values: Floats,
    first: int,
    table: Floats,
) -> None:
    """Add each row's score to its cluster's line of `table`, shape (g, P), which starts at cluster `first`.

    Args:
        cluster: shape (n,).
        cell: shape (n,).
        weight: shape (n,).
        members: shape (C, I), the parameters that a cell's score has a part in.
        values: shape (C, I), those parts.
        first: the cluster of the first line.
        table: is added to.
    """
    for row in range(len(cluster)):
        for part in range(members.shape[1]):
            table[cluster[row] - first, members[cell[row], part]] += weight[row] * values[cell[row], part]


@compiled
def add_line_products(table: Floats, meat: Floats) -> None:
    """Add the product of each line of `table`, shape (g, P), with itself to the lower triangle of `meat`."""
    for line in range(len(table)):
        for i in range(len(meat)):
            own = table[line, i]
            if own != 0.0:
                for j in range(i + 1):
                    meat[i, j] += own * table[line, j]


@compiled
def add_products(
    bounds: Integers, cell: Integers, weight: Floats, members: Integers, values: Floats, meat: Floats
) -> None:
    """Add the product of each cluster's summed score with itself to `meat`, (P, P): i, j or j, i, not both.

    Args:
        bounds: the first row of each cluster, and where the last one ends.
        cell: shape (N,), of rows in the order of their clusters.
        weight: shape (N,).
        members: as in `add_scores`.
        values: likewise.
        meat: is added to.
    """
    total = np.zeros(len(meat))
    seen = np.zeros(len(meat), dtype=np.bool_)
    touched = np.zeros(len(meat), dtype=np.int64)
    for cluster in range(len(bounds) - 1):
        count = 0
        for row in range(bounds[cluster], bounds[cluster + 1]):
            for part in range(members.shape[1]):
                member = members[cell[row], part]
                if not seen[member]:
                    seen[member] = True
                    touched[count] = member
                    count += 1
                total[member] += weight[row] * values[cell[row], part]
        for i in range(count):
            own = total[touched[i]]
            for j in range(i + 1):
                meat[touched[i], touched[j]] += own * total[touched[j]]
        for i in range(count):
            seen[touched[i]] = False
            total[touched[i]] = 0.0


@compiled
def sum_by_cluster(cluster: Integers, cell: Integers, weight: Floats, value: Floats, sums: Floats) -> None:
    """Add each row's weight times its cell's value to the sum of its cluster."""
    for row in range(len(cluster)):
        sums[cluster[row]] += weight[row] * value[cell[row]]


@compiled
def find_bounds(cluster: Integers, bounds: Integers) -> bool:
    """Write the first row of each cluster, and N, to `bounds`. False where rows are in another order."""
    for row in range(1, len(cluster)):
        if cluster[row] != cluster[row - 1]:
            if cluster[row] != cluster[row - 1] + 1:
                return False
            bounds[cluster[row]] = row
    bounds[len(bounds) - 1] = len(cluster)
    return True


@compiled
def pair_up(
    bounds: Integers, item: Integers, last: Integers, before: Integers, item_at: Integers, number: Integers
) -> int:
    """Put rows of one cluster that have equal values in a second column side by side, and number these pairs.

    Args:
        bounds: the first row of each cluster, and where the last one ends.
        item: shape (N,), of rows in the order of their clusters: an item, and the value times 2^32.
        last: shape (values,), scratch: all -1.
        before: shape (N,), scratch.
        item_at: shape (N,): receives the items in the order of their pairs.
        number: shape (N,): receives the pairs, numbered from 0.

    Returns:
        The number of pairs.
    """
    place, count = bounds[0], 0
    for cluster in range(len(bounds) - 1):
        start, stop = bounds[cluster], bounds[cluster + 1]
        for row in range(start, stop):
            # What another cluster left in `last` lies before this one's first row.
            before[row] = last[item[row] >> 32]
            last[item[row] >> 32] = row
        for row in range(start, stop):
            if last[item[row] >> 32] == row:
                link = row
                while link >= start:
                    item_at[place] = item[link] & 0xFFFFFFFF
                    number[place] = count
                    place += 1
                    link = before[link]
                count += 1
    return count
