from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.subject import rate_frame
from analysis.tables.circumstances import controlled, covariates, effects, tie_shares
from elo import fit
from elo.fit import ELO_SCALE
from tests.factories_frames import Study


def test_an_advantage_of_the_left_is_found_at_its_size() -> None:
    subject = rate_frame(Study(votes=4000, side=0.3).draw(1))
    row = effects(subject).iloc[0]
    assert row["effect"] == "side"
    assert row["found"]
    assert row["lower"] < subject.scale * 0.3 < row["upper"]
    assert row["share"] == pytest.approx(1 / (1 + np.exp(-row["advantage"] / subject.scale)))


def test_no_advantage_is_found_where_there_is_none() -> None:
    row = effects(rate_frame(Study(votes=4000).draw(1))).iloc[0]
    assert not row["found"]


def test_the_order_of_play_has_a_row_where_it_is_recorded() -> None:
    frame = Study().draw(1)
    frame["order"] = np.where(np.arange(len(frame)) % 2 == 0, "a", "b")
    assert effects(rate_frame(frame))["effect"].tolist() == ["side", "order"]


def test_tie_shares_add_up_to_those_of_all_votes() -> None:
    frame = Study(ties=0.3).draw(2)
    table = tie_shares(rate_frame(frame))
    assert table["votes"].sum() == len(frame)
    assert np.average(table["tie_share"], weights=table["votes"]) == pytest.approx(
        (frame["outcome"] == "tie").mean()
    )
    assert (table["gap"].diff().dropna() > 0).all()


def test_expected_ties_add_up_as_davidsons_score_demands() -> None:
    """At the maximum of Davidson's likelihood the expected number of ties is the number found."""
    frame = Study(ties=0.3).draw(2)
    table = tie_shares(rate_frame(frame))
    undecided = frame["outcome"].isin(["tie", "both_bad"]).mean()
    assert np.average(table["expected"], weights=table["votes"]) == pytest.approx(undecided, abs=1e-6)


def test_votes_without_ties_have_no_expectation() -> None:
    assert tie_shares(rate_frame(Study().draw(2)))["expected"].isna().all()


def test_a_covariate_is_found_at_its_size_and_held_equal() -> None:
    frame = Study(votes=4000, duration=0.3).draw(5)
    subject = rate_frame(frame, covariates=["duration"])
    row = covariates(subject).iloc[0]
    assert row["lower"] < subject.scale * 0.3 < row["upper"]
    fitted = fit(subject.votes, covariates=["duration"], clusters=["prompt", "rater"])
    table = controlled(subject)
    expected = {row.contender: row.rating for row in fitted.rows()}
    assert table["controlled"].tolist() == pytest.approx([expected[name] for name in table["contender"]])


def test_controlled_ratings_need_covariates() -> None:
    with pytest.raises(ValueError, match="none is given"):
        controlled(rate_frame(Study().draw(1)))


def logistic(frame: pd.DataFrame, extra: pd.Series[float]) -> tuple[float, float]:
    """Return the last coefficient and its HC0 error of a logistic regression on contenders and one column."""
    names = sorted(set(frame["contender_a"]) | set(frame["contender_b"]))
    columns = [(frame["contender_a"] == name) * 1.0 - (frame["contender_b"] == name) for name in names[1:]]
    design = np.column_stack([*columns, extra])
    outcome = (frame["outcome"] == "a").to_numpy(dtype=np.float64)
    fitted = sm.GLM(outcome, design, family=sm.families.Binomial()).fit(cov_type="HC0", tol=1e-14)
    return float(fitted.params[-1]), float(fitted.bse[-1])


@pytest.mark.parametrize("name", ["side", "duration"])
def test_effects_and_covariates_are_those_of_statsmodels(name: str) -> None:
    """Without prompts and raters the errors are those of independent votes, as HC0 has them."""
    frame = Study(votes=1200, side=0.3, duration=0.2).draw(6).drop(columns=["prompt", "rater"])
    if name == "side":
        row = effects(rate_frame(frame)).iloc[0]
        found, sign = "advantage", frame["side"].map({"left": 1.0, "right": -1.0})
    else:
        row = covariates(rate_frame(frame, covariates=["duration"])).iloc[0]
        found, sign = "worth", frame["duration"]
    estimate, error = logistic(frame, sign)
    assert row[found] == pytest.approx(ELO_SCALE * estimate, abs=1e-4)
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.959964 * ELO_SCALE * error, rel=2e-3)
