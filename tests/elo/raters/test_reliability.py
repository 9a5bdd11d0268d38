from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from elo import NotConverged, Votes, fit
from elo.arrays import Floats
from elo.raters import crowd_bt
from elo.raters.reliability import reliability
from tests.factories_elo import Cell, Panel, votes_of

GOOD, GUESSING, REVERSED = 0.95, 0.5, 0.05
MIXED = Panel(np.array([GOOD] * 16 + [GUESSING] * 2 + [REVERSED] * 2))


def test_planted_bad_raters_are_found() -> None:
    for seed in range(3):
        rows = reliability(MIXED.draw(seed)).raters
        assert {row.rater for row in rows[:2]} == {"r18", "r19"}
        assert {row.rater for row in rows[2:4]} == {"r16", "r17"}
        assert all(row.upper < 0.5 for row in rows[:2])
        assert all(row.lower > 0.5 for row in rows[4:])


def test_ratings_are_nearer_the_truth_than_the_plain_ones() -> None:
    truth = MIXED.strengths - MIXED.strengths.mean()
    found = [reliability(MIXED.draw(seed)) for seed in range(3)]
    errors = [np.abs(each.strengths - truth).mean() for each in found]
    plain = [np.abs(each.plain - truth).mean() for each in found]
    assert np.mean(errors) < 0.8 * np.mean(plain)


def test_the_log_posterior_never_falls() -> None:
    for seed in range(3):
        trace = reliability(MIXED.draw(seed)).log_posterior
        assert len(trace) > 3
        assert (np.diff(trace) > -1e-12 * abs(trace[0])).all()


def log_posterior(point: Floats, votes: Votes, raters: int) -> float:
    """One vote at a time, from the model's definition; the virtual contender has strength 0."""
    strengths, eta = point[:-raters], expit(point[-raters:])
    total = float(np.sum(9 * np.log(eta) + np.log1p(-eta)))
    total += float(np.sum(0.5 * np.log(expit(strengths) * expit(-strengths))))
    assert votes.rater is not None
    columns = (votes.contender_a, votes.contender_b, votes.outcome, votes.rater)
    for a, b, outcome, rater in zip(*columns, strict=True):
        p = expit(strengths[a] - strengths[b])
        says_a = eta[rater] * p + (1 - eta[rater]) * (1 - p)
        total += float(np.log(says_a if outcome == 0 else 1 - says_a))
    return total


def test_em_reaches_the_maximum_that_a_general_optimiser_finds() -> None:
    votes = Panel(np.array([GOOD, GOOD, GOOD, GUESSING]), votes_each=60, contenders=4).draw(1)
    found = reliability(votes)
    start = np.concatenate((found.plain, np.full(4, 2.0)))

    def misfit(point: Floats) -> float:
        return -log_posterior(point, votes, 4)

    best = minimize(misfit, start, method="BFGS")
    assert found.log_posterior[-1] == pytest.approx(-best.fun, abs=1e-6)
    assert found.strengths == pytest.approx(best.x[:4] - best.x[:4].mean(), abs=1e-3)
    assert votes.rater_labels is not None
    by_name = {row.rater: row.reliability for row in found.raters}
    assert [by_name[label] for label in votes.rater_labels] == pytest.approx(expit(best.x[4:]), abs=1e-3)


@pytest.mark.slow
def test_posterior_limits_cover_reliabilities_drawn_from_the_prior() -> None:
    rng = np.random.default_rng(4)
    covered = []
    for seed in range(8):
        truth = rng.beta(10, 2, 20)
        rows = reliability(Panel(truth).draw(seed)).raters
        covered += [row.lower <= truth[int(str(row.rater)[1:])] <= row.upper for row in rows]
    assert 0.92 <= np.mean(covered) <= 0.98


def test_plain_ratings_are_those_of_a_fit_where_virtual_votes_are_few() -> None:
    votes = MIXED.draw(1)
    assert reliability(votes, virtual_votes=1e-6).plain == pytest.approx(
        fit(votes, clusters=()).strengths, abs=1e-6
    )


def test_rows_show_both_ratings_in_points() -> None:
    found = reliability(MIXED.draw(1))
    rows = found.rows(scale=100.0)
    assert [row.contender for row in rows] == [found.contenders[i] for i in np.argsort(-found.strengths)]
    assert [row.reliable for row in rows] == pytest.approx(1000 + 100 * np.sort(found.strengths)[::-1])
    assert all(row.change == pytest.approx(row.reliable - row.plain) for row in rows)
    assert [row.reliable_rank for row in rows] == list(range(1, 9))
    assert found.table().columns.tolist() == list(rows[0]._fields)


def test_ties_are_left_out_or_count_half_for_each() -> None:
    decided = [Cell("x", "y", "a", 6, 0, 0), Cell("x", "y", "b", 2, 0, 1)]
    tied = votes_of(*decided, Cell("x", "y", "tie", 2, 0, 0), clustered=True)
    split = votes_of(*decided, Cell("x", "y", "a", 1, 0, 0), Cell("x", "y", "b", 1, 0, 0), clustered=True)
    assert reliability(tied).strengths == pytest.approx(
        reliability(votes_of(*decided, clustered=True)).strengths
    )
    assert reliability(tied, ties="half").strengths == pytest.approx(reliability(split).strengths)


@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 100))
def test_raters_names_and_the_order_of_votes_do_not_matter(seed: int) -> None:
    votes = Panel(np.array([GOOD, GUESSING, GOOD]), votes_each=50, contenders=4).draw(seed)
    order = np.random.default_rng(seed).permutation(len(votes.weight))
    assert votes.rater is not None
    shuffled = replace(
        votes,
        contender_a=votes.contender_a[order],
        contender_b=votes.contender_b[order],
        outcome=votes.outcome[order],
        rater=(2 - votes.rater)[order],
        rater_labels=tuple(reversed(votes.rater_labels or ())),
    )
    one, other = reliability(votes), reliability(shuffled)
    assert one.strengths == pytest.approx(other.strengths, abs=1e-6)
    assert [row.rater for row in one.raters] == [row.rater for row in other.raters]


def test_a_rater_with_hardly_any_votes_stays_at_the_prior() -> None:
    votes = votes_of(
        Cell("x", "y", "a", 30, 0, 0),
        Cell("x", "y", "b", 10, 0, 0),
        Cell("x", "y", "b", 1, 0, 1),
        clustered=True,
    )
    assert reliability(votes).raters[0].reliability == pytest.approx(0.9, abs=0.05)


def test_a_fit_that_does_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_bt, "MAX_ITERATIONS", 2)
    with pytest.raises(NotConverged, match=r"EM still moves by .* after 2 iterations"):
        reliability(MIXED.draw(1))


def test_bad_input_is_refused() -> None:
    votes = MIXED.draw(1)
    with pytest.raises(ValueError, match=r"^Reliability needs to know each vote's rater"):
        reliability(replace(votes, rater=None))
    with pytest.raises(ValueError, match=r"Unknown ties='davidson'. Known: drop, half"):
        reliability(votes, ties="davidson")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two numbers above 1"):
        reliability(votes, prior=(10, 1))
    with pytest.raises(ValueError, match="virtual_votes=0 must be above 0"):
        reliability(votes, virtual_votes=0)
    tied = votes_of(Cell("x", "y", "tie", rater=0), Cell("x", "y", "tie", rater=1), clustered=True)
    with pytest.raises(ValueError, match="ties='drop' leaves none"):
        reliability(tied)
