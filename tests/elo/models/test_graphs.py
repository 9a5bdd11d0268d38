from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import breadth_first_order

from elo.models.cells import cells_of_tally
from elo.models.graphs import connected_groups, levels, members, reached, strong_groups, win_graph
from elo.models.newton import Problem
from elo.models.specification import Specification
from tests.factories_elo import Cell, votes_of

GRAPHS = st.integers(1, 6).flatmap(
    lambda size: st.lists(st.booleans(), min_size=size * size, max_size=size * size).map(
        lambda arrows: np.array(arrows).reshape(size, size)
    )
)


def problem(*cells: tuple[str, str, str], both_bad: str = "tie") -> Problem:
    votes = votes_of(*(Cell(a, b, outcome, 1) for a, b, outcome in cells))
    return Specification(both_bad=both_bad).problem(cells_of_tally(votes.tally()))  # type: ignore[arg-type]


def test_a_win_is_an_arrow_to_the_loser_and_a_tie_one_each_way() -> None:
    graph = win_graph(problem(("x", "y", "a"), ("y", "z", "tie")))
    assert graph.astype(int).tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0]]


def test_the_floor_takes_from_both_of_a_both_bad_and_each_winner_takes_from_it() -> None:
    graph = win_graph(problem(("x", "y", "both_bad"), ("y", "z", "b"), both_bad="floor"))
    floor = 3
    assert graph[floor].tolist() == [True, True, False, False]
    assert graph[:, floor].tolist() == [False, False, True, False]


def test_a_chain_of_wins_has_a_group_and_a_level_for_each() -> None:
    chain = problem(("x", "y", "a"), ("y", "z", "a"))
    label = strong_groups(chain)
    assert len(set(label)) == 3
    assert levels(chain, label).tolist() == [2, 1, 0]


def test_a_ring_of_wins_is_one_group_on_one_level() -> None:
    ring = problem(("x", "y", "a"), ("y", "z", "a"), ("z", "x", "a"))
    assert strong_groups(ring).tolist() == [0, 0, 0]
    assert levels(ring, strong_groups(ring)).tolist() == [0, 0, 0]


def test_the_longest_path_counts_the_levels() -> None:
    found = problem(("w", "x", "a"), ("x", "y", "a"), ("y", "z", "a"), ("w", "z", "a"))
    assert levels(found, strong_groups(found)).tolist() == [3, 2, 1, 0]


def test_who_met_is_connected_whoever_won() -> None:
    apart = problem(("w", "x", "a"), ("y", "z", "tie"))
    assert connected_groups(apart).tolist() == [0, 0, 1, 1]


def test_members_list_each_groups_places() -> None:
    assert [group.tolist() for group in members(np.array([0, 1, 0, 2]))] == [[0, 2], [1], [3]]


@given(graph=GRAPHS)
def test_reached_nodes_are_those_that_scipy_reaches(graph: np.ndarray) -> None:
    for start in range(len(graph)):
        nodes = breadth_first_order(graph.astype(int), start, return_predecessors=False)
        assert set(np.flatnonzero(reached(graph, start)).tolist()) == set(nodes.tolist())


@pytest.mark.parametrize("start", [0, 1])
def test_a_node_without_arrows_reaches_itself_alone(start: int) -> None:
    assert np.flatnonzero(reached(np.zeros((2, 2), dtype=bool), start)).tolist() == [start]
