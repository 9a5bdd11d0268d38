"""Records of votes, exclusions and changes for the ledger, built from the database rows alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

from arena.catalog.hashing import prompt_hash
from arena.voting.models import Exclusion, LedgerEntry, Study, StudyChange, Vote
from arena.voting.shown import shown_renditions

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
    "outcome": "outcome",
    "playback": "playback",
    "issued_at": "ballot__issued_at",
    "at": "created_at",
}
"""Fields of a vote's record, each with its lookup from the vote; `prompt_hash` is added to them."""

WHERE_KNOWN = ("order",)
"""Fields that a record leaves out when empty: silent pairs and early ballots have no order."""

PROMPT_CONTENT = ("ballot__prompt__text", "ballot__prompt__reference_sha256")
EXCLUSION_FIELDS = {
    "study": "vote__ballot__study__slug",
    "ballot": "vote__ballot_id",
    "rule": "rule",
    "reason": "reason",
    "at": "created_at",
}
CHANGE_FIELDS = {"change": "kind", "number": "number", "reason": "reason", "at": "created_at"}
"""Fields of a change's record. The study's slug is left out, since it may change before the first vote."""


def vote_record(vote: Vote) -> Record:
    """Return the record of a vote that was just cast, made of its rows in hand and the facts of its clips.

    `study_records` makes the same record of the stored rows; `verify_ledger` compares the two.
    """
    ballot = vote.ballot
    a, b = shown_renditions([ballot.rendition_a_id, ballot.rendition_b_id])
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
        "outcome": vote.outcome,
        "playback": vote.playback,
        "issued_at": ballot.issued_at,
        "at": vote.created_at,
    }
    return {name: _plain(value) for name, value in record.items() if value != "" or name not in WHERE_KNOWN}


def exclusion_record(exclusion: Exclusion) -> Record:
    """Return the record of an exclusion."""
    return next(_exclusion_records(pk=exclusion.pk))


def change_record(change: StudyChange) -> Record:
    """Return the record of a study's change."""
    return next(_change_records(pk=change.pk))


def record_key(record: Record) -> object:
    """Return the key of a record among those of its kind and study: the ballot, or a change's number."""
    return record["number"] if "number" in record else record["ballot"]


def study_records(study: Study) -> Iterator[tuple[str, Record]]:
    """Yield the kind and record of each vote, exclusion and change of a study, in one query for each kind."""
    for record in _vote_records(ballot__study=study):
        yield LedgerEntry.Kind.VOTE.value, record
    for record in _exclusion_records(vote__ballot__study=study):
        yield LedgerEntry.Kind.EXCLUSION.value, record
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
        yield _record(EXCLUSION_FIELDS, values)


def _change_records(**which: object) -> Iterator[Record]:
    rows = StudyChange.objects.filter(**which).values_list(*CHANGE_FIELDS.values())
    for values in rows.iterator():
        yield _record(CHANGE_FIELDS, values)


def _record(fields: dict[str, str], values: list[object] | tuple[object, ...]) -> Record:
    record = {}
    for name, value in zip(fields, values, strict=True):
        if value != "" or name not in WHERE_KNOWN:
            record[name] = _plain(value)
    return record


def _plain(value: object) -> object:
    """Return a value in the form that JSON can hold."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
