from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from analysis.subject import rate_frame
from analysis.tables.prompts import prompt_separation, slopes
from tests.factories_frames import Study, cell


def test_slopes_without_a_prior_are_those_of_a_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    gap, prompt = rng.normal(size=400), np.arange(400) % 2
    credit = (rng.random(400) < expit(np.where(prompt == 0, 0.4, 1.5) * gap)).astype(float)
    found = slopes(gap, credit, np.ones(400), prompt, 2, precision=0)
    for each in range(2):
        rows = prompt == each
        fitted = sm.GLM(credit[rows], gap[rows, None], family=sm.families.Binomial()).fit(tol=1e-14)
        assert found.slope[each] == pytest.approx(fitted.params[0], abs=1e-7)
        assert found.error[each] == pytest.approx(fitted.bse[0], rel=1e-6)


def test_a_prompt_that_ignores_the_contenders_separates_least() -> None:
    frame = Study(votes=3000, step=0.7, prompts=10).draw(2)
    toss = np.random.default_rng(3).random(len(frame)) < 0.5
    frame["outcome"] = np.where(frame["prompt"] == "p04", np.where(toss, "a", "b"), frame["outcome"])
    table = prompt_separation(rate_frame(frame))
    last = table.iloc[-1]
    assert last["prompt"] == "p04"
    assert last["lower"] < 0.3
    assert last["upper"] < 1
    assert last["follows"] == pytest.approx(0.5, abs=0.1)


def test_a_prompt_with_one_vote_stays_near_the_others() -> None:
    frame = Study(prompts=10).draw(4)
    frame.loc[0, "prompt"] = "rare"
    table = prompt_separation(rate_frame(frame)).set_index("prompt")
    assert cell(table, "rare", "separation") == pytest.approx(1, abs=0.2)
    assert cell(table, "rare", "votes") == 1


def test_votes_without_prompts_are_refused() -> None:
    with pytest.raises(ValueError, match="column prompt"):
        prompt_separation(rate_frame(Study().draw(1).drop(columns="prompt")))
