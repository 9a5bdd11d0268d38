from __future__ import annotations

import pytest
from django.test import Client

from arena.voting.models import Study
from arena.voting.openings import close_study, pause_study
from arena.voting.rule_changes import change_rules
from arena.voting.terms import Terms

pytestmark = pytest.mark.django_db
BOARD, API = "/boards/study/t2v-audio/", "/api/v1/boards/study/t2v-audio"
PAGES = (
    BOARD,
    f"{BOARD}board.csv",
    f"{BOARD}board.html",
    "/embeds/study/t2v-audio/badge.svg",
    "/embeds/study/t2v-audio/table.svg",
)


@pytest.fixture
def hidden(rated_study: Study) -> Study:
    change_rules(study=rated_study, terms=Terms(public_board=False), reason="Numbers sway raters.")
    return rated_study


def test_a_hidden_board_is_nowhere_until_the_study_closes(client: Client, hidden: Study) -> None:
    first, second, _ = hidden.contenders.order_by("pk")
    pages = (
        *PAGES,
        f"{BOARD}contenders/{first.slug}/",
        f"{BOARD}pairs/{first.slug}/{second.slug}/",
        API,
        f"{API}/history",
        f"{API}/matrix",
        f"{API}/pairs",
    )
    for address in pages:
        response = client.get(address)
        assert response.status_code == 403, address
        assert "when it closes" in response.content.decode()
    assert client.get("/api/v1/boards").json()["items"] == []
    for address in ("/", "/boards/"):
        assert BOARD not in client.get(address).content.decode()
    close_study(study=hidden)
    assert [client.get(address).status_code for address in pages if address != PAGES[2]] == [200] * 10


def test_a_paused_study_goes_on_hiding_it(client: Client, hidden: Study) -> None:
    pause_study(study=hidden)
    assert client.get(BOARD).status_code == 403
