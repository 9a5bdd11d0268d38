"""Loops over the votes of clusters, compiled. Imported only where numba is installed: see `compiled`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.votes.kernels import compiled

Integers = NDArray[np.integer[Any]]


@compiled
def count_rows(cluster: Integers, shift: int, counts: Integers) -> None:
    """Count the rows of each block of 2^shift clusters, from clusters (n,), in `counts`, shape (blocks,)."""
    for row in range(len(cluster)):
        counts[cluster[row] >> shift] += 1


@compiled
def partition(
    cluster: Integers, item: Integers, shift: int, cursor: Integers, cluster_at: Integers, item_at: Integers
) -> None:
    """Write each row's cluster and item to the next place of its block.

    Args:
        cluster: shape (n,).
        item: shape (n,).
        shift: blocks have 2^shift clusters.
        cursor: shape (blocks,), the next place of each block: is moved on.
        cluster_at: shape (N,): receives the clusters.
        item_at: shape (N,): receives the items.
    """
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
    """Add the product of each line of `table`, shape (g, P), with itself to the lower triangle of `meat`.

    Four lines at a time: their sums stay in registers, and most numbers in a line may be zero.
    """
    lines = np.empty(len(table) + 3, dtype=np.int64)
    for i in range(len(meat)):
        count = 0
        for line in range(len(table)):
            lines[count] = line
            count += table[line, i] != 0.0
        target = meat[i]
        for first in range(0, count - 3, 4):
            p, q, r, s = lines[first], lines[first + 1], lines[first + 2], lines[first + 3]
            at_p, at_q, at_r, at_s = table[p], table[q], table[r], table[s]
            of_p, of_q, of_r, of_s = table[p, i], table[q, i], table[r, i], table[s, i]
            for j in range(i + 1):
                target[j] += of_p * at_p[j] + of_q * at_q[j] + of_r * at_r[j] + of_s * at_s[j]
        for first in range(count - count % 4, count):
            own, line = table[lines[first], i], table[lines[first]]
            for j in range(i + 1):
                target[j] += own * line[j]


@compiled
def add_products(
    bounds: Integers, cell: Integers, weight: Floats, members: Integers, values: Floats, meat: Floats
) -> None:
    """Add the product of each cluster's summed score with itself to `meat`, (P, P): i, j or j, i, not both.

    Args:
        bounds: shape (G + 1,), the first row of each cluster, and where the last one ends.
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
            count = add_score(members[cell[row]], values[cell[row]], weight[row], total, seen, touched, count)
        add_product(touched[:count], total, seen, meat)


@compiled
def add_score(
    member: Integers,
    value: Floats,
    weight: float,
    total: Floats,
    seen: NDArray[np.bool_],
    touched: Integers,
    count: int,
) -> int:
    """Add a row's score to `total`, shape (P,), and return how many parameters have been touched.

    Args:
        member: shape (I,), the parameters that the score has a part in.
        value: shape (I,), those parts.
        weight: what the row's votes count for together.
        total: is added to.
        seen: shape (P,), whether a parameter has been touched: is updated.
        touched: shape (P,), the parameters touched, in order: receives new ones.
        count: how many had been touched before.
    """
    for part in range(len(member)):
        place = member[part]
        if not seen[place]:
            seen[place] = True
            touched[count] = place
            count += 1
        total[place] += weight * value[part]
    return count


@compiled
def add_product(touched: Integers, total: Floats, seen: NDArray[np.bool_], meat: Floats) -> None:
    """Add the product of `total`, shape (P,), with itself to `meat`, (P, P), and clear what was touched."""
    for i in range(len(touched)):
        own = total[touched[i]]
        for j in range(i + 1):
            meat[touched[i], touched[j]] += own * total[touched[j]]
    for i in range(len(touched)):
        seen[touched[i]] = False
        total[touched[i]] = 0.0


@compiled
def sum_by_cluster(cluster: Integers, cell: Integers, weight: Floats, value: Floats, sums: Floats) -> None:
    """Add each row's weight (n,) times its cell's value (C,) to the sum of its cluster, in `sums`, (G,)."""
    for row in range(len(cluster)):
        sums[cluster[row]] += weight[row] * value[cell[row]]


