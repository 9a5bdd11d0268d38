from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from elo import NotIdentified, Votes
from elo.intervals import jackknife
from elo.models.bradley_terry import Solution, maximise
from elo.votes.coding import Codes
from elo.votes.tally import HALF_CREDIT
from tests.factories_elo import Cell, Floats, World, votes_of

WORLD = World(contenders=6, votes=600, raters=30, prompts=20, ties=0.2)


def fitted(votes: Votes) -> Solution:
    return maximise(votes.tally().credit)


def raters(votes: Votes) -> Codes:
    assert votes.rater is not None
    return votes.rater


def design(votes: Votes) -> Floats:
    """Shape (N, K): 1 for side a, -1 for side b."""
    own = np.eye(len(votes.contenders))
    return own[votes.contender_a] - own[votes.contender_b]


def one_step_refits(votes: Votes, solution: Solution, cluster: Codes) -> Floats:
    """The definition, vote by vote: information and score of all votes but one cluster's."""
    x, credit = design(votes), HALF_CREDIT[votes.outcome]
    p = 1 / (1 + np.exp(-x @ solution.strengths))
    steps = []
    for left_out in np.unique(cluster):
        rest = cluster != left_out
        information = x[rest].T @ ((p * (1 - p))[rest, None] * x[rest])
        steps.append(np.linalg.pinv(information) @ x[rest].T @ (credit - p)[rest])
    return np.array(steps)


def test_each_cluster_is_left_out_once() -> None:
    votes = WORLD.draw(1)
    solution = fitted(votes)
    steps = one_step_refits(votes, solution, raters(votes))
    expected = (len(steps) - 1) / len(steps) * steps.T @ steps
    covariance = jackknife.jackknife(votes, solution, raters(votes), "rater")
    np.testing.assert_allclose(covariance, expected, rtol=1e-9, atol=1e-12)


def test_one_step_is_close_to_a_full_refit() -> None:
    votes = World(contenders=5, votes=4000, raters=40, prompts=20).draw(2)
    solution, cluster = fitted(votes), raters(votes)
    shifts = []
    for left_out in np.unique(cluster):
        rest = cluster != left_out
        kept = Votes(
            votes.contenders,
            votes.contender_a[rest],
            votes.contender_b[rest],
            votes.outcome[rest],
            votes.weight[rest],
        )
        shifts.append(fitted(kept).strengths - solution.strengths)
    refitted = (len(shifts) - 1) / len(shifts) * (np.array(shifts).T @ np.array(shifts))
    covariance = jackknife.jackknife(votes, solution, cluster, "rater")
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), np.sqrt(np.diag(refitted)), rtol=0.02)


def test_without_leaving_out_it_is_the_cluster_sandwich_of_statsmodels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jackknife, "FEW_CLUSTERS", 0)
    monkeypatch.setattr(jackknife, "LARGE_LEVERAGE", 10.0)
    votes = WORLD.draw(3)
    x = design(votes)[:, 1:]
    peer = sm.GLM(HALF_CREDIT[votes.outcome], x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": raters(votes), "use_correction": False}, tol=1e-14
    )
    against_first = np.eye(6)[1:] - np.eye(6)[0]
    covariance = (
        against_first @ jackknife.jackknife(votes, fitted(votes), raters(votes), "rater") @ against_first.T
    )
    shrunk = (votes.raters or 0) / ((votes.raters or 0) - 1)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance) * shrunk), peer.bse, rtol=1e-7)


def test_small_clusters_among_many_need_no_leaving_out(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = World(contenders=5, votes=30_000, raters=1500, prompts=20).draw(4)
    solution = fitted(votes)
    exact = jackknife.jackknife(votes, solution, raters(votes), "rater")
    monkeypatch.setattr(jackknife, "FEW_CLUSTERS", 100)
    cheap = jackknife.jackknife(votes, solution, raters(votes), "rater")
    assert not np.array_equal(cheap, exact)
    np.testing.assert_allclose(np.sqrt(np.diag(cheap)), np.sqrt(np.diag(exact)), rtol=0.005)


def test_large_clusters_among_many_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = WORLD.draw(4)
    solution = fitted(votes)
    exact = jackknife.jackknife(votes, solution, raters(votes), "rater")
    monkeypatch.setattr(jackknife, "FEW_CLUSTERS", 1)
    left_out = jackknife._worth_leaving_out(votes, solution, raters(votes), votes.raters or 0)
    assert 0 < left_out.sum() < len(left_out)
    covariance = jackknife.jackknife(votes, solution, raters(votes), "rater")
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), np.sqrt(np.diag(exact)), rtol=0.005)


def test_a_link_by_one_of_many_clusters_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jackknife, "FEW_CLUSTERS", 1)
    many = [Cell(a, b, "tie", 100, rater=rater) for a, b in ("pq", "xy") for rater in range(5)]
    votes = votes_of(*many, Cell("p", "x", "tie", rater=3), clustered=True)
    with pytest.raises(
        NotIdentified, match="All votes between p, q and the other contenders share one rater"
    ):
        jackknife.jackknife(votes, fitted(votes), raters(votes), "rater")


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = WORLD.draw(5)
    solution = fitted(votes)
    whole = jackknife.jackknife(votes, solution, raters(votes), "rater")
    monkeypatch.setattr(jackknife, "BLOCK_CELLS", 100)
    np.testing.assert_allclose(
        jackknife.jackknife(votes, solution, raters(votes), "rater"), whole, rtol=1e-12, atol=1e-15
    )


def test_a_single_cluster_is_refused() -> None:
    votes = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"), clustered=True)
    with pytest.raises(ValueError, match="All votes have the same rater"):
        jackknife.jackknife(votes, fitted(votes), raters(votes), "rater")


def test_contenders_that_one_cluster_alone_links_to_the_rest_are_named() -> None:
    votes = votes_of(
        Cell("x", "y", "tie", rater=1),
        Cell("x", "y", "tie", rater=2),
        Cell("p", "q", "tie", rater=1),
        Cell("p", "q", "tie", rater=2),
        Cell("x", "p", "tie", rater=2),
        Cell("y", "q", "tie", rater=2),
        Cell("x", "z", "tie", rater=1),
        Cell("y", "z", "tie", rater=2),
        clustered=True,
    )
    with pytest.raises(
        NotIdentified, match=r"All votes between p, q and the other contenders share one rater"
    ):
        jackknife.jackknife(votes, fitted(votes), raters(votes), "rater")
