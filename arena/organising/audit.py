"""The audit log: who did what, to what, and when."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model
from django.utils import timezone

from arena.organising.models import AuditEntry


def record(
    actor: AbstractBaseUser | AnonymousUser | None,
    action: str,
    subject: Model | None = None,
    details: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Append an entry to the audit log; call it in the transaction of what it records.

    Args:
        actor: the signed-in person; None for a command on the server.
        action: what was done, as a verb in the past, such as `closed`.
        subject: the row that it was done to.
        details: further facts, as JSON; no secrets, tokens or links.
    """
    return AuditEntry.objects.create(
        at=timezone.now(),
        actor=str(getattr(actor, "email", "") or actor or "command line"),
        action=action,
        kind=str(subject._meta.verbose_name) if subject is not None else "",
        subject=str(subject)[:200] if subject is not None else "",
        details=dict(details or {}),
    )
