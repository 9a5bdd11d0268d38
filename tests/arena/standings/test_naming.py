from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from arena.catalog.models import Contender
from arena.voting.ballots import sign_ballot
from arena.voting.models import Ballot, Rater, Study
from arena.voting.naming import names_are_told
from arena.voting.openings import close_study, reopen_study
from tests.factories import make_study
from tests.factories_voting import answer, cast_all_pairs, open_page

pytestmark = pytest.mark.django_db

OWN = "/studies/study/votes/"


def _names() -> list[str]:
    return [contender.name for contender in Contender.objects.all()]


def _result(ballot: Ballot) -> str:
    return reverse("reveal", args=[sign_ballot(ballot)])


def _vote(client: Client, study: Study) -> Ballot:
    ballot = open_page(client, study)
    assert answer(client, ballot).status_code == 302
    return ballot


def _names_anything(client: Client, *addresses: str) -> bool:
    pages = [client.get(address, follow=True).content.decode() for address in addresses]
    return any(name in page for page in pages for name in _names())


def test_names_follow_each_vote_by_default(client: Client) -> None:
    study = make_study(prompts=2)
    ballot = _vote(client, study)
    assert all(name in client.get(_result(ballot)).content.decode() for name in _names())
    assert all(name in client.get(OWN).content.decode() for name in _names())


def test_with_the_last_vote_all_names_come_together(client: Client) -> None:
    study = make_study(prompts=2, terms={"reveal": "last"})
    first = _vote(client, study)
    response = answer(client, first)
    assert response["Location"] == reverse("ballot", args=["study"])
    assert not _names_anything(client, _result(first), OWN, "/studies/study/", "/studies/study/start/")
    assert "after your last pair" in client.get(OWN).content.decode()
    _vote(client, study)
    finished = client.get("/studies/study/").content.decode()
    assert "See who made the clips" in finished
    page = client.get(OWN).content.decode()
    assert all(name in page for name in _names())
    assert page.count("/result/") == 2
    assert client.get(_result(first)).status_code == 200


def test_the_last_vote_may_be_that_of_the_quota(client: Client) -> None:
    study = make_study(prompts=3, terms={"reveal": "last", "quota": 2})
    _vote(client, study)
    assert not _names_anything(client, OWN)
    _vote(client, study)
    finished = client.get("/studies/study/").content.decode()
    assert "That is all this study asks of you" in finished
    assert Ballot.objects.count() == 2
    assert _names_anything(client, OWN)


def test_with_the_close_names_come_when_the_study_closes(client: Client) -> None:
    study = make_study(terms={"reveal": "close"})
    ballot = _vote(client, study)
    assert not _names_anything(client, _result(ballot), OWN, "/studies/study/")
    assert "when the study closes" in client.get(OWN).content.decode()
    close_study(study=study)
    assert _names_anything(client, OWN)
    assert _names_anything(client, _result(ballot))
    assert OWN in client.get("/studies/study/").content.decode()
    reopen_study(study=study)
    assert not _names_anything(client, OWN)


def test_own_votes_are_those_of_this_browser(client: Client) -> None:
    study = make_study()
    cast_all_pairs(study, Rater.objects.create())
    assert "This browser has no votes in this study" in client.get(OWN).content.decode()
    assert client.get("/studies/nowhere/votes/").status_code == 404


def test_a_pairs_page_shows_a_rater_no_clips_of_votes_whose_names_are_not_told(client: Client) -> None:
    study = make_study(prompts=2, terms={"reveal": "last"})
    ballot = _vote(client, study)
    one, two = (contender.public_slug for contender in Contender.objects.order_by("pk"))
    page = client.get(f"/boards/study/t2v-audio/pairs/{one}/{two}/").content.decode()
    assert "/clips/" not in page
    assert not names_are_told(study, ballot.rater)


# Boards that are not public while a study is open.

HIDDEN = (
    "/boards/study/t2v-audio/",
    "/boards/study/t2v-audio/board.csv",
    "/embeds/study/t2v-audio/badge.svg",
    "/api/v1/boards/study/t2v-audio",
    "/api/v1/boards/study/t2v-audio/history",
)


def test_boards_are_withheld_until_the_study_closes(client: Client) -> None:
    study = make_study(prompts=6, contenders=3, terms={"public_board": False})
    cast_all_pairs(study, Rater.objects.create())
    for address in HIDDEN:
        assert client.get(address).status_code == 403, address
    for address in ("/", "/boards/", "/api/v1/boards"):
        assert not _names_anything(client, address)
    ballot = _vote(client, study)
    page = client.get(_result(ballot)).content.decode()
    assert "Ratings are shown when the study closes" in page
    assert "Other raters" not in page
    close_study(study=study)
    for address in HIDDEN:
        assert client.get(address).status_code == 200, address
