from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from arena.standings.boards import current_standing
from arena.voting.models import Study
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db


def test_open_studies_are_offered(client: Client) -> None:
    make_study("first", title="The first study")
    make_study("second", title="The second study", introduction="We look at motion.", asked_by="The lab")
    html = client.get("/").content.decode()
    for shown in (
        "The first study",
        "/studies/first/start/",
        "The second study",
        "We look at motion.",
        "The lab",
    ):
        assert shown in html


def test_closed_and_simulated_studies_are_not_offered(client: Client) -> None:
    make_study("closed", title="The closed study", is_open=False)
    make_study("machine", title="The simulated study", simulated=True)
    html = client.get("/").content.decode()
    assert "The closed study" not in html
    assert "The simulated study" not in html
    assert "No study is open yet" in html


def test_looking_around_makes_no_rater_and_sets_no_cookie(client: Client) -> None:
    make_study()
    assert not client.get("/").cookies


def test_studies_cost_no_queries_each(client: Client, rated_study: Study) -> None:
    counts = []
    for number in range(2):
        make_study(f"study-{number}")
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_three_sentences_say_what_this_is(client: Client) -> None:
    lead = client.get("/").content.decode().split('<p class="lead">')[1].split("</p>")[0]
    assert lead.count(". ") + lead.endswith(".") == 3
    chinese = client.get("/", headers={"accept-language": "zh-CN"}).content.decode()
    assert chinese.split('<p class="lead">')[1].split("</p>")[0].count("。") == 3


def test_standings_tell_place_rating_interval_and_votes(client: Client, rated_study: Study) -> None:
    standing = current_standing(study=rated_study, track="t2v-audio")
    assert standing.board
    html = client.get("/").content.decode().partition("Where they stand")[2]
    rows = [row.split("</tr>")[0] for row in html.split("<tr>")[2:]]
    for row, told in zip(standing.board.rows, rows, strict=True):
        cells = [text.split("<")[0].strip() for text in told.split(">")]
        assert [text for text in cells if text] == [
            str(row.rank),
            rated_study.contenders.get(slug=row.contender).name,
            f"{row.rating:.0f}",
            f"{row.lower:.0f} to {row.upper:.0f}",
            str(row.votes),
        ]


def test_new_votes_cost_the_page_no_fit_for_a_minute(client: Client, rated_study: Study) -> None:
    client.get("/")
    cast(rated_study, "a")
    assert "36 votes by 4 raters" in client.get("/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert "37 votes by 5 raters" in client.get("/").content.decode()


def test_boards_that_wait_for_the_close_are_not_shown(client: Client, rated_study: Study) -> None:
    Study.objects.update(terms={"public_board": False})
    assert "Where they stand" not in client.get("/").content.decode()


def test_boards_with_votes_are_shown_with_their_first_contenders(client: Client, rated_study: Study) -> None:
    make_study("unrated", title="The empty study")
    html = client.get("/").content.decode().partition("Where they stand")[2]
    assert 'href="/boards/study/t2v-audio/"' in html
    assert "36 votes by 4 raters" in html
    assert all(name in html for name in rated_study.contenders.values_list("name", flat=True))
    assert "The empty study" not in html
