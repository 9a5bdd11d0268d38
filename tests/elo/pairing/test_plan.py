from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from elo import Tally
from elo.arrays import Floats
from elo.pairing import ExposurePlan, Goal, Newcomer, TopK, WholeBoard, plan_exposure

GOALS = (WholeBoard(), TopK(2), Newcomer(("m1",)))


def field(*strengths: float) -> dict[str, float]:
    return {f"m{i}": strength for i, strength in enumerate(strengths)}


def normal_field(size: int, spread: float = 1.0, seed: int = 0) -> dict[str, float]:
    return field(*np.random.default_rng(seed).normal(0, spread, size).tolist())


def tally_of(met: Floats, strengths: dict[str, float]) -> Tally:
    """`met` votes on each pair, won as often as expected."""
    s = np.array(list(strengths.values()))
    counts = np.zeros((len(s), len(s), 4))
    counts[:, :, 0] = np.triu(met, 1) * expit(s[:, None] - s)
    counts[:, :, 1] = np.triu(met, 1) * expit(s - s[:, None])
    return Tally(tuple(strengths), counts)


def best_by_brute_force(strengths: Floats, goal: Goal, met: Floats, horizon: float, share: float) -> float:
    """Find the goal's least variance by a general optimiser over the logits of shares."""
    size = len(strengths)
    rows, columns = np.triu_indices(size, 1)
    names = tuple(f"m{i}" for i in range(size))
    weights = 2 * goal.weights(names, strengths)[rows, columns]
    information = expit(strengths[rows] - strengths[columns]) * expit(strengths[columns] - strengths[rows])
    incidence = np.zeros((len(rows), size))
    incidence[np.arange(len(rows)), rows], incidence[np.arange(len(rows)), columns] = 1, -1

    def variance(logits: Floats) -> float:
        shares = np.exp(logits - logits.max())
        mixed = share / len(rows) + (1 - share) * shares / shares.sum()
        known = incidence.T * ((met[rows, columns] + horizon * mixed) * information) @ incidence
        spread = np.einsum("ei,ij,ej->e", incidence, np.linalg.pinv(known), incidence)
        return float(weights @ spread)

    return min(
        minimize(variance, np.random.default_rng(seed).normal(0, 0.5, len(rows)), tol=1e-10).fun
        for seed in range(3)
    )


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("history", [False, True])
def test_finds_the_optimum_that_a_general_optimiser_finds(goal: Goal, history: bool) -> None:
    strengths = field(2.0, 0.7, 0.2, -0.4, -1.6)
    met = np.random.default_rng(1).integers(0, 40, (5, 5)).astype(np.float64) * history
    met = np.triu(met, 1) + np.triu(met, 1).T
    plan = plan_exposure(
        strengths, tally_of(met, strengths), goal, horizon=100, uniform_share=0.05, tolerance=1e-5
    )
    best = best_by_brute_force(plan.strengths, goal, met, 100, 0.05)
    assert plan.efficiency >= 1 - 1e-5
    assert plan.efficiency - 1e-7 <= best / plan.variance <= 1 + 1e-6


def test_a_newcomer_to_an_even_field_by_hand() -> None:
    # The others are settled, so all but the uniform part goes to pairs of the newcomer, evenly by symmetry.
    plan = plan_exposure(
        tally=tally_of(1e7 * (1 - np.eye(4)) * np.outer([0, 1, 1, 1], [0, 1, 1, 1]), field(0, 0, 0, 0)),
        goal=Newcomer(("m0",)),
        horizon=100,
        uniform_share=0.12,
        tolerance=1e-6,
    )
    assert plan.propensity("m0", "m2") == pytest.approx(0.12 / 6 + 0.88 / 3, rel=1e-3)
    assert plan.propensity("m1", "m2") == pytest.approx(0.12 / 6, rel=1e-3)


