from __future__ import annotations

import pytest
from django.test import Client

from arena.voting.models import Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db
BOARD = "/boards/study/t2v-audio/"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("/boards/nowhere/t2v-audio/", "Unknown study “nowhere”. Known: study."),
        ("/boards/nowhere/", "Unknown study “nowhere”. Known: study."),
        ("/boards/study/t2x/", "Unknown track “t2x”. Known: t2v-audio."),
        (f"{BOARD}?tag=fog", "Unknown tag &#x27;fog&#x27;. Known: none."),
        (f"{BOARD}?language=fr", "Unknown language &#x27;fr&#x27;. Known: en."),
        (f"{BOARD}contenders/nobody/", "Unknown contender “nobody”. Known: "),
        (f"{BOARD}pairs/nobody/else/", "Unknown contender “nobody”. Known: "),
        (f"{BOARD}pairs/?first=nobody", "Unknown contender “nobody”. Known: "),
        (
            f"{BOARD}board.docx",
            "Unknown format “docx”. Known: csv, html, json, parquet, png, svg, tex, xlsx.",
        ),
        ("/embeds/nowhere/t2v-audio/badge.svg", "Unknown study “nowhere”."),
        ("/embeds/study/t2x/table.svg", "Unknown track “t2x”."),
        ("/embeds/study/t2v-audio/badge.svg?contender=nobody", "Unknown contender “nobody”."),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    client: Client, rated_study: Study, url: str, says: str
) -> None:
    response = client.get(url)
    assert response.status_code == 404
    assert says in response.content.decode()


def test_a_program_gets_the_same_as_a_problem_document(client: Client) -> None:
    make_study()
    response = client.get("/boards/study/t2x/", headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.json()["detail"] == "Unknown track “t2x”. Known: t2v-audio."


def test_a_refusal_names_a_withheld_contender_by_its_pseudonym(client: Client, rated_study: Study) -> None:
    rated_study.contenders.update(codename="Falcon")
    html = client.get(f"{BOARD}contenders/nobody/").content.decode()
    assert "falcon-" in html
    for slug in rated_study.contenders.values_list("slug", flat=True):
        assert slug not in html
        assert client.get(f"{BOARD}contenders/{slug}/").status_code == 404


def test_a_study_leads_to_its_first_board(client: Client) -> None:
    make_study()
    assert client.get("/boards/study/").headers["Location"] == BOARD
