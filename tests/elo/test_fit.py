from __future__ import annotations

import dataclasses
import random
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elo import NotIdentified, Ratings, Votes, fit
from elo.arguments import Ties
from tests.factories_elo import Cell, World, votes_of

NAMES = "pqrst"
SWAPPED = {"a": "b", "b": "a", "tie": "tie", "both_bad": "both_bad"}
# Each pair won once by each side before two raters on two prompts: enough for any interval to exist.
GROUND = [
    Cell(a, b, outcome, 1, group, group)
    for a in NAMES
    for b in NAMES
    if a < b
    for outcome in ("a", "b")
    for group in (0, 1)
]


@st.composite
def cells(draw: st.DrawFn) -> list[Cell]:
    pairs = st.permutations(NAMES).map(lambda names: names[:2])
    numbers = st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(0, 3))
    drawn = draw(st.lists(st.tuples(pairs, st.sampled_from(list(SWAPPED)), numbers), max_size=25))
    return GROUND + [Cell(a, b, outcome, *rest) for (a, b), outcome, rest in drawn]


def assert_same(left: Ratings, right: Ratings, renamed: dict[str, str] | None = None) -> None:
    """Equal ratings and errors of each contender, under its name on the right."""
    rows = {row.contender: row for row in right.rows()}
    for row in left.rows():
        twin = rows[(renamed or {}).get(row.contender, row.contender)]
        assert row.rating == pytest.approx(twin.rating, abs=1e-7)
        assert row.se**2 == pytest.approx(twin.se**2, rel=1e-6, abs=1e-7)
        assert row.votes == twin.votes


@given(cells(), st.permutations(NAMES))
@settings(deadline=None, max_examples=20)
def test_names_do_not_matter(drawn: list[Cell], names: list[str]) -> None:
    renamed = dict(zip(NAMES, names, strict=True))
    relabelled = [cell._replace(a=renamed[cell.a], b=renamed[cell.b]) for cell in drawn]
    assert_same(fit(votes_of(*drawn, clustered=True)), fit(votes_of(*relabelled, clustered=True)), renamed)


@given(cells())
@settings(deadline=None, max_examples=20)
def test_sides_do_not_matter(drawn: list[Cell]) -> None:
    swapped = [cell._replace(a=cell.b, b=cell.a, outcome=SWAPPED[cell.outcome]) for cell in drawn]
    assert_same(fit(votes_of(*drawn, clustered=True)), fit(votes_of(*swapped, clustered=True)))


@given(cells(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=20)
def test_the_order_of_votes_does_not_matter(drawn: list[Cell], rng: random.Random) -> None:
    shuffled = rng.sample(drawn, len(drawn))
    assert_same(fit(votes_of(*drawn, clustered=True)), fit(votes_of(*shuffled, clustered=True)))


@given(cells(), st.booleans())
@settings(deadline=None, max_examples=20)
def test_a_weight_is_a_repetition(drawn: list[Cell], clustered: bool) -> None:
    repeated = [cell._replace(weight=1) for cell in drawn for _ in range(cell.weight)]
    assert_same(fit(votes_of(*drawn, clustered=clustered)), fit(votes_of(*repeated, clustered=clustered)))


@given(cells(), cells())
@settings(deadline=None, max_examples=20)
def test_tallies_of_parts_add_up(one: list[Cell], other: list[Cell]) -> None:
    merged = votes_of(*one).tally() + votes_of(*other).tally()
    np.testing.assert_array_equal(merged.counts, votes_of(*one, *other).tally().counts)


@given(cells(), st.sampled_from(NAMES), st.floats(-3000, 3000))
@settings(deadline=None, max_examples=20)
def test_an_anchors_value_shifts_all_alike(drawn: list[Cell], anchor: str, value: float) -> None:
    votes = votes_of(*drawn, clustered=True)
    at_zero, shifted = (fit(votes, anchor=(anchor, level)) for level in (0.0, value))
    np.testing.assert_allclose(shifted.ratings - value, at_zero.ratings, atol=1e-9)
    np.testing.assert_allclose(shifted.standard_errors, at_zero.standard_errors)


def test_a_tie_is_a_win_to_each_side_at_half_weight() -> None:
    tied = votes_of(Cell("x", "y", "tie", 3), Cell("x", "y", "both_bad", 5), Cell("x", "y", "a", 4))
    split = votes_of(Cell("x", "y", "a", 4 + 4), Cell("x", "y", "b", 4))
    assert fit(tied).difference("x", "y").estimate == pytest.approx(fit(split).difference("x", "y").estimate)


@pytest.mark.parametrize("ties", ["ignore", ""])
def test_other_ways_with_ties_are_refused(ties: str) -> None:
    with pytest.raises(
        ValueError, match=rf"Unknown ties='{ties}'\. Known: half, davidson, rao-kupper, drop\."
    ):
        fit(World().draw(0), ties=ties)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level must be a probability"):
        fit(World().draw(0), level=level)


@pytest.mark.parametrize("scale", [0, -1, float("inf"), float("nan")])
def test_a_scale_that_orders_nothing_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="finite and above 0"):
        fit(World().draw(0), scale=scale)


