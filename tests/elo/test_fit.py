from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elo import NotIdentified, Ratings, fit
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
@settings(deadline=None, max_examples=40)
def test_names_do_not_matter(drawn: list[Cell], names: list[str]) -> None:
    renamed = dict(zip(NAMES, names, strict=True))
    relabelled = [cell._replace(a=renamed[cell.a], b=renamed[cell.b]) for cell in drawn]
    assert_same(fit(votes_of(*drawn, clustered=True)), fit(votes_of(*relabelled, clustered=True)), renamed)


@given(cells())
@settings(deadline=None, max_examples=40)
def test_sides_do_not_matter(drawn: list[Cell]) -> None:
    swapped = [cell._replace(a=cell.b, b=cell.a, outcome=SWAPPED[cell.outcome]) for cell in drawn]
    assert_same(fit(votes_of(*drawn, clustered=True)), fit(votes_of(*swapped, clustered=True)))


@given(cells(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_votes_does_not_matter(drawn: list[Cell], rng: random.Random) -> None:
    shuffled = rng.sample(drawn, len(drawn))
    assert_same(fit(votes_of(*drawn, clustered=True)), fit(votes_of(*shuffled, clustered=True)))


@given(cells(), st.booleans())
@settings(deadline=None, max_examples=40)
def test_a_weight_is_a_repetition(drawn: list[Cell], clustered: bool) -> None:
    repeated = [cell._replace(weight=1) for cell in drawn for _ in range(cell.weight)]
    assert_same(fit(votes_of(*drawn, clustered=clustered)), fit(votes_of(*repeated, clustered=clustered)))


@given(cells(), cells())
@settings(deadline=None, max_examples=40)
def test_tallies_of_parts_add_up(one: list[Cell], other: list[Cell]) -> None:
    merged = votes_of(*one).tally() + votes_of(*other).tally()
    np.testing.assert_array_equal(merged.counts, votes_of(*one, *other).tally().counts)


@given(cells(), st.sampled_from(NAMES), st.floats(-3000, 3000))
@settings(deadline=None, max_examples=40)
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
        fit(World().draw(0), ties=ties)


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        fit(World().draw(0), level=level)


@pytest.mark.parametrize("scale", [0, -1, float("inf"), float("nan")])
def test_a_scale_that_orders_nothing_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="finite and above 0"):
        fit(World().draw(0), scale=scale)


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
