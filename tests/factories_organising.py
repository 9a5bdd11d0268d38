"""People who can sign in, and browsers in which they are."""

from __future__ import annotations

import itertools

from django.contrib.auth.models import User
from django.test import Client

from arena.organising.models import Role
from arena.organising.people import add_person

_numbers = itertools.count(1)


def make_person(role: Role = Role.ORGANISER, email: str = "") -> User:
    return add_person(email=email or f"{role.value}-{next(_numbers)}@example.org", role=role)


def signed_in(user: User) -> Client:
    """Return a browser in which a person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def client_of(role: Role) -> Client:
    """Return a browser in which a new person of a role is signed in."""
    return signed_in(make_person(role))
