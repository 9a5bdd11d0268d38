"""Records of votes, exclusions, undoings and changes for the ledger, built from the database rows alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

from arena.catalog.hashing import prompt_hash
from arena.voting.models import Exclusion, LedgerEntry, Study, StudyChange, Undoing, Vote
from arena.voting.shown import Shown

Record = dict[str, object]

CLIP_A, CLIP_B = "ballot__rendition_a__clip", "ballot__rendition_b__clip"
CONTENDER_A, CONTENDER_B = f"{CLIP_A}__job__contender", f"{CLIP_B}__job__contender"
"""Lookups from a vote to its sides' contenders."""

VOTE_FIELDS = {
    "study": "ballot__study__slug",
    "ballot": "ballot_id",
    "rater": "ballot__rater_id",
    "simulated": "ballot__study__simulated",
    "suite": "ballot__prompt__suite__name",
    "suite_version": "ballot__prompt__suite__version",
    "prompt": "ballot__prompt__key",
    "seed": f"{CLIP_A}__job__seed",
    "track": "ballot__track",
    "settings_hash": f"{CLIP_A}__job__settings_hash",
    "contender_a": f"{CONTENDER_A}__slug",
    "contender_b": f"{CONTENDER_B}__slug",
    "rendition_a": "ballot__rendition_a__sha256",
    "rendition_b": "ballot__rendition_b__sha256",
    "propensity": "ballot__propensity",
    "order": "ballot__order",
    "mode": "ballot__mode",
    "control": "ballot__control",
    "degraded": "ballot__twin_side",
    "degradation": "ballot__twin__degradation",
    "twin": "ballot__twin__sha256",
    "rules_version": "ballot__rules_version",
    "outcome": "outcome",
    "aspects": "aspects",
    "playback": "playback",
    "issued_at": "ballot__issued_at",
    "at": "created_at",
}
"""Fields of a vote's record, each with its lookup from the vote; `prompt_hash` is added to them."""

LEFT_OUT: Record = {
    "order": "",
    "mode": "both",
    "control": "",
    "degraded": "",
    "degradation": None,
    "twin": None,
    "rules_version": 1,
    "aspects": {},
    "details": {},
    "evidence": {},
}
"""Values of fields that a record leaves out, so that older ledgers keep their hashes."""

FIRST = 1
"""Number of a vote's first exclusion, which records leave out."""

PROMPT_CONTENT = ("ballot__prompt__text", "ballot__prompt__reference_sha256")
EXCLUSION_FIELDS = {
    "study": "vote__ballot__study__slug",
    "ballot": "vote__ballot_id",
    "rule": "rule",
    "reason": "reason",
    "evidence": "evidence",
    "exclusion": "number",
    "at": "created_at",
}
UNDOING_FIELDS = {
    "study": "exclusion__vote__ballot__study__slug",
    "ballot": "exclusion__vote__ballot_id",
    "rule": "exclusion__rule",
    "exclusion": "exclusion__number",
    "reason": "reason",
    "at": "created_at",
}
"""Fields of the record of an exclusion's undoing; `exclusion` is its number within the vote, from 1 on."""
CHANGE_FIELDS = {
    "change": "kind",
    "number": "number",
    "reason": "reason",
    "details": "details",
    "at": "created_at",
}
"""Fields of a change's record. The study's slug is left out, since it may change before the first vote."""