def test_an_even_field_is_best_seen_evenly() -> None:
    plan = plan_exposure(field(0, 0, 0, 0, 0))
    np.testing.assert_allclose(plan.probabilities, (1 - np.eye(5)) / 20)
    assert plan.efficiency == pytest.approx(1)
    assert plan.free_efficiency == pytest.approx(1)
    assert plan.iterations == 0


def test_the_certificates_are_true_and_ordered() -> None:
    strengths = normal_field(15, spread=2)
    best = plan_exposure(strengths, uniform_share=1e-9, tolerance=1e-5)
    rough = plan_exposure(strengths, tolerance=0.05)
    fine = plan_exposure(strengths, tolerance=1e-5)
    assert 0.95 <= rough.efficiency <= fine.variance / rough.variance * (1 + 1e-5)
    assert rough.free_efficiency <= best.variance / rough.variance < rough.efficiency + 0.05
    assert rough.free_efficiency <= rough.efficiency


def test_a_history_is_completed_not_repeated() -> None:
    strengths, met = field(0, 0, 0, 0), np.zeros((4, 4))
    met[0, 1] = met[1, 0] = met[0, 2] = met[2, 0] = 500
    met[2, 3] = met[3, 2] = 5
    plan = plan_exposure(strengths, tally_of(met, strengths), horizon=300)
    assert plan.propensity("m2", "m3") > 5 * plan.propensity("m0", "m1")
    assert plan.exposure.argmax() == 3


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=8), st.floats(0.01, 1), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_what_every_plan_keeps(strengths: list[float], uniform_share: float, goal: int) -> None:
    names = field(*strengths)
    goals = (WholeBoard(), TopK(1), Newcomer(("m1",)))
    plan = plan_exposure(names, goal=goals[goal], uniform_share=uniform_share)
    size = len(names)
    floor = uniform_share / (size * (size - 1))
    assert plan.probabilities.sum() == pytest.approx(1)
    np.testing.assert_allclose(plan.probabilities, plan.probabilities.T, atol=1e-15)
    np.testing.assert_array_equal(np.diag(plan.probabilities), 0)
    assert (plan.probabilities + np.eye(size) >= floor * (1 - 1e-12)).all()
    assert plan.efficiency >= 0.99
    assert plan.exposure.sum() == pytest.approx(2)


@given(st.permutations(range(6)))
@settings(max_examples=10, deadline=None)
def test_relabelling_relabels_the_plan(order: list[int]) -> None:
    strengths = normal_field(6)
    plan = plan_exposure(strengths, tolerance=1e-4)
    again = plan_exposure({f"m{i}": strengths[f"m{i}"] for i in order}, tolerance=1e-4)
    np.testing.assert_allclose(again.probabilities, plan.probabilities[np.ix_(order, order)], atol=1e-9)


def test_more_votes_of_everything_change_no_plan_from_nothing() -> None:
    strengths = normal_field(8)
    one, many = plan_exposure(strengths), plan_exposure(strengths, horizon=1e4)
    np.testing.assert_allclose(one.probabilities, many.probabilities, rtol=1e-6)
    assert many.variance == pytest.approx(one.variance / 1e4)


@pytest.mark.parametrize("goal", GOALS)
def test_balance_bounds_every_exposure(goal: Goal) -> None:
    strengths = normal_field(12, spread=1.5)
    free = plan_exposure(strengths, goal=goal)
    plan = plan_exposure(strengths, goal=goal, balance=(0.95, 1.05))
    even = plan.exposure * 6
    assert np.ptp(free.exposure * 6) > 0.12
    assert (even > 0.95 - 1e-4).all()
    assert (even < 1.05 + 1e-4).all()
    assert plan.efficiency > 0.99
    assert plan.variance >= free.variance * free.efficiency


def test_balance_is_certified_against_a_finer_plan() -> None:
    strengths = normal_field(10, spread=1.5)
    rough = plan_exposure(strengths, goal=TopK(3), balance=(0.8, 1.2), tolerance=0.05)
    fine = plan_exposure(strengths, goal=TopK(3), balance=(0.8, 1.2), tolerance=1e-4)
    assert rough.efficiency <= fine.variance / rough.variance * (1 + 1e-4)