@given(cells(), st.sampled_from(["half", "davidson", "rao-kupper", "drop"]))
@settings(deadline=None, max_examples=20)
def test_a_side_changes_its_sign_with_the_sides(drawn: list[Cell], ties: Ties) -> None:
    anyway = [Cell(a, b, outcome) for a, b in ("pq", "qp", "rs", "sr") for outcome in ("a", "b", "tie")]
    swapped = [cell._replace(a=cell.b, b=cell.a, outcome=SWAPPED[cell.outcome]) for cell in [*drawn, *anyway]]
    one = fit(votes_of(*drawn, *anyway), ties=ties, effects=["side"])
    other = fit(votes_of(*swapped), ties=ties, effects=["side"])
    assert_same(one, other)
    assert one.parameters["side"] == pytest.approx(-other.parameters["side"], abs=1e-9)


@given(cells(), st.floats(0.01, 1000), st.sampled_from(["half", "davidson", "rao-kupper"]))
@settings(deadline=None, max_examples=20)
def test_scaled_weights_leave_the_ratings(drawn: list[Cell], factor: float, ties: Ties) -> None:
    votes = votes_of(*drawn, Cell("p", "q", "tie"))
    scaled = dataclasses.replace(votes, weight=votes.weight * factor)
    one, other = (fit(each, ties=ties, intervals="none").ratings for each in (votes, scaled))
    np.testing.assert_allclose(one, other, atol=1e-6)


@given(cells(), cells(), st.sampled_from(["half", "davidson"]))
@settings(deadline=None, max_examples=20)
def test_merged_tallies_rate_like_all_votes(one: list[Cell], other: list[Cell], ties: Ties) -> None:
    tied = Cell("p", "q", "tie")
    merged = votes_of(*one, tied).tally() + votes_of(*other).tally()
    assert_same(fit(merged, ties=ties), fit(votes_of(*one, *other, tied), ties=ties))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"effects": ["sides"]}, "Unknown effects='sides'. Known: side, order."),
        ({"both_bad": "bad"}, "Unknown both_bad='bad'. Known: tie, drop, floor."),
        ({"intervals": "wide"}, "Unknown intervals='wide'. Known: sandwich, model, bootstrap, none."),
        ({"correction": "CR2"}, "Unknown correction='CR2'. Known: CR3, CR1, CR0."),
        ({"separation": "ignore"}, "Unknown separation='ignore'. Known: apart, error, firth, bounded."),
        ({"weighting": "equal"}, "Unknown weighting='equal'. Known: votes, propensity."),
        ({"weighting": "propensity"}, "needs votes with a column propensity"),
        ({"covariates": ["loudness"]}, "The votes have no column 'loudness'"),
        ({"covariates": ["side"]}, "another parameter has it"),
        ({"effects": ["order"]}, "The votes have no column 'order'"),
        ({"ridge": -1.0}, "ridge=-1.0 must be finite and at least 0"),
        ({"ties": "rao-kupper", "both_bad": "floor"}, "Use ties='davidson' with both_bad='floor'"),
        ({"tie_effects": ["prompt"]}, "tie_effects= needs ties='davidson' or 'rao-kupper'"),
        ({"clusters": ["rater"], "intervals": "model"}, "intervals='model' takes votes as independent"),
        ({"clusters": ["judge"]}, "Cannot cluster by 'judge'. Known: prompt, rater"),
        ({"clusters": "rater"}, "clusters='rater' is one name, where several may stand: give ('rater',)."),
        ({"effects": "side"}, "effects='side' is one name, where several may stand: give ('side',)."),
        ({"covariates": "loudness"}, "give ('loudness',)."),
        ({"tie_effects": "prompt"}, "give ('prompt',)."),
        ({"bootstrap": "jackknife"}, "Unknown bootstrap='jackknife'. Known: resample, bayesian."),
        ({"intervals": "bootstrap", "separation": "firth"}, "refits without Firth's penalty"),
        ({"anchor": ("m00", float("nan"))}, "must give a finite rating"),
    ],
)
def test_what_cannot_be_done_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(World().draw(0), **asked)


