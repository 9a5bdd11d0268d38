from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from arena.voting.models import Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db
BADGE, TABLE = "/embeds/study/t2v-audio/badge.svg", "/embeds/study/t2v-audio/table.svg"


def _words(client: Client, url: str) -> str:
    return " ".join("".join(ET.fromstring(client.get(url).content).itertext()).split())


@pytest.mark.parametrize("url", [BADGE, TABLE])
def test_an_embed_may_be_kept_and_framed_anywhere(client: Client, rated_study: Study, url: str) -> None:
    response = client.get(url)
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=300"
    assert "X-Frame-Options" not in response
    policy = response["Content-Security-Policy"]
    assert set(policy.split("; ")) == {"default-src 'none'", "frame-ancestors *"}
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not response.cookies
    again = client.get(url, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "url", ["/", "/boards/", "/boards/study/t2v-audio/", "/boards/study/t2v-audio/board.svg"]
)
def test_everything_else_may_not_be_framed(client: Client, rated_study: Study, url: str) -> None:
    response = client.get(url)
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_the_badge_says_who_leads_or_where_a_contender_stands(client: Client, rated_study: Study) -> None:
    first, _, last = rated_study.contenders.order_by("pk")
    assert f"{first.name}: place" in _words(client, BADGE)
    assert f"{last.name}: place" in _words(client, f"{BADGE}?contender={last.slug}")


def test_the_table_has_as_many_rows_as_asked_for(client: Client, rated_study: Study) -> None:
    names = [contender.name for contender in rated_study.contenders.order_by("pk")]
    words = _words(client, f"{TABLE}?rows=2")
    assert [name in words for name in names] == [True, True, False]
    for rows in ("0", "21", "x", "-1", "1e1", "²"):
        response = client.get(TABLE, {"rows": rows})
        assert response.status_code == 400
        assert "whole number from 1 to 20" in response.content.decode()


@pytest.mark.parametrize("url", [BADGE, TABLE])
def test_an_embed_says_that_votes_are_simulated_or_missing(client: Client, url: str) -> None:
    make_study(simulated=True, title="Odd <&> title")
    words = _words(client, url).lower()
    assert "simulated" in words
    assert "odd <&> title" in words
    assert "no ratings yet" in words or "there are no votes yet" in words


@pytest.mark.parametrize("url", [BADGE, TABLE])
def test_an_embed_has_codenames_while_identities_are_withheld(
    client: Client, rated_study: Study, url: str
) -> None:
    rated_study.contenders.update(codename="Falcon", name="Secret")
    said = client.get(url).content.decode()
    assert "Falcon" in said
    assert "Secret" not in said
