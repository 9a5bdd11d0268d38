from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from elo import Votes
from elo.arguments import Correction, Ties
from elo.intervals import clustered as clusters
from elo.intervals import leaving_out
from elo.intervals.covariance import clustered, independent, rows_by
from elo.intervals.scores import Fitted
from elo.models.bradley_terry import Solution
from elo.models.cells import cells_of_votes
from elo.models.newton import maximise
from elo.models.specification import Specification
from elo.votes.coding import Codes
from elo.votes.tally import HALF_CREDIT
from tests.factories_elo import Cell, Floats, World, votes_of

WORLD = World(contenders=6, votes=600, raters=30, prompts=20, ties=0.2)


HALF = Specification()


def fitted(votes: Votes, specification: Specification = HALF) -> Fitted:
    cells = cells_of_votes(votes, specification.regressors)
    problem = specification.problem(cells)
    return Fitted(problem, maximise(problem), cells, specification.labels)


def by_rater(votes: Votes, correction: Correction = "CR3") -> Floats:
    fit = fitted(votes)
    return clusters.clustered_sandwich(fit, rows_by(fit, raters(votes), "rater"), correction).covariance


def raters(votes: Votes) -> Codes:
    assert votes.rater is not None
    return votes.rater


def design(votes: Votes) -> Floats:
    """Shape (N, K): 1 for side a, -1 for side b."""
    own = np.eye(len(votes.contenders))
    return own[votes.contender_a] - own[votes.contender_b]


def one_step_refits(votes: Votes, solution: Solution, cluster: Codes) -> Floats:
    """Compute the one-step refits by definition, from all votes but one cluster's."""
    x, credit = design(votes), HALF_CREDIT[votes.outcome]
    p = 1 / (1 + np.exp(-x @ solution.strengths))
    steps = []
    for left_out in np.unique(cluster):
        rest = cluster != left_out
        information = x[rest].T @ ((p * (1 - p))[rest, None] * x[rest])
        steps.append(np.linalg.pinv(information, rcond=1e-9) @ x[rest].T @ (credit - p)[rest])
    return np.array(steps)


def test_each_cluster_is_left_out_once() -> None:
    votes = WORLD.draw(1)
    steps = one_step_refits(votes, fitted(votes).solution, raters(votes))
    expected = (len(steps) - 1) / len(steps) * steps.T @ steps
    covariance = by_rater(votes)
    np.testing.assert_allclose(covariance, expected, rtol=1e-9, atol=1e-12)


def test_one_step_is_close_to_a_full_refit() -> None:
    votes = World(contenders=5, votes=4000, raters=40, prompts=20).draw(2)
    solution, cluster = fitted(votes).solution, raters(votes)
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
        shifts.append(fitted(kept).solution.strengths - solution.strengths)
    refitted = (len(shifts) - 1) / len(shifts) * (np.array(shifts).T @ np.array(shifts))
    covariance = by_rater(votes)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), np.sqrt(np.diag(refitted)), rtol=0.02)


def test_statsmodels_agrees_on_clusters_without_leaving_out() -> None:
    votes = WORLD.draw(3)
    x = design(votes)[:, 1:]
    peer = sm.GLM(HALF_CREDIT[votes.outcome], x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": raters(votes), "use_correction": False}, tol=1e-14
    )
    against_first = np.eye(6)[1:] - np.eye(6)[0]
    errors = np.sqrt(np.diag(against_first @ by_rater(votes, "CR0") @ against_first.T))
    np.testing.assert_allclose(errors, peer.bse, rtol=1e-7)
    few = (votes.raters or 0) / ((votes.raters or 0) - 1)
    np.testing.assert_allclose(by_rater(votes, "CR1"), few * by_rater(votes, "CR0"), rtol=1e-12)


def test_small_clusters_among_many_need_no_leaving_out(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = World(contenders=5, votes=30_000, raters=1500, prompts=20).draw(4)
    exact = by_rater(votes)
    monkeypatch.setattr(clusters, "FEW_CLUSTERS", 100)
    cheap = by_rater(votes)
    assert not np.array_equal(cheap, exact)
    np.testing.assert_allclose(np.sqrt(np.diag(cheap)), np.sqrt(np.diag(exact)), rtol=0.005)


def test_large_clusters_among_many_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = WORLD.draw(4)
    exact = by_rater(votes)
    monkeypatch.setattr(clusters, "FEW_CLUSTERS", 1)
    fit = fitted(votes)
    left_out = clusters.worth_leaving_out(fit, rows_by(fit, raters(votes), "rater"))
    assert 0 < left_out.sum() < len(left_out)
    covariance = by_rater(votes)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), np.sqrt(np.diag(exact)), rtol=0.005)


def test_a_link_by_one_of_many_clusters_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "FEW_CLUSTERS", 1)
    many = [Cell(a, b, "tie", 100, rater=rater) for a, b in ("pq", "xy") for rater in range(5)]
    votes = votes_of(*many, Cell("p", "x", "tie", rater=3), clustered=True)
    errors = clustered(fitted(votes), {"rater": raters(votes)}, "CR3")
    assert errors.alone == {"rater": ("x", "y")}


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = WORLD.draw(5)
    whole = by_rater(votes)
    monkeypatch.setattr(leaving_out, "BLOCK_NUMBERS", 100)
    np.testing.assert_allclose(by_rater(votes), whole, rtol=1e-12, atol=1e-15)


def test_a_single_cluster_is_refused() -> None:
    votes = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"), clustered=True)
    with pytest.raises(ValueError, match="All votes have the same rater"):
        by_rater(votes)


def test_contenders_that_one_cluster_alone_links_are_named_and_keep_the_errors_of_independent_votes() -> None:
    votes = votes_of(
        *[
            Cell(a, b, outcome, 2, rater=rater)
            for a, b in ("xy", "yz", "xz")
            for outcome in "ab"
            for rater in (1, 2)
        ],
        *[Cell("p", b, outcome, 1, rater=2) for b in "xyz" for outcome in "ab"],
        clustered=True,
    )
    fit = fitted(votes)
    errors = clustered(fit, {"rater": raters(votes)}, "CR3")
    assert errors.alone == {"rater": ("p",)}
    assert (errors.difference_variances() >= independent(fit).difference_variances() * (1 - 1e-12)).all()
    assert np.isfinite(errors.matrix).all()


@pytest.mark.parametrize("ties", ["davidson", "rao-kupper"])
def test_each_cluster_is_left_out_of_models_of_ties_too(ties: Ties) -> None:
    votes = WORLD.draw(6)
    model = Specification(ties=ties)
    whole = fitted(votes, model)
    theta, place = whole.solution.theta, whole.problem.design.linear_predictor(whole.solution.theta)
    shifts = []
    for rater in range(votes.raters or 0):
        rest = raters(votes) != rater
        counts = np.bincount(whole.cells.cell[rest], minlength=whole.cells.counts.size)  # type: ignore[index]
        credit = np.einsum("ij,im->jm", model.labels, counts.reshape(4, -1))
        local = whole.problem.outcomes.derivatives(place, credit)
        design = whole.problem.design
        information = design.information(local.curvature)
        shifts.append(np.linalg.pinv(information, rcond=1e-9) @ design.gradient(local.gradient))
    expected = (1 - 1 / len(shifts)) * np.array(shifts).T @ np.array(shifts)
    assert len(theta) == 7
    covariance = clusters.clustered_sandwich(whole, rows_by(whole, raters(votes), "rater"), "CR3").covariance
    np.testing.assert_allclose(covariance, expected, rtol=1e-8, atol=1e-12)
