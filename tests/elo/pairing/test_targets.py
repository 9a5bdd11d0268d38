"""What plans must save, as `python -m tests.benchmarks.pairing` prints it."""

from __future__ import annotations

import pytest

from tests.benchmarks.pairing import (
    arrival,
    cold_field,
    coverage_at_stop,
    ladder_adaptive,
    ladder_plan,
    ladder_uniform,
)


def test_the_ladder_is_the_one_of_the_study() -> None:
    uniform = ladder_uniform()
    assert uniform.top == pytest.approx(12.6, abs=0.15)
    assert uniform.whole == pytest.approx(12.6, abs=0.15)


def test_the_top_ten_for_a_third_of_the_votes() -> None:
    votes = ladder_plan().votes_against(ladder_uniform())
    assert votes.top <= 0.35
    assert votes.whole <= 1.05


@pytest.mark.slow
def test_the_top_ten_for_a_third_of_the_votes_when_strengths_are_learnt() -> None:
    votes = ladder_adaptive().votes_against(ladder_uniform())
    assert votes.top <= 0.35
    assert votes.whole <= 1.05


@pytest.mark.slow
@pytest.mark.parametrize("elo_sd", [60, 150, 300])
def test_a_cold_field_comes_near_the_optimal_design(elo_sd: float) -> None:
    efficiency = cold_field(elo_sd)
    assert efficiency.adaptive.mean() >= 0.97
    assert (efficiency.adaptive > efficiency.uniform).all()


@pytest.mark.slow
def test_a_newcomer_is_placed_with_a_seventh_of_the_votes() -> None:
    planned, uniform = arrival(planned=True, runs=30), arrival(planned=False, runs=10)
    assert planned.votes.mean() <= 0.15 * uniform.votes.mean()


@pytest.mark.slow
def test_intervals_cover_where_plans_choose_and_widths_decide_when_to_stop() -> None:
    # Binomial standard errors: 0.015 of 200 newcomers; 0.006 of 200 fields' 1600 intervals.
    assert arrival(planned=True, runs=200).covered.mean() == pytest.approx(0.95, abs=0.04)
    assert coverage_at_stop(runs=200) == pytest.approx(0.95, abs=0.02)
