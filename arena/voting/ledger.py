"""The append-only, hash-chained record of votes and of exclusions: one chain for each study."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction

from arena.catalog.hashing import canonical_json
from arena.voting.models import LedgerEntry, Study

GENESIS = "0" * 64


class BrokenLedger(ValueError):
    """A chain whose content no longer fits its hashes; the message names the first bad entry."""


def append_entry(*, study: Study, kind: LedgerEntry.Kind, payload: Mapping[str, object]) -> LedgerEntry:
    """Appends to a study's chain. Must be called in the transaction of what it records."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A ledger entry is written in the transaction of what it records, or not at all.")
    Study.objects.select_for_update().get(pk=study.pk)  # one writer at a time: the chain never forks
    last = LedgerEntry.objects.filter(study=study).order_by("sequence").last()
    sequence = last.sequence + 1 if last else 1
    previous = last.entry_hash if last else GENESIS
    text = canonical_json(payload)
    return LedgerEntry.objects.create(
        study=study,
        sequence=sequence,
        kind=kind,
        payload=text,
        previous_hash=previous,
        entry_hash=_hash(previous, sequence, kind, text),
    )


def ledger_head(study: Study) -> str:
    """The hash that stands for the whole chain; 64 zeros before the first entry."""
    last = LedgerEntry.objects.filter(study=study).order_by("sequence").last()
    return last.entry_hash if last else GENESIS


def verify_ledger(study: Study) -> int:
    """Recomputes every hash; returns the number of entries.

    Raises:
        BrokenLedger: an entry is missing, edited or out of order.
    """
    previous, count = GENESIS, 0
    for entry in LedgerEntry.objects.filter(study=study).order_by("sequence").iterator():
        count += 1
        expected = _hash(previous, count, entry.kind, entry.payload)
        if (entry.sequence, entry.previous_hash, entry.entry_hash) != (count, previous, expected):
            raise BrokenLedger(
                f"Ledger of study '{study.slug}' breaks at entry {count}: its hash doesn't fit."
            )
        previous = entry.entry_hash
    return count


def counting_votes(study: Study) -> Iterator[dict[str, Any]]:
    """The payloads of the votes that no exclusion names, in the order of the ledger."""
    entries = LedgerEntry.objects.filter(study=study).order_by("sequence")
    excluded = {
        json.loads(entry.payload)["ballot"] for entry in entries.filter(kind=LedgerEntry.Kind.EXCLUSION)
    }
    for entry in entries.filter(kind=LedgerEntry.Kind.VOTE).iterator():
        payload = json.loads(entry.payload)
        if payload["ballot"] not in excluded:
            yield payload


def _hash(previous: str, sequence: int, kind: str, payload: str) -> str:
    return hashlib.sha256(f"{previous}\n{sequence}\n{kind}\n{payload}".encode()).hexdigest()