def test_excluded_pairs_are_never_drawn() -> None:
    plan = plan_exposure(normal_field(5), excluded=[("m0", "m1"), ("m4", "m2")])
    drawn = {frozenset(pair) for pair in plan.draw(np.random.default_rng(0), 20_000).tolist()}
    assert plan.propensity("m1", "m0") == plan.propensity("m2", "m4") == 0
    assert len(drawn) == 8
    assert {0, 1} not in drawn


def test_draws_follow_the_propensities_on_both_sides() -> None:
    plan, votes = plan_exposure(normal_field(5), goal=TopK(1), horizon=50_000), 50_000
    drawn = np.zeros((5, 5))
    np.add.at(drawn, tuple(plan.draw(np.random.default_rng(4), votes).T), 1)
    expected = votes * plan.probabilities
    error = np.abs(drawn - expected) / np.sqrt(expected + np.eye(5))
    assert error.max() < 4.5
    assert np.diag(drawn).sum() == 0
    np.testing.assert_allclose(drawn.sum(axis=0) + drawn.sum(axis=1), plan.expected_appearances, rtol=0.03)
    assert plan.propensity("m0", "m1") == pytest.approx(2 * plan.probabilities[0, 1])


def test_strengths_come_from_the_tally_where_none_are_given() -> None:
    strengths = field(1.0, 0.0, -1.0)
    plan = plan_exposure(tally=tally_of(5000 * (1 - np.eye(3)), strengths))
    np.testing.assert_allclose(plan.strengths, list(strengths.values()), atol=0.01)
    assert plan.horizon == 15_000


def test_ratings_are_taken_as_they_are() -> None:
    class Rated:
        contenders = ("y", "x")
        strengths = np.array([1.0, -1.0])

    plan = plan_exposure(Rated(), Tally(("x", "y"), np.zeros((2, 2, 4))))
    assert plan.contenders == ("x", "y")
    np.testing.assert_array_equal(plan.strengths, [-1, 1])


def warm_and_cold(size: int, goal: Goal) -> tuple[ExposurePlan, ExposurePlan, ExposurePlan]:
    strengths = normal_field(size)
    met = 100.0 * (1 - np.eye(size))
    first = plan_exposure(tally=tally_of(met, strengths), goal=goal)
    met[:2, :2] += 10 * (1 - np.eye(2))
    tally = tally_of(met, strengths)
    return first, plan_exposure(tally=tally, goal=goal), plan_exposure(tally=tally, goal=goal, start=first)


@pytest.mark.parametrize("goal", GOALS)
def test_the_last_plan_spares_steps(goal: Goal) -> None:
    _, cold, warm = warm_and_cold(30, goal)
    assert warm.iterations <= cold.iterations / 2
    assert warm.efficiency >= 0.995
    assert warm.variance == pytest.approx(cold.variance, rel=0.005)


@pytest.mark.slow
def test_a_plan_for_two_hundred_takes_few_steps() -> None:
    # A step costs two products and a Cholesky factorisation of 200 x 200: 4 ms on one core.
    first, _, warm = warm_and_cold(200, WholeBoard())
    assert first.iterations <= 60
    assert warm.iterations <= 10


def test_the_last_plan_serves_when_contenders_come_and_go() -> None:
    last = plan_exposure(normal_field(8), goal=TopK(2))
    now = {**normal_field(8), "new": 0.3}
    del now["m3"]
    warm, cold = (plan_exposure(now, start=start, tolerance=1e-3) for start in (last, None))
    assert warm.contenders == tuple(now)
    assert warm.variance == pytest.approx(cold.variance, rel=2e-3)


def test_a_pair_that_an_old_plan_gave_up_can_come_back() -> None:
    old = plan_exposure(field(6, 3, 0, -3, -6), uniform_share=1e-6, tolerance=1e-4)
    assert old.propensity("m0", "m4") < 1e-3
    now = plan_exposure(field(0, 0, 0, 0, 0), uniform_share=1e-6, tolerance=1e-3, start=old)
    assert now.propensity("m0", "m4") > 0.05


