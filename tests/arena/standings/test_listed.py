from __future__ import annotations

from itertools import pairwise

import pytest
from django.core.cache import cache
from django.test import Client

from analysis.report.build import build_report
from analysis.report.page import to_html
from analysis.tables.leaderboard import rank_probabilities
from arena.standings.boards import current_standing
from arena.standings.breaks import board_breaks
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.reports import rate_board
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Rater, Study
from arena.voting.rule_changes import change_rules
from arena.voting.terms import Terms
from generators.base import Track
from tests.factories import make_study
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"
BOARD = "/boards/study/t2v-audio/"


@pytest.fixture
def study() -> Study:
    """Three contenders with 24 votes each, and a fourth with three."""
    study = make_study(contenders=4, prompts=3)
    contenders = list(study.contenders.order_by("pk"))
    study.contenders.remove(contenders[3])
    for outcomes in ("aab", "aat", "aaab", "ab"):
        cast_all_pairs(study, Rater.objects.create(), outcomes)
    study.contenders.add(contenders[3])
    for outcome, other in (("a", 0), ("b", 1), ("a", 2)):
        cast(study, outcome, sides=(3, other))
    return study


def _ask(study: Study, **least: int) -> None:
    change_rules(study=study, terms=Terms(**least), reason="Few votes mislead.")  # type: ignore[arg-type]  # counts


@pytest.mark.parametrize("least", [{"min_votes": 20}, {"min_raters": 4}, {"min_prompts": 2}])
def test_a_contender_below_a_minimum_is_not_listed_and_its_votes_count(
    study: Study, least: dict[str, int]
) -> None:
    whole = current_standing(study=study, track=TRACK).board
    assert whole is not None
    newcomer = study.contenders.latest("pk").slug
    others = [row for row in whole.rows if row.contender != newcomer]
    _ask(study, **least)
    found = current_standing(study=study, track=TRACK)
    assert found.board is not None
    assert [row.rating for row in found.board.rows] == [row.rating for row in others]
    assert [row.rank for row in found.board.rows] == [1, 2, 3]
    assert all(1 <= row.rank_low <= row.rank <= row.rank_high <= 3 for row in found.board.rows)
    assert len(found.board.matrix) == len(found.board.matrix[0]) == 3
    assert [(step.higher, step.lower) for step in found.steps] == [
        (one.contender, other.contender) for one, other in pairwise(others)
    ]
    (unlisted,) = found.unlisted
    assert (unlisted.contender, unlisted.votes, unlisted.raters, unlisted.prompts) == (newcomer, 3, 3, 1)


def test_the_page_and_the_api_say_who_is_not_listed_and_what_is_missing(client: Client, study: Study) -> None:
    newcomer = study.contenders.latest("pk")
    _ask(study, min_votes=20, min_prompts=2)
    text = client.get(BOARD).content.decode()
    assert f"{newcomer.name}</strong> needs 17 votes and 1 prompt more." in text
    assert "Not listed yet: it needs 17 votes and 1 prompt more." in (
        client.get(f"{BOARD}contenders/{newcomer.slug}/").content.decode()
    )
    told = client.get("/api/v1/boards/study/t2v-audio").json()
    assert newcomer.slug not in {row["contender"] for row in told["rows"]}
    assert told["unlisted"] == [
        {
            "contender": newcomer.slug,
            "votes": 3,
            "raters": 3,
            "prompts": 1,
            "missing": {"votes": 17, "prompts": 1},
        }
    ]
    assert newcomer.slug not in client.get(f"{BOARD}board.csv").content.decode()


def test_a_board_on_which_nobody_has_enough_says_so(client: Client, study: Study) -> None:
    _ask(study, min_votes=10_000)
    assert current_standing(study=study, track=TRACK).board is None
    text = client.get(BOARD).content.decode()
    assert "No contender has as many votes, raters and prompts as the study asks for yet." in text
    assert text.count(" votes more.") == 4


def test_a_report_lists_no_more_than_the_board(study: Study) -> None:
    newcomer = study.contenders.latest("pk").slug
    _ask(study, min_votes=20)
    page = BoardPage(study, Track.T2V_AUDIO)
    assert page.standing.board is not None
    subject = rate_board(page)
    for row, shown in zip(subject.board.rows, page.standing.board.rows, strict=True):
        assert row[:5] == shown[:5]
        assert row[5:] == pytest.approx(shown[5:])
    report = build_report(subject)
    text = to_html(report)
    assert "1 further contender with fewer votes" in text
    assert page.standing.board.contenders[0] in text
    assert newcomer not in text
    for table in (table for section in report.sections for table in section.tables):
        assert newcomer not in table.frame.to_csv()
    ranks = rank_probabilities(subject)
    assert ranks.shape == (3, 3)
    assert ranks.sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_a_report_on_one_listed_contender_says_so(study: Study) -> None:
    cast(study, "a", sides=(0, 3))
    _ask(study, min_votes=26)
    report = build_report(rate_board(BoardPage(study, Track.T2V_AUDIO)))
    assert "is the only contender that is listed." in to_html(report)


def test_tables_of_breaks_list_no_more_than_the_board(study: Study) -> None:
    newcomer = study.contenders.latest("pk").slug
    _ask(study, min_votes=20)
    exclude_vote(vote=cast(study, "b"), rule="robot", reason="Asleep.")
    cache.clear()
    (removal,) = board_breaks(study=study, track=TRACK)
    for table in (removal.before, removal.after):
        assert [row.rank for row in table] == [1, 2, 3]
        assert newcomer not in {row.contender for row in table}
