from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from django.urls.converters import IntConverter

from arena.catalog.models import Suite
from arena.organising import permissions
from arena.organising.models import Role
from arena.organising.permissions import RULES, may, own, seen_by
from arena.organising.urls import urlpatterns
from tests.factories import make_suite
from tests.factories_organising import client_of, make_person

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).parents[3] / "docs" / "organising.md"
TABLE = {
    str(action): [str(cell) for cell in cells]
    for action, *cells in re.findall(
        r"^\| `(\w+)` \| ([^|]+) \| (\w+) \| (\w+) \| (\w+) \|$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}
"""The table of the documentation: meaning, and what organisers, members and viewers may."""
FOR_EVERYBODY = {"sign_in", "use_link", "sign_out", None}
"""Routes by which people sign in and out."""
ROUTES = {
    str(pattern.name): str(vars(pattern.callback)["action"])
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and pattern.name not in FOR_EVERYBODY
}
"""Action that each route asks for; a route without one breaks the test."""


def _cell(role: Role, action: str) -> str:
    return TABLE[action][1 + list(Role).index(role)]


def _address(name: str) -> str:
    """Return an address of a route; its things need not exist, since the role is asked first."""
    [pattern] = [pattern for pattern in urlpatterns if pattern.name == name]
    places = {
        place: 9 if isinstance(kind, IntConverter) else "x"
        for place, kind in pattern.pattern.converters.items()
    }
    return reverse(f"organising:{name}", kwargs=places)


def test_the_documentation_has_the_table() -> None:
    def cell(rule: permissions.Rule, role: Role) -> str:
        return "yes" if role in rule.anywhere else "own" if role in rule.own else "no"

    assert {
        action: [rule.meaning, *(cell(rule, role) for role in Role)] for action, rule in RULES.items()
    } == TABLE


@pytest.mark.parametrize("role", Role)
def test_each_role_reaches_by_address_what_the_table_says(role: Role) -> None:
    client = client_of(role)
    client.raise_request_exception = False
    for name, action in ROUTES.items():
        for answer in (client.get(_address(name)), client.post(_address(name))):
            if answer.status_code != 405:
                assert (name, answer.status_code == 403) == (name, _cell(role, action) == "no")
            assert answer.status_code < 500


def test_a_stranger_reaches_nothing(client: Client) -> None:
    for name in ROUTES:
        for answer in (client.get(_address(name)), client.post(_address(name))):
            sent = answer.status_code == 302 and answer.headers["Location"].startswith("/organise/sign-in/")
            assert (name, sent or answer.status_code == 405) == (name, True)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", [name for name, rule in RULES.items() if Role.MEMBER in rule.own])
def test_own_things_are_told_from_others(role: Role, action: str) -> None:
    user, mine, others, nobodys = make_person(role), *(make_suite() for _ in range(3))
    own(user, mine)
    own(make_person(Role.MEMBER), others)
    expected = {"yes": {mine, others, nobodys}, "own": {mine}, "no": set()}[_cell(role, action)]
    assert {suite for suite in (mine, others, nobodys) if may(user, action, suite)} == expected
    assert set(seen_by(user, action, Suite.objects.all())) == expected


def test_what_was_added_first_keeps_its_owner() -> None:
    suite, first, second = make_suite(), make_person(Role.MEMBER), make_person(Role.MEMBER)
    own(first, suite)
    own(second, suite)
    assert may(first, "see_suites", suite)
    assert not may(second, "see_suites", suite)


@pytest.mark.parametrize("role", Role)
def test_the_support_admin_is_for_organisers(role: Role) -> None:
    answer = client_of(role).get("/organise/support/", follow=True)
    assert answer.status_code == (200 if role == Role.ORGANISER else 403)


def test_the_support_admin_sends_a_stranger_to_the_sign_in_page(client: Client) -> None:
    assert (
        client.get("/organise/support/", follow=True).redirect_chain[-1][0].startswith("/organise/sign-in/")
    )


def test_templates_and_other_rooms_ask_by_django_permissions() -> None:
    viewer, suite = make_person(Role.VIEWER), make_suite()
    assert viewer.has_perm("organising.see_boards", suite)
    assert not viewer.has_perm("voting.view_vote")
    assert make_person().has_perm("voting.view_vote")
