from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from elo.arrays import Floats
from elo.intervals.ranks import RankRange, distinct, rank_ranges, tiers
from elo.intervals.simultaneous import critical_value


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


def test_a_tier_opens_where_everyone_above_is_distinct_from_everyone_below() -> None:
    strengths = np.array([0.0, 5.0, 4.0, -0.5, -5.0])
    above = strengths[:, None] - strengths[None, :] > 2
    order = np.argsort(-strengths)
    assert tiers(order, above)[order].tolist() == [1, 1, 2, 2, 3]


def test_one_contender_of_wide_margins_keeps_a_tier_together() -> None:
    strengths, margins = np.array([2.0, 1.0, 0.0]), np.full((3, 3), 0.5)
    margins[1, :] = margins[:, 1] = 5.0
    above = distinct(strengths, margins)
    assert above[0, 2]
    assert tiers(np.arange(3), above).tolist() == [1, 1, 1]


@given(
    hnp.arrays(float, st.integers(2, 7), elements=st.floats(-3, 3)),
    st.integers(0, 2**32 - 1),
)
def test_no_rank_range_reaches_into_another_tier(strengths: Floats, seed: int) -> None:
    spread = np.random.default_rng(seed).uniform(0, 2, (len(strengths),) * 2)
    above = distinct(strengths, spread + spread.T)
    places = rank_ranges(strengths, above)
    order = np.argsort([place.rank for place in places], kind="stable")
    tier = tiers(order, above)
    for number in set(tier.tolist()):
        first, last = int((tier < number).sum()) + 1, int((tier <= number).sum())
        for i in np.flatnonzero(tier == number):
            assert first <= places[i].low <= places[i].high <= last
