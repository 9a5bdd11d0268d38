from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import expit, logit

from elo import Votes, fit
from elo.fit import ELO_SCALE
from elo.study.monitoring import (
    anytime_difference,
    difference_sequence,
    top_is_top,
    win_share_sequence,
)
from elo.votes.coding import Codes
from tests.factories_elo import Cell, Floats, World, votes_of

PATHS = 400
PLANNED = 0.1
"""Log-odds; about the error in the middle of the paths below."""


class Paths(NamedTuple):
    """Two contenders, watched after each rater. Shape (PATHS, looks): log-odds, clustered standard errors."""

    estimates: Floats
    errors: Floats
    looks: Floats
    truth: float


def head_to_head(
    taste_sd: float, votes_each: float, raters: int, burn_in: int, strength: float = 0.3
) -> Paths:
    rng = np.random.default_rng(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    truth = float(logit(expit(strength + taste_sd * nodes) @ weights / weights.sum()))
    votes = 1 + rng.poisson(votes_each * rng.lognormal(0, 0.7, (PATHS, raters)))
    wins = rng.binomial(votes, expit(strength + taste_sd * rng.standard_normal((PATHS, raters))))
    looks = np.arange(burn_in, raters + 1)
    total, won = votes.cumsum(axis=1), wins.cumsum(axis=1)
    share = won / total
    # sum over raters of (wins - votes share)^2, at each look, from running sums
    residual = (
        (wins**2).cumsum(axis=1)
        - 2 * share * (wins * votes).cumsum(axis=1)
        + share**2 * (votes**2).cumsum(axis=1)
    )
    count = np.arange(1, raters + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(residual * count / (count - 1)) / (total * share * (1 - share))
        estimates = logit(share)
    return Paths(estimates[:, looks - 1], errors[:, looks - 1], looks.astype(float), truth)


@pytest.mark.parametrize(
    ("taste_sd", "votes_each", "burn_in"),
    [(0.0, 0.0, 50), (0.0, 10.0, 20), (0.8, 10.0, 20), (1.5, 4.0, 20)],
    ids=["independent votes", "independent votes, many a rater", "tastes", "strong tastes"],
)
def test_a_difference_watched_after_every_rater_is_missed_in_few_paths(
    taste_sd: float, votes_each: float, burn_in: int
) -> None:
    paths = head_to_head(taste_sd, votes_each, raters=600, burn_in=burn_in)
    dof = paths.looks - 1
    lower, upper = difference_sequence(
        paths.estimates, paths.errors, planned_error=PLANNED, degrees_of_freedom=dof
    )
    missed = ((lower > paths.truth) | (upper < paths.truth)).any(axis=1)
    assert np.mean(missed) <= 0.05
    fixed = np.abs(paths.estimates - paths.truth) > 1.96 * paths.errors
    assert np.mean(fixed.any(axis=1)) > 0.2  # intervals made for one look are not good for many


def test_the_price_of_watching_is_half_as_wide_again_where_planned() -> None:
    errors = np.array([0.5, 1.0, 2.0])
    lower, upper = difference_sequence(np.zeros(3), errors, planned_error=1.0)
    assert (upper - lower) / (2 * 1.96 * errors) == pytest.approx([1.595, 1.549, 1.665], abs=2e-3)


def test_limits_follow_the_formula_and_widen_with_few_degrees_of_freedom() -> None:
    prior = 1 / (2 * math.log(20) + math.log(2 * math.log(20) + 1))
    reach = math.sqrt((1 + prior) * (2 * math.log(20) + math.log(1 + 1 / prior)))
    normal = difference_sequence([1.0], [2.0], planned_error=2.0)
    assert normal.upper[0] == pytest.approx(1 + 2 * reach)
    few = difference_sequence([1.0], [2.0], planned_error=2.0, degrees_of_freedom=10)
    many = difference_sequence([1.0], [2.0], planned_error=2.0, degrees_of_freedom=10**7)
    assert few.upper[0] > 1.1 * normal.upper[0]
    assert many.upper[0] == pytest.approx(normal.upper[0], rel=1e-4)


def test_no_variance_gives_no_limits() -> None:
    lower, upper = difference_sequence([1.0], [0.0], planned_error=1.0)
    assert (lower[0], upper[0]) == (-np.inf, np.inf)


def test_a_plan_needs_an_error_above_zero() -> None:
    with pytest.raises(ValueError, match=r"planned_error=0\.0 must be above 0"):
        difference_sequence([1.0], [1.0], planned_error=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_exact_limits_hold_over_whole_paths(share: float) -> None:
    credits = np.random.default_rng(2).random((300, 500)) < share
    sequences = [win_share_sequence(path) for path in credits]
    missed = [((path.lower > share) | (path.upper < share)).any() for path in sequences]
    assert np.mean(missed) <= 0.05
    widths = [path.upper[-1] - path.lower[-1] for path in sequences]
    fixed = 2 * 1.96 * math.sqrt(share * (1 - share) / 500)
    assert fixed < np.mean(widths) < 2.6 * fixed


def test_exact_limits_mirror_with_the_sides_and_allow_ties() -> None:
    credits = np.random.default_rng(3).choice([0.0, 0.5, 1.0], 1500, p=[0.2, 0.3, 0.5])
    ours, theirs = win_share_sequence(credits), win_share_sequence(1 - credits)
    np.testing.assert_allclose(ours.lower, 1 - theirs.upper, atol=1e-9)
    assert ours.lower[-1] < 0.65 < ours.upper[-1]
    assert (ours.lower[0], ours.upper[0]) == (0.0, 1.0)


def test_credits_outside_0_to_1_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        win_share_sequence([0.5, 1.5])
    with pytest.raises(ValueError, match="between 0 and 1"):
        win_share_sequence([0.5, float("nan")])


def test_a_pair_of_ratings_is_the_sequence_of_its_difference() -> None:
    ratings = fit(World(contenders=4, votes=800).draw(1), clusters=("rater",), anchor=("m02", 0))
    row = next(row for row in ratings.rows() if row.contender == "m00")
    found = anytime_difference(ratings, "m00", "m02", planned_error=20.0)
    dof = ratings.diagnostics.degrees_of_freedom
    limits = difference_sequence([row.rating], [row.se], planned_error=20.0, degrees_of_freedom=dof)
    assert found == pytest.approx((row.rating, limits.lower[0], limits.upper[0]))
    with pytest.raises(ValueError, match="Unknown contender 'm9'"):
        anytime_difference(ratings, "m9", "m02", planned_error=20.0)


def test_evidence_for_a_pair_is_the_half_normal_mixture_of_likelihood_ratios() -> None:
    votes = votes_of(Cell("x", "y", "a", 60), Cell("x", "y", "b", 40))
    ratings = fit(votes, clusters=(), scale=1.0)
    gap, _, _ = ratings.difference("x", "y")
    information = 100 * 0.6 * 0.4  # of independent votes; the sandwich agrees at the optimum of one pair
    claim = top_is_top(ratings, planned_error=0.2)
    prior_sd = math.sqrt((2 * math.log(20) + math.log(2 * math.log(20) + 1)) * 0.2**2)
    drift = np.linspace(0, 12 * prior_sd, 200_001)
    density = 2 * np.exp(-(drift**2) / (2 * prior_sd**2)) / math.sqrt(2 * math.pi * prior_sd**2)
    ratio = np.exp(information * (gap * drift - drift**2 / 2))
    assert prior_sd**-2 == pytest.approx(1 / 0.04 / (2 * math.log(20) + math.log(2 * math.log(20) + 1)))
    assert claim.contender == "x"
    assert claim.evidence == pytest.approx(float(np.trapezoid(density * ratio, drift)), rel=1e-3)
    assert not claim.shown


def test_a_clear_top_is_shown_and_its_evidence_stays_finite() -> None:
    votes = votes_of(Cell("x", "y", "a", 10**6), Cell("x", "y", "b", 10**4))
    claim = top_is_top(fit(votes, clusters=()), planned_error=20.0)
    assert (claim.contender, claim.shown) == ("x", True)
    assert math.isfinite(claim.evidence)


def first(votes: Votes, count: int) -> Votes:
    """Return the votes up to one look."""

    def regrouped(codes: Codes | None) -> tuple[Codes, tuple[int, ...]]:
        assert codes is not None
        labels, group = np.unique(codes[:count], return_inverse=True)
        return group.astype(codes.dtype), tuple(labels.tolist())

    prompt, prompt_labels = regrouped(votes.prompt)
    rater, rater_labels = regrouped(votes.rater)
    return replace(
        votes,
        contender_a=votes.contender_a[:count],
        contender_b=votes.contender_b[:count],
        outcome=votes.outcome[:count],
        weight=votes.weight[:count],
        prompt=prompt,
        prompt_labels=prompt_labels,
        rater=rater,
        rater_labels=rater_labels,
    )


@pytest.mark.slow
def test_fits_watched_while_the_same_raters_and_prompts_return_miss_in_few_paths() -> None:
    world = World(contenders=4, votes=1600, raters=80, prompts=80)
    truth = (world.target[0] - world.target[1]) * ELO_SCALE
    best = world.names[int(np.argmax(world.target))]
    missed, wronged = [], []
    for seed in range(300):
        votes = world.draw(seed)
        boards = [fit(first(votes, count), clusters=("prompt", "rater")) for count in range(400, 1601, 200)]
        limits = [anytime_difference(board, "m00", "m01", planned_error=40.0) for board in boards]
        missed.append(any(not lower <= truth <= upper for _, lower, upper in limits))
        claims = [top_is_top(board, planned_error=40.0) for board in boards]
        wronged.append(any(claim.shown and claim.contender != best for claim in claims))
    assert np.mean(missed) <= 0.05
    assert np.mean(wronged) <= 0.05
