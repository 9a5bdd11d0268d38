from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from arena.runs.models import Rendition
from arena.voting.admission.panels import payment_sheet
from arena.voting.ballots import sign_ballot
from arena.voting.controls.models import Twin
from arena.voting.models import Ballot, Study
from tests.factories import make_study
from tests.factories_voting import (
    answer,
    answer_url,
    fetch,
    make_twin_row,
    media_url_of,
    open_page,
    press_start,
)

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as ClientResponse

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = make_study(contenders=3, prompts=4, terms={"training": 2})
    for one in Rendition.objects.order_by("pk")[:3]:
        make_twin_row(one)
    return study


def _feedback(client: Client, ballot: Ballot) -> ClientResponse:
    return client.get(reverse("feedback", args=[sign_ballot(ballot)]))


def _text(response: ClientResponse) -> str:
    return " ".join(response.content.decode().split())


def test_the_page_says_that_it_is_training_and_shows_its_place(client: Client, study: Study) -> None:
    assert "Before them come 2 training pairs" in _text(client.get("/studies/study/start/"))
    open_page(client, study)
    page = _text(client.get("/studies/study/"))
    assert "Training 1 of 2" in page
    assert "Training: one clip was made worse on purpose." in page


@pytest.mark.parametrize(
    ("noticed", "verdict"), [(True, "Right!"), (False, "Not this time:"), (None, "Look again:")]
)
def test_after_the_vote_the_page_tells_the_clip_the_flaw_and_whether_it_was_noticed(
    client: Client, study: Study, noticed: bool | None, verdict: str
) -> None:
    ballot = open_page(client, study)
    worse = ballot.twin_side
    other = "b" if worse == "a" else "a"
    outcome = {True: other, False: worse, None: "tie"}[noticed]
    page = client.get(answer(client, ballot, outcome)["Location"])
    assert f"{verdict} {worse.upper()} was made worse on purpose." in _text(page)
    assert "Its picture is blurred." in _text(page)
    assert "Training 1 of 2" in _text(page)
    bodies = {
        side["name"].lower(): fetch(client, media_url_of(side["media"]))[1] for side in page.context["sides"]
    }
    assert b"blur of" in bodies[worse]
    assert b"blur of" not in bodies[other]


def test_the_answer_is_told_after_the_vote_alone_and_names_nobody(client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    assert _feedback(client, ballot)["Location"] == "/studies/study/"
    answer(client, ballot)
    told = _feedback(client, ballot).content.decode()
    assert not any(contender.name in told for contender in study.contenders.all())
    for page in ("reveal", "reasons"):
        url = reverse(page, args=[sign_ballot(ballot)])
        assert client.get(url, follow=True).redirect_chain[-1][0].endswith("/feedback/")
    assert _feedback(Client(), ballot).status_code == 403


@pytest.mark.parametrize(
    "degradation", [value for value, _ in Twin._meta.get_field("degradation").choices or ()]
)
def test_each_kind_of_flaw_has_words(client: Client, study: Study, degradation: str) -> None:
    Twin.objects.update(degradation=degradation)
    ballot = open_page(client, study)
    page = client.get(answer(client, ballot)["Location"])
    assert page.status_code == 200
    assert str(page.context["flaw"]).startswith("It")


def test_after_the_last_training_pair_the_study_begins_at_its_first_pair(
    client: Client, study: Study
) -> None:
    for number in (1, 2):
        ballot = open_page(client, study)
        assert f"Training {number} of 2" in _text(client.get("/studies/study/"))
        answer(client, ballot)
    assert "On to the study" in _text(_feedback(client, ballot))
    assert open_page(client, study).control == ""
    page = _text(client.get("/studies/study/"))
    assert '<span class="count" data-progress>1 of ' in page
    assert "Training" not in page


def test_a_voided_training_pair_says_that_it_comes_back(client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    response = client.post(answer_url(ballot), {"outcome": "a", "playback": '{"hidden_plays": 1}'})
    assert "You get the pair again later." in client.get(response["Location"]).content.decode()
    assert Ballot.objects.get().state == Ballot.State.VOIDED


def test_training_is_in_no_list_of_own_votes_and_no_payment(client: Client) -> None:
    terms = {"training": 1, "admission": "panel", "panel_query": "PROLIFIC_PID", "reveal": "close"}
    study = make_study(contenders=3, prompts=4, terms=terms)
    for one in Rendition.objects.order_by("pk")[:3]:
        make_twin_row(one)
    client.get("/studies/study/start/")
    client.post("/studies/study/start/?PROLIFIC_PID=a", follow=True)
    answer(client, Ballot.objects.get())
    assert not client.get("/studies/study/votes/").context["votes"]
    (row,) = csv.DictReader(payment_sheet(study).splitlines())
    assert (row["status"], row["votes"], row["last_vote_at"]) == ("unfinished", "0", "")


def test_pages_of_other_pairs_have_no_feedback(client: Client) -> None:
    study = make_study(prompts=3)
    press_start(client, study)
    ballot = open_page(client, study)
    answer(client, ballot)
    assert _feedback(client, ballot)["Location"] == "/studies/study/"
