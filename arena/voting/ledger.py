"""Ledger: the append-only, hash-chained record of a study's votes, exclusions and changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from arena.catalog.hashing import canonical_json
from arena.voting.consistent import consistent_read
from arena.voting.models import LedgerEntry, Study, StudyChange
from arena.voting.records import Record, record_key, study_records

GENESIS = "0" * 64


class BrokenLedger(ValueError):
    """Ledger whose hashes or rows don't match; the message names the first bad entry."""


def append_entry(*, study: Study, kind: LedgerEntry.Kind, record: Record) -> LedgerEntry:
    """Append an entry to a study's ledger, which the caller's transaction must hold (`hold_ledger`)."""
    _require_transaction()
    last = LedgerEntry.objects.filter(study=study).order_by("sequence").last()
    sequence = last.sequence + 1 if last else 1
    previous = last.entry_hash if last else GENESIS
    payload = canonical_json(record)
    return LedgerEntry.objects.create(
        study=study,
        sequence=sequence,
        kind=kind,
        payload=payload,
        previous_hash=previous,
        entry_hash=_hash(previous, sequence, kind, payload),
    )


def hold_ledger(study: Study) -> None:
    """Lock a study's ledger and state until this transaction ends.

    The lock keeps the chain from forking, and a vote from being cast while the study closes. New ballots
    don't wait for it: they refer to the study's key alone.
    """
    _require_transaction()
    if connection.features.has_select_for_update:  # on SQLite, BEGIN IMMEDIATE has taken the only lock
        Study.objects.select_for_update(no_key=True).values_list("pk").get(pk=study.pk)


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(
            "A ledger entry must be written in the transaction of what it records; got none. "
            "Wrap the call in transaction.atomic()."
        )


def last_sequence(study: Study) -> int:
    """Return the number of a ledger's last entry; 0 if it is empty."""
    last = LedgerEntry.objects.filter(study=study).order_by("sequence").last()
    return last.sequence if last else 0


def ledger_head(study: Study) -> str:
    """Return the hash of a ledger's last entry, which covers the whole chain; 64 zeros if it is empty."""
    return ledger_heads([study.pk])[study.pk]


def ledger_heads(studies: Collection[int]) -> dict[int, str]:
    """Return the heads of several studies by primary key, in one query."""
    entries = LedgerEntry.objects.filter(study=OuterRef("pk")).order_by("-sequence")
    last = Subquery(entries.values("entry_hash")[:1])
    heads = Study.objects.filter(pk__in=studies).order_by().values_list("pk", last)
    return {pk: head or GENESIS for pk, head in heads}


@consistent_read()
def verify_ledger(study: Study) -> int:
    """Recompute every hash and compare each entry with its row; return the number of entries.

    Hashes alone can't show that the chain's end was cut off; votes without an entry can.

    Raises:
        BrokenLedger: an entry is missing, edited or out of order, or a row was edited, deleted or added.
    """
    rows = {(kind, record_key(record)): canonical_json(record) for kind, record in study_records(study)}
    previous, count = GENESIS, 0
    for entry in LedgerEntry.objects.filter(study=study).order_by("sequence").iterator():
        count += 1
        expected = _hash(previous, count, entry.kind, entry.payload)
        if (entry.sequence, entry.previous_hash, entry.entry_hash) != (count, previous, expected):
            raise BrokenLedger(f"Study '{study.slug}': the ledger breaks at entry {count}: wrong hash.")
        if rows.pop((entry.kind, record_key(json.loads(entry.payload))), None) != entry.payload:
            raise BrokenLedger(
                f"Study '{study.slug}': entry {count} of the ledger ({entry.kind}) differs from its row."
            )
        previous = entry.entry_hash
    for kind, key in rows:
        where = "number" if kind == LedgerEntry.Kind.CHANGE else "on ballot"
        raise BrokenLedger(f"Study '{study.slug}': entry {count + 1} is missing, the {kind} {where} {key}.")
    _check_state(study)
    return count


def _check_state(study: Study) -> None:
    """Compare the study's state with its last recorded change; the oldest studies have no such record."""
    states = StudyChange.objects.filter(study=study).exclude(kind=StudyChange.Kind.REVISED)
    last = states.order_by("number").last()
    study.refresh_from_db(fields=["is_open"])
    if last is not None and study.is_open == (last.kind == StudyChange.Kind.CLOSED):
        state = "open" if study.is_open else "closed"
        raise BrokenLedger(f"Study '{study.slug}': its row says {state}, and its ledger says {last.kind}.")


def counting_votes(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the records of the votes that count, in the order of the ledger."""
    entries = LedgerEntry.objects.filter(study=study).order_by("sequence")
    excluded = {
        json.loads(entry.payload)["ballot"] for entry in entries.filter(kind=LedgerEntry.Kind.EXCLUSION)
    }
    for entry in entries.filter(kind=LedgerEntry.Kind.VOTE).iterator():
        record = json.loads(entry.payload)
        if record["ballot"] not in excluded:
            yield record


def _hash(previous: str, sequence: int, kind: str, payload: str) -> str:
    return hashlib.sha256(f"{previous}\n{sequence}\n{kind}\n{payload}".encode()).hexdigest()
