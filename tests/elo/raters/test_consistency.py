from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from elo import Votes
from elo.raters.consistency import consistency
from tests.factories_elo import Cell, World, votes_of


def repeats(*answers: str, rater: int = 0, prompt: int = 0) -> list[Cell]:
    """One rater's answers to one item; a leading `~` swaps the sides."""
    return [
        Cell("y", "x", answer[1:], 1, prompt, rater)
        if answer.startswith("~")
        else Cell("x", "y", answer, 1, prompt, rater)
        for answer in answers
    ]


def test_repeats_agree_or_not_whatever_the_sides() -> None:
    votes = votes_of(
        *repeats("a", "a", prompt=1),
        *repeats("a", "~b", prompt=2),
        *repeats("a", "~a", prompt=3),
        *repeats("tie", "tie", prompt=4),
        *repeats("b", prompt=5),
        clustered=True,
    )
    found = consistency(votes)
    assert (found.same.share, found.same.repeats) == (3 / 4, 4)
    assert (found.unswapped.share, found.unswapped.repeats) == (1, 2)
    assert (found.swapped.share, found.swapped.repeats) == (1 / 2, 2)


def test_the_interval_is_wilsons() -> None:
    votes = votes_of(
        *(cell for i in range(20) for cell in repeats("a", "a" if i < 14 else "b", prompt=i)), clustered=True
    )
    lower, upper = proportion_confint(14, 20, method="wilson")
    assert consistency(votes).same == pytest.approx((0.7, lower, upper, 20))


def test_chance_is_a_toss_between_the_winners() -> None:
    votes = votes_of(*repeats("a", "a", prompt=1), *repeats("tie", "both_bad", prompt=2), clustered=True)
    found = consistency(votes)
    assert found.chance == pytest.approx(0.5**2 / 2 + 2 * 0.25**2)
    assert found.beyond_chance == pytest.approx((0.5 - 0.25) / 0.75)


def test_a_guessing_rater_is_consistent_by_chance_only() -> None:
    rng = np.random.default_rng(5)
    cells = [cell for i in range(3000) for cell in repeats(*rng.choice(["a", "b", "~a", "tie"], 2), prompt=i)]
    found = consistency(votes_of(*cells, clustered=True))
    assert found.beyond_chance == pytest.approx(0, abs=0.05)


def test_three_answers_are_two_repeats() -> None:
    found = consistency(votes_of(*repeats("a", "a", "b"), clustered=True))
    assert found.same.share == pytest.approx(1 / 3)
    assert found.same.repeats == pytest.approx(2)


def test_equal_votes_in_one_row_are_repeats() -> None:
    row = votes_of(Cell("x", "y", "a", 3), Cell("x", "y", "b"), clustered=True)
    rows = votes_of(*repeats("a", "a", "a", "b"), clustered=True)
    assert consistency(row) == consistency(rows)


def test_raters_are_listed_from_the_least_consistent() -> None:
    votes = votes_of(
        *repeats("a", "a", rater=3), *repeats("a", "b", rater=8), *repeats("a", rater=9), clustered=True
    )
    rows = consistency(votes).raters
    assert [(row.rater, row.same.share, row.same.repeats) for row in rows] == [(8, 0, 1), (3, 1, 1)]


def simulated(p: float, items: int, seed: int) -> Votes:
    rng = np.random.default_rng(seed)
    answers = np.where(rng.random((items, 2, 2)) < p, "a", "b")
    return votes_of(
        *(
            cell
            for item in range(items)
            for rater in (0, 1)
            for cell in repeats(*answers[item, rater], rater=rater, prompt=item)
        ),
        clustered=True,
    )


def test_agreement_with_others_stays_at_the_ceiling_of_raters_alike() -> None:
    # Raters who answer a with probability 0.8 each time agree with themselves as with each other: 0.68.
    votes = simulated(0.8, 4000, seed=6)
    found = consistency(votes)
    first = votes.outcome.reshape(-1, 2, 2)[:, :, 0]
    assert found.rater_ceiling == pytest.approx(0.68, abs=0.015)
    assert np.mean(first[:, 0] == first[:, 1]) == pytest.approx(found.rater_ceiling, abs=0.02)


def test_no_judge_matches_more_than_the_ceiling() -> None:
    # A judge who always says a matches 0.8; with four possible answers the bound is a little above that.
    ceiling = consistency(simulated(0.8, 4000, seed=7)).judge_ceiling
    assert 0.8 <= ceiling < 0.83
    # At the bound the other three answers are equally likely.
    assert ceiling**2 + (1 - ceiling) ** 2 / 3 == pytest.approx(
        consistency(simulated(0.8, 4000, 7)).same.share
    )


@given(
    st.lists(st.sampled_from(["a", "b", "~a", "~b", "tie", "both_bad"]), min_size=2, max_size=8), st.randoms()
)
def test_the_order_of_votes_does_not_matter(answers: list[str], random: object) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' own Random
    one, other = (consistency(votes_of(*repeats(*each), clustered=True)) for each in (answers, shuffled))
    assert one.same == pytest.approx(other.same)
    assert one.swapped == pytest.approx(other.swapped, nan_ok=True)
    together = one.unswapped.repeats + one.swapped.repeats
    assert together == pytest.approx(len(answers) - 1)


def test_without_swapped_repeats_their_share_is_unknown() -> None:
    assert math.isnan(consistency(votes_of(*repeats("a", "a"), clustered=True)).swapped.share)


def test_votes_without_repeats_raters_or_whole_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="No rater answered the same pair of clips twice"):
        consistency(votes_of(*repeats("a"), *repeats("b", rater=1), clustered=True))
    votes = votes_of(*repeats("a", "a"), clustered=True)
    with pytest.raises(ValueError, match=r"^Self-consistency needs to know each vote's rater"):
        consistency(replace(votes, rater=None))
    with pytest.raises(ValueError, match="weights must be whole"):
        consistency(replace(votes, weight=votes.weight / 2))


def test_a_world_with_few_repeats_still_counts_them() -> None:
    found = consistency(World(votes=4000, raters=20, prompts=20).draw(1))
    assert found.same.repeats > 100
    assert found.same.lower < found.same.share < found.same.upper
