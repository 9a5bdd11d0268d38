from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.voting.listing import STUDIES_ON_A_PAGE
from arena.voting.models import Rater, Study
from tests.factories import make_study
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db


def _text(client: Client, url: str = "/boards/") -> str:
    html = client.get(url).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def _add_studies(count: int) -> None:
    Study.objects.bulk_create(
        Study(slug=f"more-{i}", title=f"Study {i}", question="Which?", tracks=["t2v", "t2v-audio"])
        for i in range(count)
    )


def test_the_list_has_a_board_for_each_study_and_track_with_peoples_first(client: Client) -> None:
    make_study("machine", title="The simulated study", simulated=True)
    make_study("people", title="The study", tracks=["t2v", "t2v-audio"])
    html = client.get("/boards/").content.decode()
    places = [
        html.index(url)
        for url in ("/boards/people/t2v/", "/boards/people/t2v-audio/", "/boards/machine/t2v-audio/")
    ]
    assert places == sorted(places)


def test_an_arena_without_studies_says_how_to_make_one(client: Client) -> None:
    assert "manage.py create_study" in _text(client, "/boards/")


def test_a_filled_board_names_the_first_three_raters_and_last_vote(
    client: Client, rated_study: Study
) -> None:
    names = [contender.name for contender in rated_study.contenders.order_by("pk")]
    last = rated_study.ballots.order_by("-vote__created_at")[0].vote.created_at
    text = _text(client)
    assert text.index(names[0]) < text.index(names[1]) < text.index(names[2])
    assert re.search(rf"{names[0]} \d+ \d+ to \d+", text)
    assert "36 votes by 4 raters" in text
    assert f"Last vote {last:%-d %B %Y, %H:%M} UTC" in text


def test_a_withheld_leader_stands_under_the_codename(client: Client, rated_study: Study) -> None:
    rated_study.contenders.update(codename="Falcon", name="Secret name")
    text = _text(client)
    assert "Falcon" in text
    assert "Secret" not in text


def test_open_and_closed_studies_can_be_told_apart(client: Client) -> None:
    make_study("one")
    make_study("two", is_open=False)
    html = client.get("/boards/").content.decode()
    assert (html.count(">Open<"), html.count(">Closed<")) == (1, 1)


@pytest.mark.parametrize(
    "row",
    [
        {"slug": "odd 2"},
        {"slug": "Prüfung"},
        {"slug": "a/b"},
        {"slug": ""},
        {"tracks": {}},
        {"tracks": "t2v"},
        {"tracks": ["t2x"]},
        {"tracks": []},
        {"tracks": [3, {}]},
        {"tracks": 3},
        {"question": ""},
    ],
)
def test_one_bad_row_breaks_neither_the_list_nor_the_other_boards(
    client: Client, rated_study: Study, row: dict[str, object]
) -> None:
    given = {"slug": "bad", "title": "The bad one", "question": "?", "tracks": ["t2v"]}
    Study.objects.bulk_create([Study(**{**given, **row})])
    for url in ("/", "/boards/", "/boards/study/t2v-audio/"):
        assert client.get(url).status_code == 200
    assert client.get("/boards/bad/t2v/").status_code in (200, 404)
    assert "/boards/study/t2v-audio/" in client.get("/boards/").content.decode()
    assert ("The bad one" in _text(client)) == (row.keys() == {"question"})


@pytest.mark.parametrize("studies", [2, 50])
def test_the_list_takes_a_fixed_number_of_queries(
    client: Client, rated_study: Study, studies: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Number of studies, the studies, their ledgers' heads, versions of tallies with hashes, leaders."""
    _add_studies(studies - 1)
    url = f"/boards/?page={-(-studies // STUDIES_ON_A_PAGE)}"  # the filled board is the oldest
    client.get(url)
    with django_assert_num_queries(6):
        client.get(url)
    cast(rated_study, "b")
    client.get(url)
    with django_assert_num_queries(6):
        client.get(url)


def test_several_filled_boards_are_read_together(client: Client, rated_study: Study) -> None:
    cast_all_pairs(make_study("second", prompts=4), Rater.objects.create(), "aab")
    _text(client)
    with CaptureQueriesContext(connection) as queries:
        text = _text(client)
    assert len(queries) == 6
    assert len(re.findall(r"Contender \d+ \d+ \d+ to \d+", text)) == 5


def test_the_list_has_pages(client: Client) -> None:
    _add_studies(2 * STUDIES_ON_A_PAGE + 1)
    first, last = _text(client), _text(client, "/boards/?page=3")
    assert "Page 1 of 3" in first
    assert first.count("No votes yet") == 2 * STUDIES_ON_A_PAGE
    assert last.count("No votes yet") == 2
    assert _text(client, "/").count("Take part") == STUDIES_ON_A_PAGE
    assert _text(client, "/?page=3").count("Take part") == 1
    for odd in ("0", "-1", "9999", "x", "1e9", ""):
        assert client.get("/boards/", {"page": odd}).status_code == 200
        assert client.get("/", {"page": odd}).status_code == 200
