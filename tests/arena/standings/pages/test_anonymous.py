"""Pages of anonymous contenders: all are listed, none is named before its reveal, and the history goes on."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from arena.catalog.commitments import commit, reveal, withdraw
from arena.catalog.models import Commitment, Contender
from arena.catalog.openings import check_opening
from arena.standings.models import Snapshot
from arena.voting.models import Study

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _hide(contender: Contender) -> Commitment:
    contender.codename, contender.name, contender.maker = "Amber", "Secret name", "Secret maker"
    contender.save()
    return commit(contender, "1")


@pytest.fixture
def amber(rated_study: Study) -> Contender:
    contender = rated_study.contenders.order_by("pk")[0]
    _hide(contender)
    return contender


def test_without_entries_the_page_says_what_will_be_there(client: Client) -> None:
    assert "will be listed here" in client.get("/anonymous/").content.decode()


def test_a_hidden_contender_is_listed_by_codename_and_hash_alone(client: Client, amber: Contender) -> None:
    opening = json.loads(amber.commitment.opening)
    for address in ("/anonymous/", f"/anonymous/{amber.commitment.digest}.json"):
        text = client.get(address).content.decode()
        assert "Amber" in text
        assert amber.commitment.digest in text
        for secret in (opening["nonce"], "Secret", amber.slug, amber.generator):
            assert secret not in text, address


def test_no_page_of_the_board_has_the_nonce_or_the_name(client: Client, amber: Contender) -> None:
    nonce = json.loads(amber.commitment.opening)["nonce"]
    board = f"/boards/study/{TRACK}/"
    for address in (board, f"{board}contenders/{amber.public_slug}/", "/boards/", "/api/v1/contenders"):
        text = client.get(address).content.decode()
        assert nonce not in text
        assert "Secret" not in text
    page = client.get(f"{board}contenders/{amber.public_slug}/").content.decode()
    assert "sealed by a published hash" in page


def test_a_withdrawn_one_stays_listed(client: Client, amber: Contender) -> None:
    withdraw(amber)
    text = client.get("/anonymous/").content.decode()
    assert "Withdrawn" in text
    assert "Secret" not in text


def test_after_the_reveal_the_proof_is_public(client: Client, amber: Contender) -> None:
    kept = amber.commitment.digest
    reveal(amber)
    text = client.get("/anonymous/").content.decode()
    assert "Amber is <bdi>Secret name</bdi>" in text
    entry = client.get(f"/anonymous/{kept}.json").json()
    assert check_opening(entry["opening"], kept)["identity"]["name"] == "Secret name"


def test_the_history_joins_the_revealed_name(client: Client, rated_study: Study, amber: Contender) -> None:
    former = f"/boards/study/{TRACK}/contenders/{amber.public_slug}/"
    rows = [{"contender": amber.public_slug, "rating": 1.0, "lower": 0.5, "upper": 1.5}]
    Snapshot.objects.create(
        study=rated_study,
        created_at=timezone.now(),
        ledger_head="0" * 64,
        ledger_entries=1,
        manifest_sha256="1" * 64,
        boards={TRACK: {"settings": {}, "rows": rows}},
    )
    reveal(amber)
    page = client.get(former).content.decode()
    assert "Secret name" in page
    assert "Took part as <bdi>Amber</bdi>" in page
    timeline = client.get(f"/api/v1/boards/study/{TRACK}/history").json()
    assert timeline["boards"][0]["ratings"] == {amber.slug: 1.0}


@pytest.mark.parametrize("digest", ["0" * 64, "odd", "%00"])
def test_an_unknown_commitment_is_not_found(client: Client, digest: str) -> None:
    assert client.get(f"/anonymous/{digest}.json").status_code in (400, 404)
