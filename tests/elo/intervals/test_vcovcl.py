"""Clustered standard errors against those that R's sandwich::vcovCL gave: `data/record.R` records them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from elo import Votes, fit

DATA = Path(__file__).parent / "data"
RECORDED = json.loads((DATA / "vcovCL.json").read_text())
KINDS: dict[str, tuple[Literal["prompt", "rater"], ...]] = {
    "prompt": ("prompt",),
    "rater": ("rater",),
    "both": ("prompt", "rater"),
}


@pytest.mark.parametrize("correction", ["CR0", "CR1"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ["few", "uneven", "many-raters"])
def test_r_gives_the_same_standard_errors(case: str, kind: str, correction: Literal["CR0", "CR1"]) -> None:
    votes = Votes.read(DATA / f"{case}.csv")
    ratings = fit(votes, clusters=KINDS[kind], correction=correction, anchor=("m00", 0.0), scale=1.0)
    recorded = np.array(RECORDED[case][f"{kind} {correction}"])

    # R reports 0 where the two-way variance came out negative.
    expected = np.where(recorded > 0, recorded, np.nan)
    np.testing.assert_allclose(ratings.standard_errors[1:], expected, rtol=1e-6)
    assert ratings.method.record()["variance_floor"] == "off"


@pytest.mark.parametrize(("case", "least"), [("few", 0.1), ("uneven", 0.005), ("many-raters", 0.005)])
def test_a_floor_widens_the_errors_that_r_gives(case: str, least: float) -> None:
    recorded = np.array(RECORDED[case]["both CR1"])
    ratings = fit(
        Votes.read(DATA / f"{case}.csv"),
        clusters=("prompt", "rater"),
        correction="CR1",
        variance_floor="on",
        anchor=("m00", 0.0),
        scale=1.0,
    )
    ratio = ratings.standard_errors[1:] / recorded
    assert (ratio > 1 - 1e-6).all()
    assert ratio.max() > 1 + least
    assert "floored at the one-way standard errors" in ratings.method.covariance