@compiled
def add_weights(cluster: Integers, weight: Floats, sums: Floats) -> None:
    """Add each row's weight, shape (n,), to the sum of its cluster, in `sums`, shape (G,)."""
    for row in range(len(cluster)):
        sums[cluster[row]] += weight[row]


@compiled
def find_bounds(cluster: Integers, bounds: Integers) -> bool:
    """Write the first row of each cluster, and N, to `bounds`, (G + 1,); False if rows are not in order."""
    for row in range(1, len(cluster)):
        if cluster[row] != cluster[row - 1]:
            if cluster[row] != cluster[row - 1] + 1:
                return False
            bounds[cluster[row]] = row
    bounds[len(bounds) - 1] = len(cluster)
    return True


@compiled
def table_size(edges: Integers) -> int:
    """Return a power of two that is at least twice the rows of the longest block, for hashing.

    Args:
        edges: shape (B + 1,), the first row of each block, and N.
    """
    longest = 1
    for block in range(len(edges) - 1):
        longest = max(longest, edges[block + 1] - edges[block])
    size = 1
    while size < 2 * longest:
        size *= 2
    return size


@compiled
def link_pairs(
    start: int,
    stop: int,
    cluster: Integers,
    second: Integers,
    slots: Integers,
    before: Integers,
    later: NDArray[np.bool_],
) -> None:
    """Link each row of a block with the row before it in the same pair of clusters, by open addressing.

    Args:
        start: the first row of the block.
        stop: the first row after it.
        cluster: shape (N,), of the first kind.
        second: shape (N,), of the second kind.
        slots: shape (S,), S a power of two: the last row of each pair; below `start` for earlier blocks.
        before: shape (S,): receives the row before, or one that lies before `start` if there is none.
        later: shape (S,): receives whether another row of the pair follows.
    """
    mask = len(slots) - 1
    for row in range(start, stop):
        slot = ((second[row] * 2654435761 + cluster[row] * 40503) >> 12) & mask
        while slots[slot] >= start and (
            second[slots[slot]] != second[row] or cluster[slots[slot]] != cluster[row]
        ):
            slot = (slot + 1) & mask
        before[row - start] = slots[slot]
        later[row - start] = False
        if slots[slot] >= start:
            later[slots[slot] - start] = True
        slots[slot] = row


@compiled
def add_pair_products(
    edges: Integers,
    cluster: Integers,
    second: Integers,
    cell: Integers,
    weight: Floats,
    members: Integers,
    values: Floats,
    singles: Floats,
    meat: Floats,
) -> tuple[int, float]:
    """Add the product of the summed score of each pair of clusters with itself.

    Returns the number of pairs and the largest sum of weights in one.

    Few pairs have more than one row, so that rows alone in theirs are only counted, by cell.

    Args:
        edges: shape (B + 1,), the first row of each block, and where the last one ends.
        cluster: shape (N,), of the first kind, of which all rows are in one block.
        second: shape (N,), of the second kind.
        cell: shape (N,).
        weight: shape (N,).
        members: as in `add_scores`.
        values: likewise.
        singles: shape (C,): the squared weights of rows alone in their pair are added to it.
        meat: shape (P, P): the products of the other pairs are, i, j or j, i, not both.
    """
    size = table_size(edges)
    slots = np.full(size, -1, dtype=np.int32)
    before, later = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.bool_)
    total, seen = np.zeros(len(meat)), np.zeros(len(meat), dtype=np.bool_)
    touched = np.empty(len(meat), dtype=np.int64)
    pairs, largest = 0, 0.0
    for block in range(len(edges) - 1):
        start, stop = edges[block], edges[block + 1]
        link_pairs(start, stop, cluster, second, slots, before, later)
        for row in range(start, stop):
            if later[row - start]:
                continue
            pairs += 1
            if before[row - start] < start:
                singles[cell[row]] += weight[row] ** 2
                largest = max(largest, weight[row])
                continue
            # Row is the last of its pair: follow the links back to the first.
            count, link, summed = 0, row, 0.0
            while link >= start:
                own = cell[link]
                summed += weight[link]
                count = add_score(members[own], values[own], weight[link], total, seen, touched, count)
                link = before[link - start]
            add_product(touched[:count], total, seen, meat)
            largest = max(largest, summed)
    return pairs, largest