def test_a_tally_has_no_clusters() -> None:
    with pytest.raises(ValueError, match="A tally does not record rater, as clusters= needs"):
        fit(World().draw(0).tally(), clusters=["rater"])


def test_rare_pairs_weigh_as_if_drawn_as_often() -> None:
    def votes(propensity: list[float]) -> Votes:
        return Votes.from_columns(
            contender_a="xxxx", contender_b="yyyy", outcome="aabb", propensity=propensity
        )

    even, rare = votes([0.5] * 4), votes([0.25, 0.25, 0.75, 0.75])
    assert fit(even, weighting="propensity").difference("x", "y").estimate == pytest.approx(0)
    weighted = fit(rare, weighting="propensity", scale=1.0, variance_floor="off")
    assert weighted.difference("x", "y").estimate == pytest.approx(np.log(3))
    # Two votes of weight 3/2 against two of 1/2: residuals 1/4 and -3/4, information 4 * 3/16.
    squares = 2 * (1.5 / 4) ** 2 + 2 * (0.5 * 0.75) ** 2
    error = float(np.sqrt(weighted.errors.difference_variances()[0, 1]))
    assert error == pytest.approx(np.sqrt(squares) / 0.75)


def test_the_result_says_what_is_estimated() -> None:
    votes = World(ties=0.3).draw(0)
    assert "half a win" in fit(votes).method.estimand
    assert "Davidson" in fit(votes, ties="davidson").method.estimand
    assert fit(votes, ties="davidson").method.model == "davidson"


def test_without_intervals_nothing_is_claimed() -> None:
    rows = fit(World().draw(0), intervals="none").rows()
    assert all(np.isnan([row.lower, row.upper, row.se]).all() for row in rows)
    assert all((row.rank_low, row.rank_high, row.tier) == (1, 10, 1) for row in rows)


def test_the_bootstrap_is_recorded_and_near_the_sandwich() -> None:
    votes = World(rater_sd=0, prompt_sd=0).draw(0)
    drawn, sandwich = fit(votes, intervals="bootstrap", rounds=400, seed=3), fit(votes)
    np.testing.assert_allclose(drawn.standard_errors, sandwich.standard_errors, rtol=0.2)
    record = drawn.method.record()
    assert (record["rounds"], record["seed"], sandwich.method.record()["rounds"]) == (400, 3, None)


def test_votes_without_finite_ratings_are_refused() -> None:
    with pytest.raises(NotIdentified, match="x won everything"):
        fit(votes_of(Cell("x", "y", "a", 10)))


def test_one_rater_is_refused_unless_votes_are_said_to_be_independent() -> None:
    votes = votes_of(Cell("x", "y", "a", prompt=1), Cell("x", "y", "b", prompt=2), clustered=True)
    with pytest.raises(ValueError, match=r"All votes have the same rater.*Leave 'rater' out of clusters="):
        fit(votes, clusters=["rater"])
    assert fit(votes).difference("x", "y").estimate == 0


def test_importing_and_fitting_load_no_pandas() -> None:
    program = (
        "import sys; from elo import Votes, fit; "
        "fit(Votes.from_columns(contender_a='xy', contender_b='yx', outcome='aa')).rows(); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
