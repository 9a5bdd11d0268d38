from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from arena.organising.audit import record
from arena.organising.models import AuditEntry, Role
from tests.factories import make_suite
from tests.factories_organising import client_of, make_person

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_did_what_when_and_how() -> None:
    entry = record(make_person(email="ada@example.org"), "uploaded", make_suite("shapes"), {"prompts": 1})
    assert (entry.actor, entry.action, entry.kind, entry.subject) == (
        "ada@example.org", "uploaded", "suite", "shapes v1",
    )  # fmt: skip
    page = client_of(Role.ORGANISER).get("/organise/audit/").text
    assert entry.at.strftime("%Y-%m-%d %H:%M:%S") in page
    assert "uploaded suite <strong>shapes v1</strong>" in page
    assert "prompts: 1" in page


def test_what_a_command_did_has_no_person() -> None:
    assert record(None, "removed").actor == "command line"


def test_the_database_refuses_to_edit_an_entry() -> None:
    entry = record(None, "removed")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(actor="eve@example.org")


def test_the_log_is_narrowed_by_person_and_object() -> None:
    record(make_person(email="ada@example.org"), "uploaded", make_suite("shapes"))
    record(make_person(email="eve@example.org"), "uploaded", make_suite("squares"))
    client = client_of(Role.ORGANISER)
    assert "squares" not in client.get("/organise/audit/?actor=ADA").text
    assert "shapes" not in client.get("/organise/audit/?subject=square").text


def test_the_log_has_pages() -> None:
    for _ in range(60):
        record(None, "removed")
    client = client_of(Role.ORGANISER)
    first, second = client.get("/organise/audit/"), client.get("/organise/audit/?page=2&actor=command")
    assert (first.text.count("<tr>"), second.text.count("<tr>")) == (
        51,
        12,
    )  # and the invitation of the organiser
