from __future__ import annotations

import numpy as np
import pytest

from analysis.report.build import build_report
from arena.runs.models import Rendition
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.reports import rate_board
from arena.voting.models import Rater, Study
from generators.base import Track
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db


def _measure_all() -> None:
    rng = np.random.default_rng(1)
    for rendition in Rendition.objects.order_by("pk"):
        rendition.loudness_lufs, rendition.motion = rng.normal(-23, 2), rng.uniform(0, 20)
        rendition.save()


@pytest.mark.parametrize(
    "fit",
    [
        {},
        {"both_bad": "drop", "side": True},
        {"ties": "davidson", "scale": 100.0},
        {"covariates": ["loudness", "motion"]},
    ],
)
def test_a_report_rates_by_the_studys_fit(rated_study: Study, fit: dict[str, object]) -> None:
    _measure_all()
    cast_all_pairs(rated_study, Rater.objects.create(), "abt")
    cast(rated_study, "both_bad")
    Study.objects.filter(pk=rated_study.pk).update(fit=fit)
    rated_study.refresh_from_db()
    page = BoardPage(rated_study, Track.T2V_AUDIO)
    board = page.standing.board
    assert board is not None
    for row, shown in zip(rate_board(page).board.rows, board.rows, strict=True):
        assert row.contender == shown.contender
        assert (row.rating, row.lower, row.upper) == pytest.approx(
            (shown.rating, shown.lower, shown.upper), abs=1e-6
        )


def test_a_report_says_what_is_held_equal(rated_study: Study) -> None:
    _measure_all()
    Study.objects.filter(pk=rated_study.pk).update(fit={"side": True, "covariates": ["motion"]})
    rated_study.refresh_from_db()
    report = build_report(rate_board(BoardPage(rated_study, Track.T2V_AUDIO)))
    assert "held equal: the side, motion" in report.sections[-1].sentences[0]
    assert any(section.title == "Covariates held equal" for section in report.sections)
