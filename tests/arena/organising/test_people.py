from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from arena.organising.models import AuditEntry, Member, Role
from arena.organising.people import InvalidPerson, add_person, remove_person
from tests.factories_organising import client_of, make_person, signed_in

pytestmark = pytest.mark.django_db


def test_the_command_makes_an_organiser_and_prints_a_link(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_organiser", "ada@example.org", site="https://arena.example.org/")
    [link] = capsys.readouterr().out.split()
    assert link.startswith("https://arena.example.org/organise/sign-in/")
    client.post(link.removeprefix("https://arena.example.org"))
    assert client.get("/organise/people/").status_code == 200


def test_the_command_refuses_what_is_no_address() -> None:
    with pytest.raises(CommandError, match="e-mail must be an address, such as ada"):
        call_command("create_organiser", "ada")


def test_an_organiser_invites_a_person_and_sees_the_link_once(client: Client) -> None:
    organiser = client_of(Role.ORGANISER)
    page = organiser.post("/organise/people/", {"email": "eve@example.org", "role": "viewer"})
    found = re.search(r"http://testserver(/organise/sign-in/[\w-]+/)", page.text)
    assert found
    assert "/organise/sign-in/" not in organiser.get("/organise/people/").text
    client.post(found[1])
    assert client.get("/organise/people/").status_code == 403  # a viewer


@pytest.mark.parametrize(
    ("email", "role", "says"),
    [
        ("eve", "viewer", "e-mail must be an address"),
        (f"{'e' * 150}@example.org", "viewer", "e-mail must"),
        ("eve@example.org", "king", "role must be one of organiser, member, viewer; got &#x27;king&#x27;"),
    ],
)
def test_a_refused_invitation_names_its_reason(email: str, role: str, says: str) -> None:
    page = client_of(Role.ORGANISER).post("/organise/people/", {"email": email, "role": role})
    assert (page.status_code, says in page.text) == (422, True)
    assert User.objects.count() == 1


def test_roles_change_and_the_log_says_who_changed_them() -> None:
    organiser, other = make_person(email="ada@example.org"), make_person(Role.MEMBER, "eve@example.org")
    signed_in(organiser).post(f"/organise/people/{other.pk}/", {"role": "organiser"})
    assert Member.objects.get(user=other).role == Role.ORGANISER
    entry = AuditEntry.objects.first()
    assert entry
    assert (entry.actor, entry.action, entry.subject) == (
        "ada@example.org",
        "changed role of",
        "eve@example.org",
    )
    assert entry.details == {"role": "organiser"}


def test_the_last_organiser_stays_one() -> None:
    only = make_person(email="ada@example.org")
    client = signed_in(only)
    for form in ({"role": "viewer"}, {"remove": ""}):
        page = client.post(f"/organise/people/{only.pk}/", form)
        assert (page.status_code, "must stay organiser" in page.text) == (422, True)
    with pytest.raises(InvalidPerson):
        remove_person(user=only)
    make_person()
    remove_person(user=only)
    assert client.get("/organise/").status_code == 302


def test_a_removed_person_can_be_invited_again() -> None:
    user = make_person(Role.MEMBER, "eve@example.org")
    remove_person(user=user)
    assert add_person(email="eve@example.org", role=Role.VIEWER).is_active
    assert signed_in(user).get("/organise/").status_code == 200
