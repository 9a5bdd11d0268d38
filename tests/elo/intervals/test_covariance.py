from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.stats import norm, t

from elo import Votes, fit
from elo.arguments import Correction, VarianceFloor
from elo.fit import ELO_SCALE
from elo.intervals.covariance import Covariance
from elo.votes.tally import HALF_CREDIT
from tests.factories_elo import Cell, Floats, World, votes_of

VARIANCE_FLOORS: tuple[VarianceFloor, ...] = ("on", "off")

WORLD = World(contenders=6, votes=600, raters=30, prompts=20, ties=0.2)


def without_raters(votes: Votes) -> Votes:
    columns = (votes.contenders, votes.contender_a, votes.contender_b, votes.outcome, votes.weight)
    return Votes(*columns, prompt=votes.prompt)


def test_statsmodels_agrees_on_points_and_on_errors_of_independent_votes() -> None:
    votes = WORLD.draw(1)
    own = np.eye(6)
    x = (own[votes.contender_a] - own[votes.contender_b])[:, 1:]
    peer = sm.GLM(HALF_CREDIT[votes.outcome], x, family=sm.families.Binomial()).fit(cov_type="HC0", tol=1e-14)
    ratings = fit(votes, clusters=(), anchor=("m00", 0.0))
    np.testing.assert_allclose(ratings.ratings[1:], ELO_SCALE * peer.params, atol=1e-6)
    np.testing.assert_allclose(ratings.standard_errors[1:], ELO_SCALE * peer.bse, rtol=1e-7)


def test_two_contenders_have_the_error_of_a_proportion() -> None:
    votes = votes_of(Cell("x", "y", "a", 30), Cell("y", "x", "a", 10))
    gap = fit(votes, scale=1.0).difference("x", "y")
    assert gap.upper - gap.estimate == pytest.approx(norm.ppf(0.975) / np.sqrt(40 * 0.75 * 0.25))


def test_votes_are_independent_unless_clusters_are_named() -> None:
    assert fit(WORLD.draw(2)).method.asked.uncertainty.clusters == ()
    assert fit(WORLD.draw(2), clusters=["rater"]).method.asked.uncertainty.clusters == ("rater",)


def test_clusters_that_votes_do_not_record_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Cannot cluster by .rater..*They have: prompt; known: prompt, rater"
    ):
        fit(without_raters(WORLD.draw(2)), clusters=["rater"])


def test_the_order_of_clusters_does_not_matter() -> None:
    votes = WORLD.draw(2)
    one, other = fit(votes, clusters=["rater", "prompt"]), fit(votes, clusters=["prompt", "rater"])
    assert one.rows() == other.rows()


def test_two_way_errors_fall_below_neither_one_way_error() -> None:
    for seed in range(5):
        votes = WORLD.draw(seed)
        two_way = fit(votes, clusters=["prompt", "rater"])
        for cluster in ("prompt", "rater"):
            one_way = fit(votes, clusters=[cluster]).standard_errors
            assert (two_way.standard_errors >= one_way * (1 - 1e-12)).all()
        assert (two_way.standard_errors >= fit(votes).standard_errors * (1 - 1e-12)).all()
        assert np.linalg.eigvalsh(two_way.covariance).min() > -1e-12


def test_two_way_is_one_plus_the_other_less_the_intersection() -> None:
    votes = World(contenders=4, votes=4000, raters=60, prompts=50).draw(3)
    assert votes.rater is not None
    assert votes.prompt is not None
    pairs = [f"{r} {p}" for r, p in zip(votes.rater, votes.prompt, strict=True)]
    crossed = Votes.from_columns(
        contender_a=[votes.contenders[i] for i in votes.contender_a],
        contender_b=[votes.contenders[i] for i in votes.contender_b],
        outcome=[("a", "b", "tie", "both_bad")[i] for i in votes.outcome],
        rater=pairs,
    )
    by_prompt, by_rater = (fit(votes, clusters=[name]).covariance for name in ("prompt", "rater"))
    expected = by_prompt + by_rater - fit(crossed, clusters=["rater"]).covariance
    np.testing.assert_allclose(fit(votes, clusters=["prompt", "rater"]).covariance, expected, atol=1e-12)


