from __future__ import annotations

import numpy as np
import pytest

from analysis.report.build import SECTIONS, build_report
from analysis.report.parts import Report, Section
from analysis.subject import Subject, rate_frame
from elo import Votes, fit
from elo.study import plan_separation
from tests.factories_frames import Study

FRAME = Study(votes=1200, step=0.5, ties=0.1, side=0.4).draw(1)
FRAME["at"] = np.arange(len(FRAME))


@pytest.fixture(scope="module")
def subject() -> Subject:
    return rate_frame(FRAME, covariates=["duration"])


@pytest.fixture(scope="module")
def report(subject: Subject) -> Report:
    return build_report(subject, title="A study")


def section(report: Report, title: str) -> Section:
    return next(each for each in report.sections if each.title == title)


def words(section: Section) -> str:
    return " ".join(section.sentences)


def test_every_section_has_its_numbers(report: Report) -> None:
    titles = [each.title for each in report.sections]
    assert titles == [
        *(title for title, _ in SECTIONS),
        "Slices by tags",
        "Covariates held equal",
        "Method",
    ]
    assert [each.title for each in report.sections if "Not computed" in words(each)] == []


def test_ratings_shown_are_those_of_the_fit(report: Report) -> None:
    rows = fit(Votes.from_frame(FRAME), clusters=["prompt", "rater"]).rows()
    shown = section(report, "Leaderboard").tables[0].rows()
    assert [cells[1:4] for cells in shown] == [
        (row.contender, f"{row.rating:,.0f}", f"{row.lower:,.0f} to {row.upper:,.0f}") for row in rows
    ]


def test_neighbours_told_apart_are_named_with_their_gap(report: Report, subject: Subject) -> None:
    text = words(section(report, "What these votes show")) + words(section(report, "What they do not show"))
    lower, _ = subject.ratings.simultaneous()
    for above, below in zip(subject.names, subject.names[1:], strict=False):
        i, j = (subject.ratings.contenders.index(name) for name in (above, below))
        assert (f"{above} over {below} by" in text) == (lower[i, j] > 0)
        assert (f"{above} and {below} are not told apart" in text) == (lower[i, j] <= 0)


def test_votes_still_needed_are_the_planners() -> None:
    subject = rate_frame(Study(votes=700, contenders=3, step=0.2).draw(2))
    text = words(section(build_report(subject, slices=[]), "What they do not show"))
    above, below = subject.names[:2]
    plan = plan_separation(subject.ratings, above, below)
    assert "are not told apart" in text
    assert plan.votes is None or f"about {plan.votes:,} votes in all" in text
    assert plan.votes is not None or f"about {plan.growth:.1f} times" in text


def test_a_leader_that_is_not_shown_to_be_best_is_not_called_so() -> None:
    close = rate_frame(Study(votes=400, step=0.05).draw(3))
    assert "do not show that it is the best" in words(build_report(close, slices=[]).sections[0])
    clear = rate_frame(Study(votes=2000, step=1.2, contenders=3).draw(3))
    assert "leads: its rating is above that of every other" in words(
        build_report(clear, slices=[]).sections[0]
    )


def test_a_bias_to_the_left_is_reported(report: Report) -> None:
    assert "Being shown on the left helps: " in words(section(report, "Side and order"))


def test_where_no_bias_is_found_its_largest_size_is_given() -> None:
    subject = rate_frame(Study(votes=1200).draw(4))
    text = words(section(build_report(subject, slices=[]), "Side and order"))
    assert "makes no difference that these votes show" in text
    assert "is ruled out" in text


def test_few_raters_and_prompts_are_cautioned_against() -> None:
    subject = rate_frame(Study(raters=6, prompts=9).draw(1))
    text = words(build_report(subject, slices=[]).sections[1])
    assert "only 6 raters" in text
    assert "only 9 prompts" in text


def test_a_question_without_data_says_what_it_lacks() -> None:
    subject = rate_frame(Study().draw(1).drop(columns=["rater", "side"]))
    report = build_report(subject, slices=[])
    assert words(section(report, "Agreement between raters")).startswith("Not computed: ")
    assert "do not record raters" in words(report.sections[1])
    assert "contender a counts as shown on the left" in words(section(report, "Side and order"))


def test_contenders_without_a_finite_rating_are_named() -> None:
    frame = Study().draw(1)
    frame.loc[:4, "contender_a"], frame.loc[:4, "outcome"] = "unbeaten", "a"
    text = words(section(build_report(rate_frame(frame), slices=[]), "Leaderboard"))
    assert "unbeaten has no finite rating: it won all its 5 votes." in text


def test_simulated_votes_are_called_so() -> None:
    frame = Study().draw(1)
    frame["simulated"] = True
    assert "900 of 900 votes are simulated" in " ".join(build_report(rate_frame(frame), slices=[]).summary)


def test_an_unknown_slice_is_refused(subject: Subject) -> None:
    with pytest.raises(ValueError, match="got 'colour'"):
        build_report(subject, slices=["colour"])


def test_the_design_effect_is_that_of_the_fit(report: Report, subject: Subject) -> None:
    effect = subject.ratings.diagnostics.design_effect
    assert effect is not None
    assert np.isfinite(effect)
    assert f"the variance {effect:.1f} times" in words(section(report, "Planning"))


def test_a_scale_too_fine_for_whole_points_is_refused() -> None:
    with pytest.raises(ValueError, match="scale must be at least 50"):
        build_report(rate_frame(FRAME, scale=1.0))


def test_a_column_with_one_value_is_no_slice_unless_it_is_asked_for() -> None:
    subject = rate_frame(FRAME.assign(language="en"))
    found = [each.title for each in build_report(subject).sections]
    assert "Slices by language" not in found
    assert "Slices by tags" in found
    asked = build_report(subject, slices=["language"]).sections
    assert "Slices by language" in [each.title for each in asked]
