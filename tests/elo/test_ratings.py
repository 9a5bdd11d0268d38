from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from elo import RatingRow, Ratings, fit
from elo.arguments import Ties
from elo.fit import ELO_SCALE
from tests.factories_elo import Cell, World, votes_of

WORLD = World(contenders=6, votes=600, raters=30, prompts=20, ties=0.2)


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return fit(WORLD.draw(1), clusters=["rater", "prompt"])


def test_rows_are_sorted_and_their_mean_is_1000(ratings: Ratings) -> None:
    rows = ratings.rows()
    assert [row.rating for row in rows] == sorted((row.rating for row in rows), reverse=True)
    assert [row.rank for row in rows] == [1, 2, 3, 4, 5, 6]
    assert np.mean([row.rating for row in rows]) == pytest.approx(1000)


def test_rows_hold_together(ratings: Ratings) -> None:
    for row in ratings.rows():
        assert row.lower < row.rating < row.upper
        assert row.rank_low <= row.rank <= row.rank_high
        assert row.votes == row.wins + row.losses + row.ties + row.both_bad
    tiers = [row.tier for row in ratings.rows()]
    assert tiers == sorted(tiers)
    assert tiers[0] == 1


def test_the_table_has_the_rows(ratings: Ratings) -> None:
    table = ratings.table()
    assert tuple(table.columns) == RatingRow._fields
    assert [RatingRow(*row) for row in table.itertuples(index=False)] == list(ratings.rows())


def test_equal_ratings_stand_in_the_order_of_names() -> None:
    rows = fit(votes_of(Cell("y", "x", "a"), Cell("z", "y", "a"), Cell("x", "z", "a"))).rows()
    assert [(row.contender, row.rank) for row in rows] == [("x", 1), ("y", 1), ("z", 1)]


def test_an_anchor_has_its_value_and_no_error() -> None:
    free, anchored = fit(WORLD.draw(1)), fit(WORLD.draw(1), anchor=("m03", 1234.0))
    row = next(row for row in anchored.rows() if row.contender == "m03")
    assert (row.rating, row.lower, row.upper, row.se) == (1234, 1234, 1234, 0)
    np.testing.assert_allclose(np.diff(anchored.ratings), np.diff(free.ratings), atol=1e-9)


def test_an_anchored_interval_is_that_of_the_difference() -> None:
    anchored = fit(WORLD.draw(1), anchor=("m03", 0.0))
    for row in anchored.rows():
        assert tuple(anchored.difference(row.contender, "m03")) == pytest.approx(
            (row.rating, row.lower, row.upper)
        )


def test_a_difference_has_a_sign(ratings: Ratings) -> None:
    forth, back = ratings.difference("m01", "m02"), ratings.difference("m02", "m01")
    assert tuple(forth) == pytest.approx((-back.estimate, -back.upper, -back.lower))
    assert forth.estimate == pytest.approx(ratings.ratings[1] - ratings.ratings[2])


def test_win_probabilities_follow_from_differences(ratings: Ratings) -> None:
    chance, gap = ratings.win_probability("m01", "m02"), ratings.difference("m01", "m02")
    assert tuple(chance) == pytest.approx([float(expit(limit / ELO_SCALE)) for limit in gap])
    assert chance.estimate + ratings.win_probability("m02", "m01").estimate == pytest.approx(1)


def test_400_points_are_odds_of_ten_to_one() -> None:
    ratings = fit(votes_of(Cell("x", "y", "a", 10), Cell("x", "y", "b", 1)))
    assert ratings.difference("x", "y").estimate == pytest.approx(400)


def test_a_wider_level_gives_wider_intervals_and_rank_ranges() -> None:
    votes = WORLD.draw(1)
    for narrow, wide in zip(fit(votes, level=0.8).rows(), fit(votes, level=0.99).rows(), strict=True):
        assert wide.lower < narrow.lower < narrow.upper < wide.upper
        assert wide.rank_low <= narrow.rank_low <= narrow.rank_high <= wide.rank_high


def test_ranks_are_those_of_the_rows(ratings: Ratings) -> None:
    ranks = ratings.ranks()
    assert {row.contender: (row.rank, row.rank_low, row.rank_high) for row in ratings.rows()} == ranks


