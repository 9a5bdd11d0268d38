from __future__ import annotations

import numpy as np

from elo.intervals.ranks import RankRange, distinct, rank_ranges, tiers
from elo.intervals.simultaneous import critical_value
from elo.votes.tally import Floats


def independent(variance: float, size: int) -> Floats:
    """Margins of the differences of estimates that are independent."""
    margins: Floats = critical_value(np.eye(size), None, 0.95) * np.sqrt(2 * variance) * np.ones((size, size))
    return margins


def test_all_places_are_open_where_nothing_is_distinct() -> None:
    strengths = np.array([0.1, 0.0, -0.1])
    above = distinct(strengths, independent(1.0, 3))
    assert rank_ranges(strengths, above) == (RankRange(1, 1, 3), RankRange(2, 1, 3), RankRange(3, 1, 3))


def test_places_narrow_with_each_distinct_pair() -> None:
    strengths = np.array([-5.0, 0.1, 0.0])
    above = distinct(strengths, independent(0.1, 3))
    assert rank_ranges(strengths, above) == (RankRange(3, 3, 3), RankRange(1, 1, 2), RankRange(2, 1, 2))


def test_equal_strengths_share_a_rank() -> None:
    strengths = np.array([1.0, 0.0, 1.0 + 1e-12, -2.0])
    above = distinct(strengths, independent(0.0, 4))
    assert [place.rank for place in rank_ranges(strengths, above)] == [1, 3, 1, 4]
    assert rank_ranges(strengths, above)[0] == RankRange(1, 1, 2)


def test_more_pairs_need_wider_gaps() -> None:
    strengths = np.array([1.0, -1.0] + [0.0] * 18)
    assert distinct(strengths[:2], independent(0.4, 2))[0, 1]
    assert not distinct(strengths, independent(0.4, 20))[0, 1]


def test_a_tier_opens_where_its_top_is_distinct() -> None:
    strengths = np.array([0.0, 3.0, 2.0, 1.0, -1.0])
    above = strengths[:, None] - strengths[None, :] > 1.5
    order = np.argsort(-strengths)
    assert tiers(order, above)[order].tolist() == [1, 1, 2, 2, 3]
