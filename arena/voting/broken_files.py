"""Broken files: renditions whose stored file is missing or differs from what was stored are not shown."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from arena.media.storage import StoredFile, identify, open_stored
from arena.runs.models import BrokenFile, Rendition
from arena.voting.controls.models import Twin
from arena.voting.models import Ballot, VoidReason

log = logging.getLogger(__name__)
MISSING = "the file is missing"
REMEDY = "Put the file back from a backup, then run: manage.py check_media"


def find_fault(shown: Rendition | Twin) -> str:
    """Read a file that raters are shown, and its variants, to their ends; return what is wrong, or nothing.

    Raises:
        OSError: the storage doesn't respond, which says nothing about the file.
    """
    variants = [StoredFile.named(sha256, size_bytes, "mp4") for sha256, size_bytes in shown.variants]
    own = StoredFile(shown.sha256, shown.size_bytes, shown.name)
    return next(filter(None, map(_fault_of, [own, *variants])), "")


def _fault_of(kept: StoredFile) -> str:
    try:
        with open_stored(kept.name, storages["renditions"]) as file:
            found = identify(file, "mp4")  # type: ignore[arg-type]  # a remote file reads as files do
    except FileNotFoundError:
        return MISSING
    if found.size_bytes != kept.size_bytes:
        return f"the file must have {kept.size_bytes} bytes; it has {found.size_bytes}"
    return "" if found.sha256 == kept.sha256 else f"the file's SHA-256 must be {kept.sha256}"


@transaction.atomic
def retire(renditions: Iterable[Rendition], reason: str) -> list[str]:
    """Take renditions out of play, and void the open ballots that show them; return a line for each new one.

    Raters get another pair with their next page.
    """
    lines = []
    for rendition in renditions:
        _, is_new = BrokenFile.objects.get_or_create(rendition=rendition, defaults={"reason": reason})
        if is_new:
            lines.append(f"{rendition.name}: {reason}. No pair shows it any more. {REMEDY}")
        _void_open(Q(rendition_a=rendition) | Q(rendition_b=rendition))
    for line in lines:
        log.error(line)
    return lines


@transaction.atomic
def retire_twins(twins: Iterable[Twin], reason: str) -> list[str]:
    """Retire degraded twins for good, and void the open ballots that show them; return a line for each."""
    lines = []
    for twin in twins:
        Twin.objects.filter(pk=twin.pk).update(retired_at=timezone.now())
        _void_open(Q(twin=twin))
        lines.append(f"{twin.name}: {reason}. It retires. Make others with: manage.py make_twins")
    for line in lines:
        log.error(line)
    return lines


def _void_open(shown: Q) -> None:
    opened = Ballot.objects.filter(shown, state=Ballot.State.OPEN)
    opened.update(state=Ballot.State.VOIDED, void_reason=VoidReason.FILE)


def retire_with(sha256: str, reason: str) -> None:
    """Take the renditions and twins out of play whose file, or one of whose variants, has this hash."""
    told = Cast("variants", TextField())
    has_it = Q(sha256=sha256) | Q(told__contains=sha256)
    retire(list(Rendition.objects.annotate(told=told).filter(has_it)), reason)
    retire_twins(list(Twin.objects.in_use().annotate(told=told).filter(has_it)), reason)


def restore(rendition: Rendition) -> bool:
    """Put a rendition back in play; return whether it was out of it."""
    deleted, _ = BrokenFile.objects.filter(rendition=rendition).delete()
    return deleted > 0