def vote_record(vote: Vote, a: Shown, b: Shown) -> Record:
    """Return the record of a vote that was just cast, made of its rows in hand and the facts of its clips.

    `study_records` makes the same record of the stored rows; `verify_ledger` compares the two.
    """
    ballot = vote.ballot
    record: Record = {
        "study": ballot.study.slug,
        "ballot": ballot.pk,
        "rater": ballot.rater_id,
        "simulated": ballot.study.simulated,
        "suite": a.suite,
        "suite_version": a.suite_version,
        "prompt": a.prompt,
        "prompt_hash": a.prompt_hash,
        "seed": a.seed,
        "track": ballot.track,
        "settings_hash": a.settings_hash,
        "contender_a": a.contender,
        "contender_b": b.contender,
        "rendition_a": a.sha256,
        "rendition_b": b.sha256,
        "propensity": ballot.propensity,
        "order": ballot.order,
        "mode": ballot.mode,
        "control": ballot.control,
        "degraded": ballot.twin_side,
        "degradation": ballot.twin.degradation if ballot.twin else None,
        "twin": ballot.twin.sha256 if ballot.twin else None,
        "rules_version": ballot.rules_version,
        "outcome": vote.outcome,
        "aspects": vote.aspects,
        "playback": vote.playback,
        "issued_at": ballot.issued_at,
        "at": vote.created_at,
    }
    return {name: _plain(value) for name, value in record.items() if _is_told(name, value)}


def kind_of(record: Record) -> LedgerEntry.Kind:
    """Return the kind of entry that records a vote."""
    return LedgerEntry.Kind.CONTROL if "control" in record else LedgerEntry.Kind.VOTE


def exclusion_record(exclusion: Exclusion) -> Record:
    """Return the record of an exclusion."""
    return next(_exclusion_records(pk=exclusion.pk))


def undoing_record(undoing: Undoing) -> Record:
    """Return the record of an exclusion's undoing."""
    return next(_undoing_records(pk=undoing.pk))


def change_record(change: StudyChange) -> Record:
    """Return the record of a study's change."""
    return next(_change_records(pk=change.pk))


def record_key(record: Record) -> object:
    """Return the key of a record among those of its kind and study.

    It is a change's number, a vote's ballot, or the ballot with the number of an exclusion.
    """
    if "number" in record:
        return record["number"]
    return (record["ballot"], record.get("exclusion", FIRST)) if "rule" in record else record["ballot"]


def study_records(study: Study) -> Iterator[tuple[str, Record]]:
    """Yield the kind and record of each row that a study's ledger records, in one query for each kind."""
    for record in _vote_records(ballot__study=study):
        yield kind_of(record).value, record
    for record in _exclusion_records(vote__ballot__study=study):
        yield LedgerEntry.Kind.EXCLUSION.value, record
    for record in _undoing_records(exclusion__vote__ballot__study=study):
        yield LedgerEntry.Kind.UNDOING.value, record
    for record in _change_records(study=study):
        yield LedgerEntry.Kind.CHANGE.value, record


def _vote_records(**which: object) -> Iterator[Record]:
    rows = Vote.objects.filter(**which).values_list(*PROMPT_CONTENT, *VOTE_FIELDS.values())
    for text, reference_sha256, *values in rows.iterator():
        record = _record(VOTE_FIELDS, values)
        yield {"prompt_hash": prompt_hash(text, reference_sha256), **record}


def _exclusion_records(**which: object) -> Iterator[Record]:
    rows = Exclusion.objects.filter(**which).values_list(*EXCLUSION_FIELDS.values())
    for values in rows.iterator():
        record = _record(EXCLUSION_FIELDS, values)
        if record["exclusion"] == FIRST:  # the oldest exclusions' records have no number
            del record["exclusion"]
        yield record


def _undoing_records(**which: object) -> Iterator[Record]:
    rows = Undoing.objects.filter(**which).values_list(*UNDOING_FIELDS.values())
    for values in rows.iterator():
        yield _record(UNDOING_FIELDS, values)


def _change_records(**which: object) -> Iterator[Record]:
    rows = StudyChange.objects.filter(**which).values_list(*CHANGE_FIELDS.values())
    for values in rows.iterator():
        yield _record(CHANGE_FIELDS, values)


def _record(fields: dict[str, str], values: list[object] | tuple[object, ...]) -> Record:
    record = {}
    for name, value in zip(fields, values, strict=True):
        if _is_told(name, value):
            record[name] = _plain(value)
    return record


def _is_told(name: str, value: object) -> bool:
    return name not in LEFT_OUT or value != LEFT_OUT[name]


def _plain(value: object) -> object:
    """Return a value in the form that JSON can hold."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
