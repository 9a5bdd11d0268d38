"""Graphs of contenders: who met whom, who took credit from whom, and the groups that follow.

L. R. Ford, "Solution of a ranking problem from binary comparisons", American Mathematical Monthly 64 (1957);
D. R. Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32 (2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.newton import Problem
from elo.votes.tally import BOTH_BAD, TIE, A, B

Arrows: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp], Floats]
"""Start, end and credit of each arrow, each of shape (M,)."""


def connected_groups(problem: Problem) -> NDArray[np.intp]:
    """Label the connected components of the graph of who met whom, shape (K,)."""
    a, b = problem.design.members[:2]
    met = _graph(problem, [(a, b, problem.votes)])[: problem.contenders, : problem.contenders]
    return _components(met | met.T)


def strong_groups(problem: Problem) -> NDArray[np.intp]:
    """Label the strongly connected components of the win graph, shape (K,), or (K + 1,) with the floor."""
    return _components(win_graph(problem))


def levels(problem: Problem, label: NDArray[np.signedinteger]) -> NDArray[np.intp]:
    """Return the number of groups below each contender's own, by the longest path; the shape of `label`."""
    winner, loser = (label[ends] for ends in win_graph(problem.without_prompts).nonzero())
    apart = winner != loser
    level = np.zeros(int(label.max()) + 1, dtype=np.intp)
    for _ in level:
        np.maximum.at(level, winner[apart], level[loser[apart]] + 1)
    return np.asarray(level[label])


def win_graph(problem: Problem) -> NDArray[np.bool_]:
    """Return the graph of who took credit from whom, shape (K, K), or (K + 1, K + 1) with the floor.

    A tie gives an arrow each way.
    """
    a, b = problem.design.members[:2]
    ties, bad = problem.credit[TIE], problem.credit[BOTH_BAD]
    arrows = [(a, b, problem.credit[A] + ties), (b, a, problem.credit[B] + ties)]
    if "floor" in problem.names:
        floor = np.full_like(a, problem.contenders)
        arrows += [(floor, a, bad), (floor, b, bad)]
        arrows += [(a, floor, problem.credit[A] + ties), (b, floor, problem.credit[B] + ties)]
    return _graph(problem, arrows)


def reached(graph: NDArray[np.bool_], start: int) -> NDArray[np.bool_]:
    """Return whether each node can be reached along arrows, shape (size,)."""
    found, newest = np.zeros(len(graph), dtype=bool), np.array([start])
    while len(newest):
        found[newest] = True
        newest = np.flatnonzero(graph[newest].any(axis=0) & ~found)
    return found


def members(label: NDArray[np.intp]) -> list[NDArray[np.signedinteger]]:
    """Return the places of each group's members, from their labels 0, 1, 2, ..., shape (size,)."""
    return [np.flatnonzero(label == group) for group in range(label.max() + 1)]


def _graph(problem: Problem, arrows: Sequence[Arrows]) -> NDArray[np.bool_]:
    """Draw arrows where there is any credit, among the contenders and the floor, if it is a parameter."""
    size = problem.contenders + ("floor" in problem.names)
    graph = np.zeros((size, size), dtype=bool)
    for start, end, credit in arrows:
        graph[start[credit > 0], end[credit > 0]] = True
    return graph


def _components(graph: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Label the strongly connected components of a graph as 0, 1, 2, ..., shape (size,)."""
    label = np.full(len(graph), -1)
    while (label < 0).any():
        first = int(np.argmin(label))
        label[reached(graph, first) & reached(graph.T, first)] = label.max() + 1
    return label
