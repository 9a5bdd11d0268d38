from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elo import Votes, fit
from elo.arguments import Ties
from tests.factories_elo import Cell, votes_of

VOTES = votes_of(
    Cell("x", "y", "a", 3), Cell("y", "x", "a", 1), Cell("x", "y", "tie", 2), Cell("z", "y", "both_bad", 4)
)


def test_counts_are_by_pair_side_and_outcome() -> None:
    counts = VOTES.tally().counts
    assert counts[0, 1].tolist() == [3, 0, 2, 0]
    assert counts[1, 0].tolist() == [1, 0, 0, 0]
    assert counts[2, 1].tolist() == [0, 0, 0, 4]
    assert counts.sum() == 10


def test_each_contender_has_its_sums() -> None:
    tally = VOTES.tally()
    assert tally.votes.tolist() == [6, 10, 4]
    assert tally.wins.tolist() == [3, 1, 0]
    assert tally.losses.tolist() == [1, 3, 0]
    assert tally.ties.tolist() == [2, 2, 0]
    assert tally.both_bad.tolist() == [0, 4, 4]


def test_ties_and_both_bad_are_half_a_win_to_each_side() -> None:
    tally = VOTES.tally()
    assert tally.credit.tolist() == [[0, 4, 0], [2, 0, 2], [0, 2, 0]]
    np.testing.assert_array_equal(
        tally.win_rates, [[np.nan, 4 / 6, np.nan], [2 / 6, np.nan, 0.5], [np.nan, 0.5, np.nan]]
    )


def test_tallies_of_the_same_contenders_merge() -> None:
    merged = VOTES.tally() + VOTES.tally()
    assert merged.contenders == ("x", "y", "z")
    np.testing.assert_array_equal(merged.counts, 2 * VOTES.tally().counts)


def test_tallies_of_different_contenders_do_not_merge() -> None:
    other = Votes.from_columns(contender_a=["x"], contender_b=["y"], outcome=["a"]).tally()
    with pytest.raises(ValueError, match="different contenders: x, y, z and x, y"):
        VOTES.tally() + other


def test_a_tally_says_what_was_on_the_left() -> None:
    outcome = ["a", "a", "tie", "b"]
    votes = Votes.from_columns(contender_a="xyxy", contender_b="yxyx", outcome=outcome, side="abba")
    counts = votes.tally().counts
    assert counts[0, 1].tolist() == [1, 1, 0, 0]
    assert counts[1, 0].tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("ties", ["half", "davidson"])
def test_the_side_effect_of_a_tally_is_that_of_its_votes(ties: Ties) -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(3, size=300)
    votes = Votes.from_columns(
        contender_a=np.array(list("xyz"))[a].tolist(),
        contender_b=np.array(list("xyz"))[(a + 1) % 3].tolist(),
        outcome=rng.choice(["a", "a", "b", "tie"], 300).tolist(),
        side=rng.choice(["a", "b"], 300).tolist(),
    )
    by_votes, by_tally = (fit(of, ties=ties, effects=("side",)) for of in (votes, votes.tally()))
    assert by_tally.parameters == pytest.approx(by_votes.parameters)
    np.testing.assert_allclose(by_tally.covariance, by_votes.covariance)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"effects": ("order",)}, "does not record order"),
        ({"covariates": ("loudness",)}, "does not record loudness"),
        ({"ties": "davidson", "tie_effects": ("prompt",)}, "does not record prompts"),
        ({"clusters": ("prompt", "rater")}, "does not record prompt and rater"),
    ],
)
def test_what_a_tally_forgets_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*Give fit the Votes instead"):
        fit(VOTES.tally(), **asked)
