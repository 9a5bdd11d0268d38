"""Rules over people: invite them, give them a role, and sign them in by links that work once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from arena.organising.audit import record
from arena.organising.models import Member, Role, SignInLink

INVITATION_LIFE = timedelta(days=7)
MAIL_LIFE = timedelta(minutes=30)
LONGEST_EMAIL = 150
"""Characters: Django's user names, which are the e-mails, have no more."""


class InvalidPerson(ValueError):
    """Person who can't be invited or changed; the message says why."""


@transaction.atomic
def add_person(*, email: str, role: Role, by: User | None = None) -> User:
    """Give a person a role, as a new person if nobody has the e-mail.

    Args:
        email: address, by which the person signs in; upper and lower case are alike.
        role: the role from now on.
        by: the organiser who asks; None for a command.

    Raises:
        InvalidPerson: the e-mail is malformed, or the last organiser would lose the role.
    """
    address = _checked(email)
    user, created = User.objects.get_or_create(username=address, defaults={"email": address})
    if created:
        user.set_unusable_password()
    elif role != Role.ORGANISER:
        refuse_last_organiser(user)
    earlier = Member.objects.filter(user=user, user__is_active=True).first()
    if earlier is not None and earlier.role == role:
        return user
    user.is_active = True
    user.save()
    Member.objects.update_or_create(user=user, defaults={"role": role})
    record(by, "invited" if created else "changed role of", user, {"role": role.value})
    return user


@transaction.atomic
def remove_person(*, user: User, by: User | None = None) -> None:
    """Sign a person out everywhere and let them in no more; what they did stays.

    Raises:
        InvalidPerson: the person is the last organiser.
    """
    refuse_last_organiser(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    SignInLink.objects.filter(user=user, used_at=None).update(expires_at=timezone.now())
    record(by, "removed", user)


def refuse_last_organiser(user: User) -> None:
    """Raise InvalidPerson if nobody else is an organiser, so that somebody always can sign in."""
    organisers = Member.objects.select_for_update().filter(role=Role.ORGANISER, user__is_active=True)
    others = [member for member in organisers if member.user_id != user.pk]
    if not others and any(member.user_id == user.pk for member in organisers):
        raise InvalidPerson(
            f"role of {user.email} must stay organiser, since nobody else is one. Invite another first."
        )


def make_link(user: User, *, life: timedelta = INVITATION_LIFE) -> str:
    """Return the path of a new link that signs a person in once. The database has only its hash."""
    token, now = secrets.token_urlsafe(32), timezone.now()
    SignInLink.objects.create(user=user, digest=_digest(token), created_at=now, expires_at=now + life)
    return reverse("organising:use_link", args=[token])


def find_link(token: str) -> SignInLink | None:
    """Return the link of a token that can still be used, or None."""
    links = SignInLink.objects.select_related("user").filter(user__is_active=True, used_at=None)
    return links.filter(digest=_digest(token), expires_at__gt=timezone.now()).first()


@transaction.atomic
def use_link(token: str) -> User | None:
    """Use a link up; return whom it signs in, or None if it was used or is too old."""
    link = find_link(token)
    # The condition decides between two requests with the same link.
    if link is None or not SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()):
        return None
    record(link.user, "signed in by link")
    return link.user


def links_since(user: User, since: datetime) -> int:
    """Return how many links were made for a person since a time."""
    return SignInLink.objects.filter(user=user, created_at__gte=since).count()


def _checked(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidPerson(
            f"e-mail must be an address, such as ada@example.org; got '{email[:80]}'."
        ) from error
    if len(address) > LONGEST_EMAIL:
        raise InvalidPerson(f"e-mail must have at most {LONGEST_EMAIL} characters; got {len(address)}.")
    return address


def _digest(token: str) -> str:
    # A token has 256 random bits, so a fast hash is safe: nobody can try them all.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
