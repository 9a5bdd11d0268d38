"""The optimum of each model against independent programs and a gradient in higher precision."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from elo import Votes, fit
from elo.arguments import Ties
from elo.fit import ELO_SCALE
from elo.models.cells import cells_of_tally
from elo.models.newton import maximise
from elo.models.specification import Specification
from tests.factories_elo import Floats

SIZE = 5


def drawn(seed: int, votes: int = 3000) -> Votes:
    """Votes with all four outcomes, both sides and a covariate at play."""
    rng = np.random.default_rng(seed)
    strengths = rng.normal(0, 0.7, SIZE)
    a = rng.integers(0, SIZE, votes)
    b = (a + rng.integers(1, SIZE, votes)) % SIZE
    covariate, order = rng.normal(size=votes), rng.choice(["a", "b"], votes)
    side = rng.choice(["a", "b"], votes)
    gap = strengths[a] - strengths[b] + 0.3 * covariate + 0.2 * np.where(side == "a", 1, -1)
    utility = np.stack((gap / 2, -gap / 2, np.full(votes, -0.4), -0.9 - (strengths[a] + strengths[b]) / 2))
    outcome = (utility + rng.gumbel(size=utility.shape)).argmax(axis=0)
    names = "pqrst"
    return Votes.from_columns(
        contender_a=[names[i] for i in a],
        contender_b=[names[i] for i in b],
        outcome=[("a", "b", "tie", "both_bad")[i] for i in outcome],
        side=side.tolist(),
        order=order.tolist(),
        covariates={"loudness": covariate.tolist()},
    )


def differences(votes: Votes) -> Floats:
    own = np.eye(SIZE)
    return (own[votes.contender_a] - own[votes.contender_b])[:, 1:]


def log_linear(votes: Votes, outcomes: int) -> sm.genmod.generalized_linear_model.GLMResultsWrapper:
    """Fit a multinomial logit as a Poisson model of counts, with a level for each pair."""
    counts = np.array(cells_of_tally(votes.tally()).counts)
    cells = cells_of_tally(votes.tally())
    rows = []
    for meeting, (i, j) in enumerate(zip(cells.contender_a, cells.contender_b, strict=True)):
        level = np.eye(cells.meetings)[meeting]
        e = np.eye(SIZE)
        utilities = [(e[i] - e[j]) / 2, (e[j] - e[i]) / 2, 0 * e[i], -(e[i] + e[j]) / 2]
        for outcome in range(outcomes):
            extra = np.eye(4)[outcome][2:outcomes]
            rows.append(np.concatenate((utilities[outcome], extra, level)))
    # Strengths up to a constant: the first is zero, unless a floor on their scale takes the constant up.
    table = np.array(rows)[:, 1:]
    return sm.GLM(counts[:outcomes].T.ravel(), table, family=sm.families.Poisson()).fit(tol=1e-14)


def test_davidson_is_the_log_linear_model() -> None:
    votes = drawn(1)
    peer = log_linear(votes_without_both_bad(votes), 3)
    ours = fit(votes, ties="davidson", both_bad="drop", intervals="model", anchor=("p", 0.0), scale=1.0)
    np.testing.assert_allclose(ours.ratings[1:], peer.params[: SIZE - 1], atol=1e-9)
    np.testing.assert_allclose(ours.standard_errors[1:], peer.bse[: SIZE - 1], rtol=1e-6)
    assert ours.parameters["log_nu"] == pytest.approx(peer.params[SIZE - 1], abs=1e-9)
    assert np.sqrt(ours.errors.extras[0]) == pytest.approx(peer.bse[SIZE - 1], rel=1e-6)


def test_davidson_with_a_floor_is_the_log_linear_model() -> None:
    votes = drawn(2)
    peer = log_linear(votes, 4)
    ours = fit(votes, ties="davidson", both_bad="floor", intervals="model", anchor=("p", 0.0), scale=1.0)
    np.testing.assert_allclose(ours.ratings[1:], peer.params[: SIZE - 1], atol=1e-9)
    np.testing.assert_allclose(ours.standard_errors[1:], peer.bse[: SIZE - 1], rtol=1e-6)
    assert ours.parameters["log_nu"] == pytest.approx(peer.params[SIZE - 1], abs=1e-9)
    # The peer's floor is against contender p, ours against the mean of strengths.
    against_p = ours.parameters["floor"] - ours.strengths[0]
    assert against_p == pytest.approx(peer.params[SIZE], abs=1e-9)


def votes_without_both_bad(votes: Votes) -> Votes:
    kept = votes.outcome < 3
    a, b, outcome = votes.contender_a[kept], votes.contender_b[kept], votes.outcome[kept]
    return Votes(votes.contenders, a, b, outcome, votes.weight[kept])


def test_rao_kupper_is_the_ordered_logit_of_votes_seen_from_both_sides() -> None:
    votes = votes_without_both_bad(drawn(3, 800))
    x, ordinal = differences(votes), np.array([2, 0, 1])[votes.outcome]
    both = OrderedModel(np.concatenate((ordinal, 2 - ordinal)), np.concatenate((x, -x)), distr="logit")
    peer = both.fit(method="bfgs", gtol=1e-8, disp=False, maxiter=1000)
    ours = fit(votes, ties="rao-kupper", anchor=("p", 0.0), scale=1.0)
    np.testing.assert_allclose(ours.ratings[1:], peer.params[: SIZE - 1], atol=1e-5)
    assert ours.parameters["log_kappa"] == pytest.approx(-peer.params[SIZE - 1], abs=1e-5)


def test_side_order_and_covariates_are_columns_of_a_logistic_regression() -> None:
    votes = drawn(4)
    decided = votes.outcome < 2
    assert votes.side is not None
    assert votes.order is not None
    x = np.column_stack((differences(votes), votes.side, votes.order, votes.covariates["loudness"]))[decided]
    peer = sm.GLM((votes.outcome == 0)[decided], x, family=sm.families.Binomial()).fit(tol=1e-14)
    ours = fit(
        votes,
        ties="drop",
        effects=["order", "side"],
        covariates=["loudness"],
        intervals="model",
        anchor=("p", 0.0),
    )
    np.testing.assert_allclose(ours.ratings[1:], ELO_SCALE * peer.params[: SIZE - 1], atol=1e-6)
    np.testing.assert_allclose(ours.standard_errors[1:], ELO_SCALE * peer.bse[: SIZE - 1], rtol=1e-6)
    assert list(ours.parameters) == ["side", "order", "loudness"]
    np.testing.assert_allclose(list(ours.parameters.values()), peer.params[SIZE - 1 :], atol=1e-9)
    np.testing.assert_allclose(np.sqrt(ours.errors.extras), peer.bse[SIZE - 1 :], rtol=1e-6)


def test_the_optimum_holds_in_higher_precision() -> None:
    cells = cells_of_tally(drawn(5, 200_000).tally())
    problem = Specification().problem(cells)
    solution = maximise(problem)
    gap = solution.strengths.astype(np.longdouble)
    gap = gap[cells.contender_a] - gap[cells.contender_b]
    residual = problem.credit[0] - problem.credit[:2].sum(axis=0) / (1 + np.exp(-gap))
    gradient = np.zeros(SIZE, dtype=np.longdouble)
    np.add.at(gradient, cells.contender_a, residual)
    np.add.at(gradient, cells.contender_b, -residual)
    left = ELO_SCALE * solution.inverse @ gradient.astype(np.float64)
    assert np.abs(left).max() < 1e-6


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_a_ridge_is_a_normal_prior_on_deviations(ties: Ties) -> None:
    problem = Specification(ties=ties, ridge=3.0).problem(cells_of_tally(drawn(6, 300).tally()))
    solution = maximise(problem)
    gradient, information = problem.derivatives(solution.theta)
    np.testing.assert_allclose(gradient, 0, atol=1e-9)
    for e in np.eye(len(solution.theta)):
        h = 1e-5 * e
        change = problem.derivatives(solution.theta + h)[0] - problem.derivatives(solution.theta - h)[0]
        np.testing.assert_allclose(change / 2e-5, -information @ e, atol=1e-4)
    free = maximise(Specification(ties=ties).problem(cells_of_tally(drawn(6, 300).tally())))
    assert np.ptp(solution.strengths) < np.ptp(free.strengths)


def test_prompts_that_tie_alike_deviate_little_and_the_others_by_their_share() -> None:
    rows = [
        (p, o)
        for p, ties in (("shy", 30), ("bold", 2))
        for o, n in (("a", 20), ("b", 20), ("tie", ties))
        for _ in range(n)
    ]
    votes = Votes.from_columns(
        contender_a=["x"] * len(rows),
        contender_b=["y"] * len(rows),
        outcome=[outcome for _, outcome in rows],
        prompt=[prompt for prompt, _ in rows],
    )
    wide = fit(votes, ties="davidson", tie_effects=["prompt"], tie_precision=1e-6)
    # Without a prior to speak of, each prompt has its own nu: its ties over half its wins.
    own = np.log([30 / 20, 2 / 20])
    assert wide.parameters["log_nu"] == pytest.approx(own.mean(), abs=1e-3)
    tight = fit(votes, ties="davidson", tie_effects=["prompt"], tie_precision=1e9)
    assert tight.parameters["log_nu"] == pytest.approx(
        fit(votes, ties="davidson").parameters["log_nu"], abs=1e-6
    )
