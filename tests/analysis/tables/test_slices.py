from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from analysis.subject import rate_frame
from analysis.tables.slices import holm, interaction, rating_by_slice, slices_of
from elo import Votes, fit
from tests.factories_frames import TAGS, Study, cell


def test_a_slice_has_the_ratings_of_its_votes_alone() -> None:
    frame = Study(votes=1500).draw(1)
    subject = rate_frame(frame)
    table = rating_by_slice(subject, slices_of(subject, "tags"))
    water = table[table["slice"] == "water"].set_index("contender")
    votes = Votes.from_frame(frame[frame["tags"] == "water"])
    for row in fit(votes, clusters=["prompt", "rater"]).rows():
        assert cell(water, row.contender, "rating") == pytest.approx(row.rating)
        assert cell(water, row.contender, "lower") == pytest.approx(row.lower)
        assert cell(water, row.contender, "votes") == row.votes


def test_a_planted_interaction_is_found_in_its_slice() -> None:
    subject = rate_frame(Study(votes=3000, prompts=60, interaction=1.5).draw(1))
    table = interaction(subject, slices_of(subject, "tags"), rounds=499).set_index("slice")
    assert cell(table, "water", "adjusted") < 0.05
    assert cell(table, "all slices", "p_value") < 0.05
    ratings = rating_by_slice(subject, slices_of(subject, "tags")).set_index(["slice", "contender"])
    assert cell(ratings, ("water", "m0"), "change") < 0


@pytest.mark.slow
def test_p_values_are_uniform_where_slices_make_no_difference() -> None:
    found = []
    for seed in range(40):
        subject = rate_frame(Study(votes=300, prompts=16).draw(seed))
        found.append(interaction(subject, slices_of(subject, "tags"), rounds=99)["p_value"].iloc[-1])
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) <= 0.1) < 0.25


def test_statistics_have_the_mean_of_their_degrees_of_freedom_under_permutation() -> None:
    """The sum of slice and rest is fixed, so a slice's statistic has K - 1 degrees of freedom."""
    subjects = [rate_frame(Study(votes=600, prompts=40).draw(seed)) for seed in range(12)]
    found = [
        interaction(each, slices_of(each, "tags"), rounds=9)["statistic"].iloc[:-1].mean()
        for each in subjects
    ]
    assert np.mean(found) == pytest.approx(4, rel=0.3)


def test_a_prompt_may_be_in_several_slices() -> None:
    frame = Study().draw(1)
    frame["tags"] = frame["tags"] + "|" + np.where(frame["prompt"] < "p12", "first", "second")
    subject = rate_frame(frame)
    slices = slices_of(subject, "tags")
    assert slices.labels == tuple(sorted([*TAGS, "first", "second"]))
    assert (slices.members.sum(axis=0) == 2).all()


def test_lists_of_labels_are_read() -> None:
    frame = Study().draw(1)
    frame["tags"] = [[tag, "all"] for tag in frame["tags"]]
    subject = rate_frame(frame)
    assert slices_of(subject, "tags").labels == tuple(sorted(TAGS))


def test_a_column_that_differs_within_a_prompt_makes_no_slices() -> None:
    subject = rate_frame(Study().draw(1))
    with pytest.raises(ValueError, match="one value for each prompt"):
        slices_of(subject, "duration")


def test_an_unknown_column_is_named_with_those_that_there_are() -> None:
    subject = rate_frame(Study().draw(1))
    with pytest.raises(ValueError, match=r"got 'colour'. Known: contender_a"):
        slices_of(subject, "colour")


def test_holms_adjustment_is_that_of_statsmodels() -> None:
    p_values = np.array([0.04, 0.001, 0.3, 0.012, 0.6])
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
