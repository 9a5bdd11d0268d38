from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm, t

from elo import Votes, fit
from elo.fit import ELO_SCALE
from elo.intervals.sandwich import Covariance
from elo.votes.tally import HALF_CREDIT
from tests.factories_elo import Cell, World, votes_of

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
    assert fit(WORLD.draw(2)).method.clusters == ()
    assert fit(WORLD.draw(2), clusters=["rater"]).method.clusters == ("rater",)


def test_clusters_that_votes_do_not_record_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Cannot cluster by .rater..*They have: prompt; known: prompt, rater"
    ):
        fit(without_raters(WORLD.draw(2)), clusters=["rater"])


def test_the_order_of_clusters_does_not_matter() -> None:
    votes = WORLD.draw(2)
    one, other = (fit(votes, clusters=clusters) for clusters in (["rater", "prompt"], ["prompt", "rater"]))
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


def test_quantiles_are_of_students_t_with_clusters_and_normal_without() -> None:
    matrix = np.eye(2)
    assert Covariance(matrix, (), "", {}).quantile(0.025) == pytest.approx(norm.ppf(0.975))
    clustered = Covariance(matrix, (), "", {"prompt": 12, "rater": 30})
    assert clustered.degrees_of_freedom == 11
    assert clustered.quantile(0.025) == pytest.approx(t(11).ppf(0.975))
