from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower

from analysis.subject import rate_frame
from analysis.tables.planning import power, reach_over_width, steps
from elo.study import plan_separation
from tests.factories_frames import Study

SUBJECT = rate_frame(Study(step=0.25, votes=1500).draw(2))


def test_steps_are_neighbours_with_joint_intervals() -> None:
    table = steps(SUBJECT)
    assert table["above"].tolist() == list(SUBJECT.names[:-1])
    assert table["below"].tolist() == list(SUBJECT.names[1:])
    lower, upper = SUBJECT.ratings.simultaneous()
    for row in table.itertuples():
        i, j = (SUBJECT.ratings.contenders.index(name) for name in (str(row.above), str(row.below)))
        assert (row.lower, row.upper) == (lower[i, j], upper[i, j])
        assert row.gap == pytest.approx(SUBJECT.ratings.difference(str(row.above), str(row.below)).estimate)
        assert row.distinct == (lower[i, j] > 0)


def test_what_a_step_needs_is_what_the_planner_says() -> None:
    row = steps(SUBJECT).iloc[0]
    plan = plan_separation(SUBJECT.ratings, row["above"], row["below"])
    assert row["growth"] == plan.growth
    for name, count in (("votes", plan.votes), ("raters", plan.raters), ("prompts", plan.prompts)):
        assert row[f"{name}_needed"] == count or (np.isnan(row[f"{name}_needed"]) and count is None)


def test_equal_contenders_need_more_than_any_number() -> None:
    frame = Study(contenders=2, votes=40).draw(1).drop(columns=["prompt", "rater"])
    frame["outcome"] = ["a", "b"] * 20
    frame["contender_a"], frame["contender_b"] = "x", "y"
    row = steps(rate_frame(frame)).iloc[0]
    assert not row["distinct"]
    assert np.isnan(row["votes_needed"])
    assert np.isinf(row["growth"])


def test_the_reach_is_that_of_a_normal_test() -> None:
    """A gap of that many half-widths is found with the power that statsmodels computes."""
    gap = reach_over_width(0.95, 0.8) * norm.ppf(0.975)
    found = NormalIndPower(ddof=0).power(gap, nobs1=1, alpha=0.05, ratio=0)
    assert found == pytest.approx(0.8, abs=1e-4)


def test_smaller_gaps_need_more() -> None:
    table = power(SUBJECT)
    assert (table["head_to_head"].diff().dropna() < 0).all()
    assert (table["growth"].diff().dropna() <= 0).all()
