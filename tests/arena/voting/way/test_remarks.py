from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.test.client import RequestFactory

from arena.voting.ballots import sign_ballot
from arena.voting.models import Ballot, LedgerEntry
from arena.voting.way.models import Reason, Report
from arena.voting.way.sitting import COOKIE, is_long
from tests.factories import make_study
from tests.factories_voting import answer, open_page

pytestmark = pytest.mark.django_db


def _url(ballot: Ballot, page: str) -> str:
    return f"/ballots/{sign_ballot(ballot)}/{page}/"


def test_reasons_are_stored_after_the_vote_and_change_nothing_in_the_ledger(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot)
    ledger = list(LedgerEntry.objects.values_list("entry_hash", flat=True))
    response = client.post(_url(ballot, "reasons"), {"tag": ["motion", "sync", "unknown"]})
    assert response["Location"] == _url(ballot, "result")
    assert Reason.objects.get().tags == ["motion", "sync"]
    assert list(LedgerEntry.objects.values_list("entry_hash", flat=True)) == ledger
    assert 'value="motion" checked' in client.get(_url(ballot, "result")).content.decode()


def test_other_reasons_replace_the_first(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot)
    for tags in (["motion"], ["picture"]):
        client.post(_url(ballot, "reasons"), {"tag": tags})
    assert Reason.objects.get().tags == ["picture"]


def test_there_is_no_reason_without_a_vote(client: Client) -> None:
    ballot = open_page(client, make_study())
    assert client.post(_url(ballot, "reasons"), {"tag": "motion"})["Location"] == "/studies/study/"
    assert not Reason.objects.exists()


@pytest.mark.parametrize("page", ["reasons", "report"])
def test_nobody_else_speaks_for_a_rater(client: Client, page: str) -> None:
    ballot = open_page(client, make_study())
    assert Client().post(_url(ballot, page), {"side": "a", "kind": "broken"}).status_code == 403


def test_a_clip_can_be_reported_before_the_vote_without_naming_it(client: Client) -> None:
    study = make_study()
    ballot = open_page(client, study)
    page = client.get(_url(ballot, "report")).content.decode()
    for contender in study.contenders.all():
        assert contender.name not in page
        assert contender.slug not in page
    sent = client.post(_url(ballot, "report"), {"side": "b", "kind": "broken", "words": "it\nstops\0here"})
    assert "your report is stored" in sent.content.decode()
    report = Report.objects.get()
    assert (report.side, report.kind, report.words) == ("b", "broken", "it stops here")


@pytest.mark.parametrize("fields", [{}, {"side": "c", "kind": "broken"}, {"side": "a", "kind": "ugly"}])
def test_an_incomplete_report_is_asked_for_again(client: Client, fields: dict[str, str]) -> None:
    ballot = open_page(client, make_study())
    response = client.post(_url(ballot, "report"), fields)
    assert response.status_code == 422
    assert "Choose the clip" in response.content.decode()
    assert not Report.objects.exists()


def test_a_second_report_of_a_clip_changes_nothing(client: Client) -> None:
    ballot = open_page(client, make_study())
    for kind in ("broken", "other"):
        client.post(_url(ballot, "report"), {"side": "a", "kind": kind})
    assert Report.objects.get().kind == "broken"


def test_organisers_list_reports_with_contender_and_clip(client: Client) -> None:
    ballot = open_page(client, make_study())
    client.post(_url(ballot, "report"), {"side": "a", "kind": "silent", "words": "no sound"})
    out = StringIO()
    call_command("list_reports", "study", stdout=out)
    contender = ballot.rendition_a.clip.job.contender
    for part in (contender.slug, ballot.rendition_a.sha256[:12], "silent", "no sound", "p0 seed 0"):
        assert part in out.getvalue()
    with pytest.raises(CommandError, match="Unknown study"):
        call_command("list_reports", "nowhere")


def test_no_report_is_said_plainly() -> None:
    out = StringIO()
    call_command("list_reports", stdout=out)
    assert out.getvalue() == "No reports.\n"


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("", False),
        ("8000-9990", True),
        ("9000-9990", False),
        ("8000-9000", False),  # a pause of more than ten minutes lies between
        ("odd", False),
        ("-1--1", False),
        ("99999-99999", False),
        ("9" * 400 + "-1", False),
    ],
)
def test_half_an_hour_without_a_pause_is_long(cookie: str, expected: bool) -> None:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = cookie
    assert is_long(request, 10_000) is expected


def test_a_long_sitting_gets_one_reminder(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make_study(prompts=3)
    for at, reminded in ((0, False), (1500, False), (1900, True), (1950, False)):
        if at == 1950:
            study = make_study("other")
        monkeypatch.setattr("arena.voting.way.sitting.PAUSE_S", 3000)
        monkeypatch.setattr("time.time", lambda at=at, real=1_800_000_000.0: real + at)
        response = answer(client, open_page(client, study))
        assert response["Location"].endswith("?rest=1") is reminded