def test_unknown_contenders_are_refused_with_the_known_ones(ratings: Ratings) -> None:
    with pytest.raises(ValueError, match=r"Unknown contender 'nobody'\. Known: m00, m01,"):
        ratings.difference("m00", "nobody")
    with pytest.raises(ValueError, match="Unknown contender 'nobody'"):
        fit(WORLD.draw(1), anchor=("nobody", 1000))


def test_the_result_records_how_it_was_made(ratings: Ratings) -> None:
    diagnostics = ratings.diagnostics
    assert (diagnostics.votes, diagnostics.prompts, diagnostics.raters) == (600, 20, 28)  # two never voted
    assert diagnostics.clusters == {"prompt": 20, "rater": 28}
    assert diagnostics.degrees_of_freedom == 19
    assert diagnostics.gradient < 1e-10
    assert ratings.method.record()["ties"] == "half"
    assert "half a win" in ratings.method.estimand
    assert json.loads(json.dumps(ratings.method.record()))["covariance"].startswith("two-way CR3")


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper", "drop"])
def test_a_win_probability_is_the_credit_to_expect(ties: Ties) -> None:
    votes = votes_of(Cell("x", "y", "a", 50), Cell("x", "y", "b", 20), Cell("x", "y", "tie", 30))
    chance = fit(votes, ties=ties).win_probability("x", "y")
    assert chance.estimate == pytest.approx({"drop": 50 / 70}.get(ties, 0.65))
    assert 0.5 < chance.lower < chance.estimate < chance.upper < 1


def test_a_parameter_has_an_interval_in_log_odds() -> None:
    # Davidson on an even pair: P(tie) / P(a) = nu.
    votes = votes_of(Cell("x", "y", "a", 40), Cell("x", "y", "b", 40), Cell("x", "y", "tie", 20))
    found = fit(votes, ties="davidson", intervals="model").parameter("log_nu")
    assert found.estimate == pytest.approx(np.log(2 * 20 / 80))
    assert found.upper - found.estimate == pytest.approx(1.959964 * np.sqrt(1 / 20 + 1 / 80))
    with pytest.raises(ValueError, match=r"Unknown parameter 'side'\. Known: log_nu"):
        fit(votes, ties="davidson").parameter("side")


def test_the_floor_is_rated_like_a_contender() -> None:
    votes = votes_of(Cell("x", "y", "a", 30), Cell("x", "y", "b", 20), Cell("x", "y", "both_bad", 10))
    free, fixed = (fit(votes, both_bad="floor", anchor=anchor) for anchor in (None, ("x", 1200.0)))
    assert free.floor is not None
    assert fixed.floor is not None
    assert free.floor.estimate == pytest.approx(1000 + ELO_SCALE * free.parameters["floor"])
    # Against x alone the floor is a contender that took 10 votes where x took 30.
    assert fixed.floor.estimate == pytest.approx(1200 + ELO_SCALE * np.log(10 / 30))
    assert fixed.floor.upper - fixed.floor.estimate == pytest.approx(
        1.959964 * ELO_SCALE * np.sqrt(1 / 10 + 1 / 30), rel=1e-4
    )
    gap = free.parameter("floor")
    assert free.floor.upper == pytest.approx(1000 + ELO_SCALE * gap.upper)
    assert fit(votes).floor is None


def test_percentiles_are_of_the_draws() -> None:
    votes = WORLD.draw(1)
    drawn = fit(votes, intervals="bootstrap", bootstrap="bayesian", rounds=400)
    assert drawn.method.record()["bootstrap"] == "bayesian"
    assert drawn.method.covariance.startswith("Bayesian bootstrap by votes")
    assert drawn.draws is not None
    gaps = ELO_SCALE * (drawn.draws.draws[:, 1] - drawn.draws.draws[:, 2])
    found = drawn.percentile_difference("m01", "m02")
    assert found[1:] == pytest.approx(np.quantile(gaps, [0.025, 0.975]))
    with pytest.raises(ValueError, match="fit with intervals='bootstrap'"):
        fit(votes).percentile_difference("m01", "m02")


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_without_a_limit_to_the_difference_any_credit_is_possible(ties: Ties) -> None:
    inner = [Cell("x", "y", outcome, 5) for outcome in ("a", "b", "tie")]
    ratings = fit(votes_of(*inner, Cell("y", "z", "a", 9)), ties=ties, separation="bounded")
    assert ratings.win_probability("x", "z")[1:] == (0, 1)
    assert ratings.win_probability("x", "y").estimate == pytest.approx(0.5)
