"""A study's front page: what it says, and that nobody becomes a rater by reading it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertRedirects
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.runs.models import Rendition
from arena.voting.models import Ballot, Rater
from tests.factories import make_study
from tests.factories_voting import answer, cast, open_page

pytestmark = pytest.mark.django_db
START, PAIR = "/studies/study/start/", "/studies/study/"
INTRODUCTION: dict[str, Any] = {
    "asked_by": "The lab",
    "introduction": "We look at motion.",
    "contact": "lab@example.org",
}


def test_the_page_says_who_asks_why_and_what_is_stored(client: Client) -> None:
    study = make_study(**INTRODUCTION, question="Which moves better?")
    html = client.get(START).content.decode()
    for said in (study.title, *INTRODUCTION.values(), "Which moves better?", "What is stored", "cookie"):
        assert said in html
    assert 'href="mailto:lab@example.org"' in html


def test_what_the_organiser_wrote_is_text_not_markup(client: Client) -> None:
    make_study(introduction="<script>alert(1)</script>", contact="<b>me</b>")
    html = client.get(START).content.decode()
    assert "<script>alert" not in html
    assert "<b>me" not in html


@pytest.mark.parametrize(("duration_s", "pairs", "said"), [
    (1.0, 1, "About 10 seconds a pair, 1 minute for the one."),
    (5.0, 10, "About 18 seconds a pair, 3 minutes for all 10."),
])  # fmt: skip
def test_the_page_says_how_long_it_takes(client: Client, duration_s: float, pairs: int, said: str) -> None:
    make_study(prompts=pairs)
    Rendition.objects.update(duration_s=duration_s)
    assert said in " ".join(client.get(START).content.decode().split())


@pytest.mark.parametrize(
    ("track", "said"), [("t2v-audio", "use headphones"), ("t2v", "you judge the pictures only")]
)
def test_the_page_says_whether_sound_is_judged(client: Client, track: str, said: str) -> None:
    make_study(tracks=[track])
    assert said in client.get(START).content.decode()


@pytest.mark.parametrize("fields", [{}, INTRODUCTION])
def test_reading_the_page_makes_no_rater_and_sets_no_rater_cookie(
    client: Client, fields: dict[str, Any]
) -> None:
    make_study(**fields)
    client.get(START)
    client.head(START)
    assert not Rater.objects.exists()
    assert "rater" not in client.cookies


def test_the_button_makes_the_rater_and_leads_to_the_first_pair(client: Client) -> None:
    make_study(**INTRODUCTION)
    assertRedirects(client.post(START), PAIR)
    assert Ballot.objects.get().rater == Rater.objects.get()


@pytest.mark.parametrize("field", INTRODUCTION)
def test_a_link_to_the_pair_leads_past_what_the_organiser_wrote_first(client: Client, field: str) -> None:
    make_study(**dict[str, Any]({field: INTRODUCTION[field]}))
    assertRedirects(client.get(PAIR), START)
    assert not Rater.objects.exists()
    client.post(START)
    assert client.get(PAIR).status_code == 200


def test_each_study_is_introduced_to_raters_of_another(client: Client) -> None:
    open_page(client, make_study("another"))
    make_study(**INTRODUCTION)
    assertRedirects(client.get(PAIR), START)


def test_who_comes_back_goes_on_where_they_were(client: Client) -> None:
    study = make_study(prompts=3)
    answer(client, open_page(client, study))
    assert "Go on with pair 2 of 3" in client.get(START).content.decode()


def test_the_leaderboard_is_linked_once_there_are_votes(client: Client) -> None:
    study = make_study()
    assert "Leaderboard<" not in client.get(START).content.decode()
    cast(study)
    assert 'href="/boards/study/t2v-audio/">Leaderboard<' in client.get(START).content.decode()


@pytest.mark.parametrize("send", ["get", "post"])
@pytest.mark.parametrize(("fields", "status"), [({"is_open": False}, 410), ({"simulated": True}, 403)])
def test_what_nobody_can_vote_in_says_so(
    client: Client, send: str, fields: dict[str, Any], status: int
) -> None:
    make_study(**fields)
    assert getattr(client, send)(START).status_code == status
    assert not Rater.objects.exists()


def test_a_study_without_pairs_leads_to_words_not_in_a_circle(client: Client) -> None:
    make_study(prompts=0, **INTRODUCTION)
    assert "Nothing to judge yet" in client.post(START).content.decode()


def test_a_browser_without_cookies_is_told_so_by_the_button() -> None:
    make_study()
    response = Client(enforce_csrf_checks=True).post(START)
    assert response.status_code == 403
    assert "Your browser sent no cookie" in response.content.decode()


def test_the_page_takes_a_fixed_number_of_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_study(contenders=3, prompts=5)
    client.get(START)  # builds the pool
    with django_assert_num_queries(3):
        client.get(START)
