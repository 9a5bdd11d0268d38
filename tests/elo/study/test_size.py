from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elo import fit
from elo.arguments import Cluster
from elo.study.size import (
    VarianceComponents,
    head_to_head_votes,
    ladder_appearances,
    plan_separation,
    plan_width,
    variance_components,
    width_appearances,
)
from tests.factories_elo import Cell, World, votes_of

BOTH: tuple[Cluster, ...] = ("prompt", "rater")


@pytest.mark.parametrize(
    ("gap", "head_to_head", "ladder"),
    [
        (5, 37_901, 75_797),
        (10, 9_478, 18_950),
        (15, 4_214, 8_422),
        (20, 2_372, 4_738),
        (30, 1_056, 2_106),
        (50, 382, 758),
        (75, 172, 337),
        (100, 98, 190),
        (115, 75, 144),
        (150, 46, 85),
    ],
)
def test_votes_needed_for_a_gap_match_published_arithmetic(
    gap: float, head_to_head: int, ladder: int
) -> None:
    assert head_to_head_votes(gap) == head_to_head_votes(-gap) == head_to_head
    assert abs(ladder_appearances(gap) - ladder) <= 1  # published with a rounded quantile


@pytest.mark.parametrize(
    ("half_width", "appearances"),
    [(5, 18_549), (8, 7_246), (10, 4_638), (15, 2_061), (20, 1_160), (30, 516)],
)
def test_votes_needed_for_a_width_match_published_arithmetic(half_width: float, appearances: int) -> None:
    assert abs(width_appearances(half_width) - appearances) <= 1


def test_ties_and_shared_prompts_multiply_the_votes() -> None:
    assert head_to_head_votes(50, tie_rate=0.2, design_effect=4) == pytest.approx(
        5 * head_to_head_votes(50), abs=5
    )
    assert head_to_head_votes(50, power=0.9) > head_to_head_votes(50) > head_to_head_votes(50, level=0.9)


def test_the_planned_number_of_votes_has_the_power() -> None:
    votes, share = head_to_head_votes(50), 1 / (1 + 10 ** (-50 / 400))
    wins = np.random.default_rng(1).binomial(votes, share, 20_000)
    z = np.abs(wins / votes - 0.5) / np.sqrt(0.25 / votes)
    assert np.mean(z > 1.96) == pytest.approx(0.8, abs=0.02)


def test_no_gap_and_only_ties_have_no_answer() -> None:
    with pytest.raises(ValueError, match="tie_rate=1"):
        head_to_head_votes(50, tie_rate=1)
    with pytest.raises(ValueError, match="other than 0"):
        width_appearances(10, design_effect=0)


def mean_components(world: World, clusters: tuple[Cluster, ...]) -> VarianceComponents:
    found = [variance_components(fit(world.draw(seed), clusters=clusters)) for seed in range(12)]
    return VarianceComponents(*np.mean(found, axis=0))


def test_the_variance_is_put_down_to_what_causes_it() -> None:
    plain = World(contenders=5, votes=4000, raters=80, prompts=80, rater_sd=0.0, prompt_sd=0.0)
    tastes = World(contenders=5, votes=4000, raters=80, prompts=80, rater_sd=1.0, prompt_sd=0.0)
    suited = World(contenders=5, votes=4000, raters=80, prompts=80, rater_sd=0.0, prompt_sd=1.0)
    by_vote, by_rater, by_prompt = (mean_components(world, BOTH) for world in (plain, tastes, suited))
    assert by_vote.vote > 2 * (by_vote.rater + by_vote.prompt)
    assert by_rater.rater > 3 * by_rater.prompt
    assert by_rater.rater > by_rater.vote
    assert by_prompt.prompt > 3 * by_prompt.rater
    assert by_prompt.vote == pytest.approx(by_vote.vote, rel=0.5)


@pytest.mark.parametrize("clusters", [(), ("rater",), BOTH])
def test_components_add_up_to_the_variance_of_the_difference(clusters: tuple[Cluster, ...]) -> None:
    ratings = fit(World(contenders=4, votes=1200).draw(1), clusters=clusters)
    found = variance_components(ratings, ("m00", "m02"))
    _, lower, upper = ratings.difference("m00", "m02")
    expected = ((upper - lower) / 2 / ratings.errors.quantile(0.025)) ** 2
    assert sum(found) == pytest.approx(expected)
    assert (found.rater > 0) == ("rater" in clusters)
    assert (found.prompt > 0) == ("prompt" in clusters)


