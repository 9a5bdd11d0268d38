from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from arena.voting.models import Study
from tests.factories import make_study

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


def test_boards_with_votes_are_shown_with_their_first_three(client: Client, rated_study: Study) -> None:
    make_study("unrated", title="The empty study")
    html = client.get("/").content.decode().partition("Where they stand")[2]
    assert 'href="/boards/study/t2v-audio/"' in html
    assert "36 votes by 4 raters" in html
    assert all(name in html for name in rated_study.contenders.values_list("name", flat=True))
    assert "The empty study" not in html