def test_all_uniform_is_allowed() -> None:
    plan = plan_exposure(normal_field(4), uniform_share=1)
    np.testing.assert_allclose(plan.probabilities, (1 - np.eye(4)) / 12)
    assert plan.efficiency == 1
    assert plan.free_efficiency < 1


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_refuses_a_uniform_share_out_of_range(share: float) -> None:
    with pytest.raises(
        ValueError, match=rf"uniform_share={share} is out of range. Allowed: above 0, up to 1."
    ):
        plan_exposure(field(0, 1), uniform_share=share)


@pytest.mark.parametrize("horizon", [0.0, -1.0, float("inf"), float("nan")])
def test_refuses_a_horizon_that_is_no_number_of_votes(horizon: float) -> None:
    with pytest.raises(ValueError, match=rf"horizon must be a finite number of votes above 0; got {horizon}"):
        plan_exposure(field(0, 1), horizon=horizon)


@pytest.mark.parametrize("balance", [(-0.1, 2.0), (1.1, 2.0), (0.5, 0.9), (float("nan"), 2.0)])
def test_refuses_a_balance_that_excludes_the_even_share(balance: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"balance=.* is out of range"):
        plan_exposure(field(0, 1), balance=balance)


def test_names_the_groups_that_exclusions_cut_apart() -> None:
    apart = [("m0", "m2"), ("m0", "m3"), ("m1", "m2"), ("m1", "m3")]
    with pytest.raises(
        ValueError, match=r"never connect these groups: m0, m1; m2, m3\. Exclude fewer pairs\."
    ):
        plan_exposure(normal_field(4), excluded=apart)


@pytest.mark.parametrize("uniform_share", [0.1, 1.0])
def test_refuses_a_balance_that_the_allowed_pairs_cannot_meet(uniform_share: float) -> None:
    star = [("m1", "m2"), ("m1", "m3"), ("m2", "m3")]
    with pytest.raises(ValueError, match="Widen"):
        plan_exposure(normal_field(4), excluded=star, balance=(0.5, 1.5), uniform_share=uniform_share)


def test_refuses_names_that_nobody_has() -> None:
    strengths = field(0, 1, 2)
    known = "Known: m0, m1, m2."
    with pytest.raises(ValueError, match=rf"Unknown contender 'q'\. {known}"):
        plan_exposure(strengths, goal=Newcomer(("q",)))
    with pytest.raises(ValueError, match=rf"Unknown contender 'q'\. {known}"):
        plan_exposure(strengths, excluded=[("m0", "q")])
    with pytest.raises(ValueError, match=rf"Unknown contender 'q'\. {known}"):
        plan_exposure(strengths).propensity("m0", "q")
    with pytest.raises(ValueError, match=rf"Unknown contender 'q'\. {known}"):
        plan_exposure({**strengths, "q": 0.0}, tally_of(np.zeros((3, 3)), strengths))


def test_refuses_strengths_that_are_missing_or_no_numbers() -> None:
    tally = tally_of(np.zeros((3, 3)), field(0, 0, 0))
    with pytest.raises(ValueError, match=r"No strength for m1, m2\. Give one to each, or none"):
        plan_exposure({"m0": 1.0}, tally)
    with pytest.raises(ValueError, match=r"Strength of m1 is nan\. Allowed: finite log-odds\."):
        plan_exposure(field(0, float("nan")))
    with pytest.raises(ValueError, match="Give strengths in log-odds"):
        plan_exposure(field(1000, 1200, 800))


def test_refuses_to_plan_from_nothing() -> None:
    with pytest.raises(ValueError, match=r"Nothing to plan from\. Give strengths=, a tally=, or both\."):
        plan_exposure()
    with pytest.raises(ValueError, match=r"A pair needs two contenders; there is 1\."):
        plan_exposure(field(0))
    with pytest.raises(ValueError, match="tolerance=0 is out of range"):
        plan_exposure(field(0, 1), tolerance=0)
