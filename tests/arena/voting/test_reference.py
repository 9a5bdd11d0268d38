from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from arena.voting.ballots import sign_ballot
from arena.voting.models import Ballot, Study
from tests.factories import make_study, store_bytes
from tests.factories_voting import fetch, open_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Make a study whose prompt has a reference image."""
    study = make_study()
    kept = store_bytes(b"an image", "references", "jpg")
    study.suites.get().prompts.update(reference_name=kept.name, reference_sha256=kept.sha256)
    return study


def _url(ballot: Ballot) -> str:
    return reverse("reference", args=[sign_ballot(ballot)])


def test_the_page_shows_the_image_and_the_image_is_served(client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    html = client.get("/studies/study/").content.decode()
    assert '<img class="reference" src="/ballots/' in html
    response, content = fetch(client, _url(ballot))
    assert response.headers["Content-Type"] == "image/jpeg"
    assert content == b"an image"


def test_its_address_and_headers_dont_tell_the_files_name(client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    name = ballot.prompt.reference_name
    told = f"{_url(ballot)} {fetch(client, _url(ballot))[0].headers}"
    assert name not in told
    assert ballot.prompt.reference_sha256 not in told


def test_a_prompt_of_words_alone_has_none(client: Client) -> None:
    ballot = open_page(client, make_study())
    assert 'class="reference"' not in client.get("/studies/study/").content.decode()
    assert client.get(_url(ballot)).status_code == 404


def test_only_the_rater_of_the_ballot_gets_it(client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    assert Client().get(_url(ballot)).status_code == 403
    assert client.get("/ballots/damaged/reference").status_code == 400
