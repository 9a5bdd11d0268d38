from __future__ import annotations

import numpy as np
import pytest

from elo import Votes
from elo.arguments import Cluster
from elo.robustness.pairs import PairSums, pair_sums, two_way
from tests.factories_elo import Cell, World, votes_of

VOTES = World(contenders=4, votes=200, raters=10, prompts=8, ties=0.1).draw(12)


def by_hand(sums: PairSums, grouping: np.ndarray | None, deviation: np.ndarray) -> np.ndarray:
    size = len(sums.votes)
    group = np.arange(len(sums.pair)) if grouping is None else grouping
    table = np.zeros((int(group.max()) + 1, size))
    np.add.at(table, (group, sums.pair), sums.weight * deviation)
    return table.T @ table


def test_pairs_are_named_in_order_with_their_votes_and_credit() -> None:
    votes = votes_of(Cell("y", "x", "a", 2), Cell("x", "y", "a"), Cell("x", "z", "b", 3))
    sums = pair_sums(votes, ())
    assert list(zip(sums.first.tolist(), sums.second.tolist(), strict=True)) == [(0, 1), (0, 2)]
    assert sums.votes.tolist() == [3, 3]
    assert sums.credit.tolist() == [1, 0]


def test_ties_and_both_bad_are_left_out() -> None:
    votes = votes_of(Cell("x", "y", "tie", 5), Cell("x", "y", "both_bad"), Cell("x", "y", "a"))
    assert pair_sums(votes, ()).votes.tolist() == [1]
    with pytest.raises(ValueError, match="All votes are ties or both_bad"):
        pair_sums(votes_of(Cell("x", "y", "tie")), ())


def test_shares_add_up_to_one_and_are_unknown_without_votes() -> None:
    shares = pair_sums(votes_of(Cell("x", "y", "a", 3), Cell("y", "x", "a"), Cell("y", "z", "a")), ()).shares(
        3
    )
    assert shares[0, 1] == pytest.approx(0.75)
    assert shares[0, 1] + shares[1, 0] == pytest.approx(1)
    assert np.isnan(shares[0, 2])


@pytest.mark.parametrize("clusters", [(), ("rater",), ("prompt",), ("rater", "prompt")])
def test_grams_are_sums_of_products_of_the_clusters_deviations(clusters: tuple[Cluster, ...]) -> None:
    sums = pair_sums(VOTES, clusters)
    deviation = sums.value - 0.5
    grams = sums.grams(deviation)
    assert len(grams) == (3 if len(clusters) == 2 else 1)
    for gram, grouping in zip(grams, sums.groupings, strict=True):
        np.testing.assert_allclose(gram.toarray(), by_hand(sums, grouping, deviation), atol=1e-10)


def test_variances_are_the_diagonal_of_two_way_sums_with_a_floor() -> None:
    sums = pair_sums(VOTES, ("rater", "prompt"))
    deviation = sums.value - 0.5
    first, second, both = (np.diag(by_hand(sums, each, deviation)) for each in sums.groupings)
    expected = np.maximum.reduce([first + second - both, first, second])
    np.testing.assert_allclose(sums.variances(deviation), expected)


def test_one_kind_of_cluster_needs_no_floor() -> None:
    only = np.array([1.0, 2.0])
    found = two_way([only])
    assert found.total is only
    assert found.floored.tolist() == [1, 2]


def test_two_way_sums_take_the_intersection_off_and_are_floored_at_the_larger() -> None:
    found = two_way([np.array([3.0, 1.0]), np.array([2.0, 1.0]), np.array([1.0, 2.0])])
    assert found.total.tolist() == [4, 0]
    assert found.floored.tolist() == [4, 1]


@pytest.mark.parametrize(("clusters", "fewest"), [((), None), (("rater",), 10), (("rater", "prompt"), 8)])
def test_the_scarcest_kind_of_cluster_is_counted(clusters: tuple[Cluster, ...], fewest: int | None) -> None:
    assert pair_sums(VOTES, clusters).fewest == fewest


def test_clusters_that_are_unknown_or_not_recorded_are_refused() -> None:
    bare = Votes.from_columns(contender_a=["x"], contender_b=["y"], outcome=["a"])
    with pytest.raises(ValueError, match=r"Unknown clusters \['team'\]\. Known: prompt, rater"):
        pair_sums(VOTES, ("team",))  # type: ignore[arg-type]  # as someone may ask
    with pytest.raises(ValueError, match="Clustering needs to know each vote's rater"):
        pair_sums(bare, ("rater",))