@pytest.mark.parametrize("correction", ["CR0", "CR1"])
@pytest.mark.parametrize("seed", range(4))
def test_without_a_floor_two_way_errors_are_the_formula_of_cameron_gelbach_and_miller(
    correction: Literal["CR0", "CR1"], seed: int
) -> None:
    # Few of either kind, so that V_p + V_r - V_pr often falls below a one-way variance or below zero.
    votes = World(contenders=5, votes=80, raters=12, prompts=8, ties=0.3).draw(seed)
    own = np.eye(5)
    x = (own[votes.contender_a] - own[votes.contender_b])[:, 1:]
    peer = sm.GLM(HALF_CREDIT[votes.outcome], x, family=sm.families.Binomial()).fit(tol=1e-14)
    p = peer.fittedvalues
    bread = np.linalg.inv(x.T @ (x * (p * (1 - p))[:, None]))

    def one_way(*columns: NDArray[np.integer]) -> Floats:
        groups, number = np.unique(np.stack(columns), axis=1, return_inverse=True)
        scores = np.zeros((groups.shape[1], 4))
        np.add.at(scores, number.ravel(), x * (HALF_CREDIT[votes.outcome] - p)[:, None])
        factor = len(scores) / (len(scores) - 1) if correction == "CR1" else 1.0
        return bread @ scores.T @ scores @ bread * factor

    assert votes.prompt is not None
    assert votes.rater is not None
    both = one_way(votes.prompt) + one_way(votes.rater) - one_way(votes.prompt, votes.rater)
    ratings = fit(votes, clusters=("prompt", "rater"), correction=correction, anchor=("m00", 0.0), scale=1.0)
    variances = np.diag(both)
    expected = np.sqrt(np.where(variances < 0, np.nan, variances))
    np.testing.assert_allclose(ratings.standard_errors[1:], expected, rtol=1e-6)
    assert ratings.method.record()["variance_floor"] == "off"
    assert ratings.method.covariance.endswith("without a floor")


def test_statsmodels_agrees_on_two_way_errors_without_a_floor() -> None:
    votes = WORLD.draw(4)
    own = np.eye(6)
    x = (own[votes.contender_a] - own[votes.contender_b])[:, 1:]
    assert votes.prompt is not None
    assert votes.rater is not None
    groups = np.stack((votes.prompt, votes.rater), axis=1).astype(int)
    kwds = {"groups": groups, "use_correction": False}
    model = sm.GLM(HALF_CREDIT[votes.outcome], x, family=sm.families.Binomial())
    peer = model.fit(cov_type="cluster", cov_kwds=kwds, tol=1e-14)
    ratings = fit(votes, clusters=("prompt", "rater"), correction="CR0", anchor=("m00", 0.0), scale=1.0)
    np.testing.assert_allclose(ratings.standard_errors[1:], peer.bse, rtol=1e-6)


@pytest.mark.parametrize("correction", ["CR0", "CR1", "CR3"])
def test_the_floor_is_on_or_off_as_asked_and_named(correction: Correction) -> None:
    votes = World(contenders=5, votes=80, raters=12, prompts=8, ties=0.3).draw(1)
    on, off = (
        fit(votes, clusters=("prompt", "rater"), correction=correction, variance_floor=floor)
        for floor in VARIANCE_FLOORS
    )
    assert (on.method.record()["variance_floor"], off.method.record()["variance_floor"]) == ("on", "off")
    assert "floored at the one-way standard errors, those of independent votes and" in on.method.covariance
    assert off.method.covariance == f"two-way {correction} by prompt and rater, without a floor"
    for name in on.contenders[1:]:
        with_floor, bare = (np.ptp(found.difference("m00", name)[1:]) for found in (on, off))
        assert with_floor >= bare * (1 - 1e-9) or np.isnan(bare)


def test_the_floor_is_on_by_default_but_off_for_the_corrections_of_other_packages() -> None:
    votes = WORLD.draw(2)
    used = {
        name: fit(votes, clusters=["rater"], correction=name).method.record()["variance_floor"]
        for name in ("CR0", "CR1", "CR3")
    }
    assert used == {"CR0": "off", "CR1": "off", "CR3": "on"}
    assert fit(votes).method.record()["variance_floor"] == "on"
    assert fit(votes, intervals="model").method.record()["variance_floor"] is None


def test_quantiles_are_of_students_t_with_clusters_and_normal_without() -> None:
    matrix = np.eye(2)
    assert Covariance(matrix, (), "", {}).quantile(0.025) == pytest.approx(norm.ppf(0.975))
    clustered = Covariance(matrix, (), "", {"prompt": 12, "rater": 30})
    assert clustered.degrees_of_freedom == 11
    assert clustered.quantile(0.025) == pytest.approx(t(11).ppf(0.975))
