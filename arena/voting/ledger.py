"""Ledger: the append-only, hash-chained record of a study's votes, exclusions, undoings and changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, OuterRef, Subquery

from arena.catalog.hashing import canonical_json
from arena.prepared import Given, Prepared, insert
from arena.voting.consistent import consistent_read
from arena.voting.models import LedgerEntry, Study, StudyChange
from arena.voting.records import Record, record_key, study_records
from arena.voting.rules import rules_details

STATES: dict[str, str] = {"opened": "open", "paused": "paused", "closed": "closed", "reopened": "open"}
"""State of a study after each kind of change that has to do with it."""
GENESIS = "0" * 64
STUDY = Given("study", BigIntegerField())
LAST = Prepared(
    lambda: (
        LedgerEntry.objects.filter(study=STUDY)
        .order_by("-sequence")
        .values_list("sequence", "entry_hash")[:1]
    )
)
HELD = Prepared(lambda: Study.objects.select_for_update(no_key=True).filter(pk=STUDY).values_list("pk"))


class BrokenLedger(ValueError):
    """Ledger whose hashes or rows don't match; the message names the first bad entry."""


def append_entry(*, study: Study, kind: LedgerEntry.Kind, record: Record) -> LedgerEntry:
    """Append an entry to a study's ledger, which the caller's transaction must hold (`hold_ledger`)."""
    _require_transaction()
    last, previous = _last(study)
    sequence = last + 1
    payload = canonical_json(record)
    entry = LedgerEntry(
        study=study,
        sequence=sequence,
        kind=kind,
        payload=payload,
        previous_hash=previous,
        entry_hash=_hash(previous, sequence, kind, payload),
    )
    insert(entry)
    return entry


def hold_ledger(study: Study) -> None:
    """Lock a study's ledger and state until this transaction ends.

    The lock keeps the chain from forking, and a vote from being cast while the study closes. New ballots
    don't wait for it: they refer to the study's key alone.
    """
    _require_transaction()
    if connection.features.has_select_for_update:  # on SQLite, BEGIN IMMEDIATE has taken the only lock
        HELD.rows(study=study.pk)


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(
            "A ledger entry must be written in the transaction of what it records; got none. "
            "Wrap the call in transaction.atomic()."
        )


def last_sequence(study: Study) -> int:
    """Return the number of a ledger's last entry; 0 if it is empty."""
    return _last(study)[0]


def _last(study: Study) -> tuple[int, str]:
    """Return the number and hash of a ledger's last entry; those before the first one if it is empty."""
    for sequence, entry_hash in LAST.rows(study=study.pk):
        return sequence, entry_hash
    return 0, GENESIS


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
        raise BrokenLedger(f"Study '{study.slug}': entry {count + 1} is missing, the {kind} {_where(key)}.")
    _check_state(study)
    _check_rules(study)
    return count


def _where(key: object) -> str:
    """Return the words for a record's key."""
    if isinstance(key, tuple):
        return f"{key[1]} on ballot {key[0]}" if key[1] > 1 else f"on ballot {key[0]}"
    return f"number {key}" if isinstance(key, int) else f"on ballot {key}"


def _check_state(study: Study) -> None:
    """Compare the study's state with its last recorded change; the oldest studies have no such record."""
    states = StudyChange.objects.filter(study=study, kind__in=STATES)
    last = states.order_by("number").last()
    study.refresh_from_db(fields=["is_open", "is_paused"])
    if last is not None and study.state != STATES[last.kind]:
        raise BrokenLedger(
            f"Study '{study.slug}': its row says {study.state}, and its ledger says {last.kind}."
        )


def _check_rules(study: Study) -> None:
    """Compare the study's terms and fit with those recorded last; the oldest studies have no such record."""
    last = StudyChange.objects.filter(study=study).exclude(details={}).order_by("number").last()
    study.refresh_from_db(fields=["terms", "fit", "rules_version"])
    if last is not None and last.details["rules"] != rules_details(study):
        raise BrokenLedger(
            f"Study '{study.slug}': its terms or fit differ from version "
            f"{last.details['rules']['version']} of its rules in the ledger."
        )


def counting_votes(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the records of the votes that count, in the order of the ledger."""
    entries = LedgerEntry.objects.filter(study=study).order_by("sequence")
    excluded = _excluded_ballots(study)
    for entry in entries.filter(kind=LedgerEntry.Kind.VOTE).iterator():
        record = json.loads(entry.payload)
        if record["ballot"] not in excluded:
            yield record


def ordinary_votes(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the records of all votes on ordinary pairs, excluded ones as well, in the order of the ledger."""
    return _records(study, LedgerEntry.Kind.VOTE)


def control_votes(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the records of the votes on control pairs, in the order of the ledger."""
    return _records(study, LedgerEntry.Kind.CONTROL)


def _records(study: Study, kind: LedgerEntry.Kind) -> Iterator[dict[str, Any]]:
    entries = LedgerEntry.objects.filter(study=study, kind=kind).order_by("sequence")
    for payload in entries.values_list("payload", flat=True).iterator():
        yield json.loads(payload)


def _excluded_ballots(study: Study) -> set[str]:
    """Return the ballots whose votes are excluded at the ledger's head."""
    changes = (LedgerEntry.Kind.EXCLUSION, LedgerEntry.Kind.UNDOING)
    excluded: set[str] = set()
    for entry in LedgerEntry.objects.filter(study=study, kind__in=changes).order_by("sequence"):
        ballot = json.loads(entry.payload)["ballot"]
        if entry.kind == LedgerEntry.Kind.EXCLUSION:
            excluded.add(ballot)
        else:
            excluded.discard(ballot)
    return excluded


def _hash(previous: str, sequence: int, kind: str, payload: str) -> str:
    return hashlib.sha256(f"{previous}\n{sequence}\n{kind}\n{payload}".encode()).hexdigest()
