from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import signing
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertRedirects
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.runs.models import Rendition
from arena.voting.ballots import TOKEN_SALT, sign_ballot
from arena.voting.models import Ballot, LedgerEntry, Outcome, Vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import answer, answer_url, open_page, press_start, recorded

pytestmark = pytest.mark.django_db
LATER = timedelta(seconds=settings.BALLOT_LIFETIME_S + 1)


@pytest.mark.parametrize("outcome", Outcome.values)
def test_a_vote_is_recorded_with_its_ledger_entry_and_then_the_names_come(
    client: Client, outcome: str
) -> None:
    ballot = open_page(client, make_study())
    url = answer_url(ballot)
    response = client.post(url, {"outcome": outcome})
    assert response.status_code == 302
    assert response.headers["Location"] == f"{url}result/"
    assert Vote.objects.get().outcome == outcome
    entry = json.loads(LedgerEntry.objects.get().payload)
    assert (entry["ballot"], entry["outcome"]) == (str(ballot.pk), outcome)


def test_voting_works_with_a_plain_form(client: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    press_start(browser, make_study())
    page = browser.get("/studies/study/").content.decode()
    [(action, form)] = re.findall(
        r'<form class="answers" method="post" action="(.*?)">(.*?)</form>', page, re.S
    )
    fields = dict(re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', form))
    response = browser.post(action, {**fields, "outcome": "tie"}, follow=True)
    assert response.redirect_chain == [(f"{action}result/", 302)]
    assert "Your vote: <strong>Tie</strong>" in response.content.decode()
    assert Vote.objects.get().outcome == "tie"


def test_what_the_page_says_of_its_playback_is_kept(client: Client) -> None:
    ballot = open_page(client, make_study())
    sent = {"watched_a_s": 0.95, "plays": 2, "unknown": 1, "stalls": "many"}
    client.post(answer_url(ballot), {"outcome": "a", "playback": json.dumps(sent)})
    assert Vote.objects.get().playback == {"watched_a_s": 0.95, "plays": 2.0}


def test_watching_that_cant_have_been_is_refused_and_the_pair_stays_open(client: Client) -> None:
    """Clips of nine seconds, heard in turn, can't both have been heard the moment after they were issued."""
    study = make_study()
    Rendition.objects.update(duration_s=9.0)
    ballot = open_page(client, study)
    claim = dict.fromkeys(("watched_a_s", "watched_b_s", "heard_a_s", "heard_b_s"), 9.0)
    sent = {"outcome": "a", "playback": json.dumps(claim)}
    before = recorded()
    response = client.post(answer_url(ballot), sent)
    assert response.status_code == 422
    assert "That was quicker than the clips are long" in response.content.decode()
    assert "Open the pair again" in response.content.decode()
    assert recorded() == before
    with time_machine.travel(ballot.issued_at + timedelta(seconds=18)):
        assert client.post(answer_url(ballot), sent).status_code == 302


def test_the_same_answer_again_gets_the_first_result(client: Client) -> None:
    url = answer_url(open_page(client, make_study()))
    first = client.post(url, {"outcome": "b"})
    before = recorded()
    again = client.post(url, {"outcome": "b"})
    assert (again.status_code, again.headers["Location"]) == (302, first.headers["Location"])
    assert recorded() == before


def test_another_answer_afterwards_is_refused(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot, "a")
    _refuses(client, ballot, "b", 409, "You have already answered this pair")


def test_a_vote_after_a_skip_is_refused(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot, "skip")
    _refuses(client, ballot, "a", 409, "You have already answered this pair")


def test_a_skip_after_a_vote_leaves_the_vote(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot, "a")
    before = recorded()
    assert answer(client, ballot, "skip").status_code == 302
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.VOTED
    assert recorded() == before


@pytest.mark.parametrize("outcome", ["a", "skip"])
def test_an_expired_ballot_is_refused(client: Client, outcome: str) -> None:
    ballot = open_page(client, make_study())
    with time_machine.travel(timezone.now() + LATER):
        _refuses(client, ballot, outcome, 410, "This pair has expired")


def test_the_last_second_counts(client: Client) -> None:
    ballot = open_page(client, make_study())
    with time_machine.travel(ballot.expires_at - timedelta(seconds=1), tick=False):
        assert answer(client, ballot).status_code == 302
    assert Vote.objects.count() == 1


def test_somebody_elses_ballot_is_refused(client: Client) -> None:
    study = make_study()
    ballot = open_page(Client(), study)
    open_page(client, study)
    _refuses(client, ballot, "a", 403, "This pair belongs to another browser")


def test_a_ballot_without_its_cookie_is_refused(client: Client) -> None:
    ballot = open_page(Client(), make_study())
    _refuses(client, ballot, "a", 403, "Your browser sent no cookie")


def _tampered(token: str) -> list[str]:
    content, stamp, signature = token.split(":")
    forged = signing.dumps(["0" * 32, "0" * 32], key="another key", salt=TOKEN_SALT)
    borrowed = signing.dumps(["0" * 32, "0" * 32], salt="another purpose")
    flipped = ("A" if content[10] != "A" else "B").join([content[:10], content[11:]])
    return [
        f"{flipped}:{stamp}:{signature}",
        f"{content}:{stamp}:{signature[:-1]}",
        f"{content}:{stamp}",
        content,
        forged,
        borrowed,
        "é:ü:ß",
        "%00",
    ]


@pytest.mark.parametrize("case", range(8))
def test_a_tampered_token_is_refused(client: Client, case: int) -> None:
    ballot = open_page(client, make_study())
    before = recorded()
    response = client.post(f"/ballots/{_tampered(sign_ballot(ballot))[case]}/", {"outcome": "a"})
    assert response.status_code == 400
    html = response.content.decode()
    assert "This link is damaged" in html or "This request can’t be read" in html
    assert recorded() == before


@pytest.mark.parametrize("outcome", ["", "A", "c", "a,b", "both-bad"])
def test_an_unknown_answer_is_refused_and_the_pair_stays_open(client: Client, outcome: str) -> None:
    ballot = open_page(client, make_study())
    _refuses(client, ballot, outcome, 400, "That isn't an answer")
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.OPEN


def test_a_study_closed_meanwhile_is_refused(client: Client) -> None:
    study = make_study()
    ballot = open_page(client, study)
    study.is_open = False
    study.save()
    _refuses(client, ballot, "a", 410, "This study is closed")


def test_people_cant_answer_a_ballot_of_a_simulated_study(client: Client) -> None:
    """Even with a token signed by us: a simulated rater has no cookie."""
    own = open_page(client, make_study())
    simulated = make_study("simulated", simulated=True)
    own.rater.simulated = True
    own.rater.save()
    ballot = make_ballot(simulated, own.rater)
    _refuses(client, ballot, "a", 403, "Your browser sent no cookie")


def test_a_form_from_elsewhere_is_refused() -> None:
    browser = Client(enforce_csrf_checks=True)
    ballot = open_page(browser, make_study())
    _refuses(browser, ballot, "a", 403, "This answer didn't come from our page")


def test_a_browser_that_keeps_no_cookies_is_told_so() -> None:
    browser = Client(enforce_csrf_checks=True)
    ballot = open_page(browser, make_study())
    browser.cookies.clear()
    _refuses(browser, ballot, "a", 403, "Your browser sent no cookie")


def test_cookies_for_https_on_a_plain_address_are_named_as_the_cause() -> None:
    browser = Client(enforce_csrf_checks=True)
    ballot = open_page(browser, make_study())
    browser.cookies.clear()
    with override_settings(CSRF_COOKIE_SECURE=True):
        _refuses(browser, ballot, "a", 403, "This arena needs an address that starts with https")


def test_an_address_that_the_arena_doesnt_know_is_named_as_the_cause() -> None:
    browser = Client(enforce_csrf_checks=True)
    ballot = open_page(browser, make_study())
    response = answer(browser, ballot, origin="https://elsewhere.example")
    assert response.status_code == 403
    assert "CSRF_TRUSTED_ORIGINS" in response.content.decode()


@pytest.mark.parametrize(
    "accept", ["application/problem+json", "application/json", "text/html;q=0.5, application/json"]
)
def test_programs_get_refusals_as_problem_documents(client: Client, accept: str) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot, "a")
    response = answer(client, ballot, "b", accept=accept)
    assert response.status_code == 409
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.content) == {
        "type": "about:blank",
        "title": "You have already answered this pair",
        "status": 409,
        "detail": "The first answer counts and can't be changed. The next pair is waiting.",
    }


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]
)
def test_browsers_get_refusals_as_pages(client: Client, accept: str) -> None:
    ballot = open_page(client, make_study())
    response = answer(client, ballot, "nonsense", accept=accept)
    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/html")


def test_no_cache_keeps_a_refusal(client: Client) -> None:
    response = client.post("/ballots/damaged/", {"outcome": "a"})
    assert "no-store" in response.headers["Cache-Control"]


def test_opening_the_address_of_an_answer_leads_to_the_pair_and_answers_nothing(client: Client) -> None:
    ballot = open_page(client, make_study())
    assertRedirects(client.get(answer_url(ballot)), reverse("ballot", args=["study"]))
    assert client.put(answer_url(ballot)).status_code == 405
    assert not Vote.objects.exists()


def test_an_answer_takes_a_fixed_number_of_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ballot = open_page(client, make_study(contenders=3, prompts=5))
    with django_assert_num_queries(10 + connection.features.has_select_for_update):
        answer(client, ballot)


def _refuses(client: Client, ballot: Ballot, outcome: str, status: int, title: str) -> None:
    """Check that an answer gets a page with this status and title, and changes neither votes nor ledger."""
    before = recorded()
    response = answer(client, ballot, outcome)
    assert response.status_code == status
    assert f"<h1>{title}</h1>" in response.content.decode().replace("&#x27;", "'")
    assert recorded() == before