def test_four_times_the_votes_halve_independent_intervals() -> None:
    ratings = fit(World(contenders=4, votes=1200).draw(1), clusters=())
    _, lower, upper = ratings.difference("m00", "m02")
    plan = plan_width(ratings, (upper - lower) / 4, ("m00", "m02"))
    assert plan.margin == pytest.approx((upper - lower) / 2)
    assert plan.votes == pytest.approx(4800, abs=1)
    assert plan.growth == pytest.approx(4, rel=1e-3)
    assert (plan.raters, plan.prompts, plan.buy) == (None, None, "votes")


def test_votes_alone_cannot_make_up_for_few_prompts() -> None:
    world = World(contenders=5, votes=6000, raters=300, prompts=30, rater_sd=0.0, prompt_sd=1.0)
    ratings = fit(world.draw(1), clusters=BOTH)
    plan = plan_width(ratings, plan_width(ratings, 1.0).margin / 2)
    assert (plan.votes, plan.raters, plan.buy) == (None, None, "prompts")
    assert plan.prompts is not None
    assert plan.prompts > 60
    assert 1 < plan.growth < 5


def test_a_plan_that_is_followed_reaches_its_width() -> None:
    now = World(contenders=4, votes=2000, raters=60, prompts=60)
    plans = [plan_width(fit(now.draw(seed), clusters=BOTH), 40.0) for seed in range(8)]
    growth = float(np.mean([plan.growth for plan in plans]))
    later = World(
        contenders=4, votes=round(2000 * growth), raters=round(60 * growth), prompts=round(60 * growth)
    )
    reached = [plan_width(fit(later.draw(seed), clusters=BOTH), 40.0).margin for seed in range(8)]
    assert growth > 1.5
    assert np.mean(reached) == pytest.approx(40, rel=0.1)


def test_separating_two_takes_more_than_an_interval_that_just_excludes_nothing() -> None:
    ratings = fit(World(contenders=4, votes=600).draw(1), clusters=())
    gap = abs(ratings.difference("m00", "m02").estimate)
    separate, width = plan_separation(ratings, "m00", "m02"), plan_width(ratings, gap, ("m00", "m02"))
    assert separate.margin == pytest.approx(width.margin * (1.959964 + 0.841621) / 1.959964)
    assert plan_separation(ratings, "m00", "m02", power=0.99).margin > separate.margin


def test_enough_is_enough_and_nonsense_is_refused() -> None:
    ratings = fit(World(contenders=4, votes=600).draw(1), clusters=())
    plan = plan_width(ratings, 1000.0)
    assert (plan.votes, plan.growth, plan.buy) == (600, 1.0, "nothing")
    with pytest.raises(ValueError, match="it must be above 0"):
        plan_width(ratings, 0.0)
    with pytest.raises(ValueError, match="Unknown contender 'm9'"):
        plan_width(ratings, 10.0, ("m9", "m00"))


@pytest.mark.parametrize(
    "asked", [{"intervals": "none"}, {"clusters": BOTH, "intervals": "bootstrap", "rounds": 50}]
)
def test_a_fit_that_does_not_say_what_its_variance_is_made_of_is_refused(asked: dict[str, Any]) -> None:
    ratings = fit(World(contenders=3, votes=300).draw(1), **asked)
    with pytest.raises(ValueError, match="Plan from a fit with intervals='sandwich'"):
        plan_width(ratings, 10)


def test_differences_without_limits_have_no_plan() -> None:
    votes = votes_of(Cell("x", "y", "a", 9), Cell("y", "z", "a", 5), Cell("z", "y", "a", 5))
    ratings = fit(votes, separation="bounded")
    with pytest.raises(ValueError, match="No votes limit how far apart"):
        plan_width(ratings, 10)
    assert plan_width(ratings, 50, ("y", "z")).votes is not None


@pytest.mark.parametrize("asked", [{"correction": "CR1"}, {"correction": "CR0"}, {"separation": "firth"}])
def test_what_one_kind_of_cluster_adds_is_over_independent_votes(asked: dict[str, Any]) -> None:
    votes = World(contenders=4, votes=2000, raters=20, rater_sd=1.0).draw(2)
    pair = ("m00", "m02")
    found = variance_components(fit(votes, clusters=("rater",), **asked), pair)
    alone = variance_components(fit(votes, separation=asked.get("separation", "error")), pair)
    assert found.vote == pytest.approx(alone.vote, rel=1e-3)
    assert found.rater > found.vote


def test_equals_are_not_planned_apart() -> None:
    ratings = fit(votes_of(Cell("x", "y", "a", 5), Cell("x", "y", "b", 5)))
    with pytest.raises(ValueError, match="'x' and 'y' are estimated to be equal, so no number of votes"):
        plan_separation(ratings, "x", "y")
    with pytest.raises(ValueError, match="'x' does not differ from itself"):
        plan_separation(ratings, "x", "x")
