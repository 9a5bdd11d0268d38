"""Rules over anonymous contenders: commit at entry, within caps; reveal with proof, or withdraw."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from arena.catalog.hashing import canonical_json, content_hash
from arena.catalog.models import Commitment, Contender
from arena.catalog.openings import check_contender, check_opening, opening_of


class CommitmentRefused(ValueError):
    """Entry, reveal or withdrawal that a rule of anonymous contenders forbids; the message says which."""


@transaction.atomic
def commit(
    contender: Contender, version: str, *, most_votes: float | None = None, most_days: float | None = None
) -> Commitment:
    """Commit to who an anonymous contender is.

    Args:
        contender: the stored contender, with its codename.
        version: version of its generator.
        most_votes: cap of the votes while hidden; None for the site's. It can't exceed the site's.
        most_days: cap of the days while hidden; None for the site's. It can't exceed the site's.

    Raises:
        CommitmentRefused: its maker has too many hidden contenders, or a cap is above the site's.
    """
    _check_number(contender)
    opening = opening_of(contender, version=version, nonce=secrets.token_hex(32))
    now = timezone.now()
    days = _capped("hidden_days", most_days, settings.HIDDEN_MOST_DAYS)
    commitment = Commitment.objects.create(
        contender=contender,
        codename=contender.codename,
        digest=content_hash(opening),
        opening=canonical_json(opening),
        most_votes=int(_capped("hidden_votes", most_votes, settings.HIDDEN_MOST_VOTES)),
        until=now + timedelta(days=days),
        committed_at=now,
    )
    return commitment


def check_unchanged(contender: Contender, commitment: Commitment) -> None:
    """Raise ForgedOpening if a contender differs from what was committed, or an opening from its hash."""
    opening = check_opening(json.loads(commitment.opening), commitment.digest)
    check_contender(contender, opening)


@transaction.atomic
def reveal(contender: Contender) -> Commitment:
    """Publish the opening of a contender's commitment; from now on it has its name everywhere.

    Raises:
        CommitmentRefused: the contender never had a codename, or was revealed before.
        ForgedOpening: the contender is not what was committed.
    """
    commitment = _commitment_of(contender)
    if commitment.revealed_at is not None:
        raise CommitmentRefused(
            f"'{contender.slug}' must be hidden to be revealed; it was revealed on "
            f"{commitment.revealed_at:%Y-%m-%d}. Nothing was changed."
        )
    check_unchanged(contender, commitment)
    commitment.revealed_at = timezone.now()
    commitment.save(update_fields=["revealed_at"])
    contender.codename = ""
    contender.save(update_fields=["codename"])
    return commitment


@transaction.atomic
def withdraw(contender: Contender) -> Commitment:
    """Show a hidden contender to nobody any more; its entry stays listed, and it may be revealed later.

    Raises:
        CommitmentRefused: the contender has no commitment, was revealed or was withdrawn before.
    """
    commitment = _commitment_of(contender)
    if commitment.state in ("revealed", "withdrawn"):
        raise CommitmentRefused(
            f"'{contender.slug}' must be hidden to be withdrawn; it is {commitment.state}. "
            "Nothing was changed."
        )
    commitment.withdrawn_at = timezone.now()
    commitment.save(update_fields=["withdrawn_at"])
    return commitment


def count_exposure(commitments: Collection[int]) -> None:
    """Count a vote for those of these commitments that are hidden; none costs no query."""
    if commitments:
        Commitment.objects.hidden().filter(pk__in=commitments).update(votes=F("votes") + 1)


def _commitment_of(contender: Contender) -> Commitment:
    found = Commitment.objects.select_for_update().filter(contender=contender).first()
    if found is None:
        raise CommitmentRefused(
            f"'{contender.slug}' must have been entered under a codename; it was not. Nothing was changed."
        )
    return found


def _check_number(contender: Contender) -> None:
    """Raise CommitmentRefused if a maker has as many unrevealed contenders as the site allows.

    Withdrawn ones count as well: else a maker could try many variants, and withdraw all but the best.
    """
    own = Commitment.objects.hidden().filter(contender__maker__iexact=contender.maker)
    most = settings.HIDDEN_MOST_CONTENDERS
    if own.count() >= most:
        maker = contender.maker or "contenders without a maker"
        raise CommitmentRefused(
            f"{maker} must have at most {most} contenders that were never revealed; got another. "
            "Reveal one first: manage.py reveal_contender."
        )


def _capped(field: str, asked: float | None, most: float) -> float:
    if asked is None:
        return most
    if not 0 < asked <= most:
        raise CommitmentRefused(
            f"{field} must be above 0 and at most {most:g}, the site's cap; got {asked:g}. "
            "Choose a smaller one."
        )
    return asked
