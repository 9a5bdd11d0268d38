from __future__ import annotations

import pytest
from django.test import Client

from arena.organising.models import Role
from arena.organising.permissions import own
from tests.factories import make_study
from tests.factories_organising import client_of, make_person, signed_in

pytestmark = pytest.mark.django_db
BOARD = "/boards/study/t2v-audio/"


@pytest.mark.parametrize(("role", "status"), [(Role.ORGANISER, 200), (Role.MEMBER, 403), (Role.VIEWER, 200)])
def test_boards_that_are_not_public_are_seen_by_role(role: Role, status: int) -> None:
    make_study(terms={"public_board": False})
    assert client_of(role).get(BOARD).status_code == status


def test_a_member_sees_the_board_of_their_own_study() -> None:
    study, member = make_study(terms={"public_board": False}), make_person(Role.MEMBER)
    own(member, study)
    assert signed_in(member).get(BOARD).status_code == 200


def test_raters_and_the_api_wait_until_it_closes(client: Client) -> None:
    make_study(terms={"public_board": False})
    assert client.get(BOARD).status_code == 403
    for asker in (client, client_of(Role.VIEWER)):
        refused = asker.get("/api/v1/boards/study/t2v-audio")
        assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")


def test_a_public_board_asks_for_no_session(client: Client) -> None:
    make_study()
    page = client.get(BOARD)
    assert page.status_code == 200
    assert "sessionid" not in client.cookies
