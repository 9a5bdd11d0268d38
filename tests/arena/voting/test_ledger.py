from __future__ import annotations

import hashlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from arena.voting.exclusions import exclude_vote, undo_rule
from arena.voting.ledger import (
    GENESIS,
    BrokenLedger,
    append_entry,
    counting_votes,
    ledger_head,
    verify_ledger,
)
from arena.voting.models import Exclusion, LedgerEntry, Study, Vote
from arena.voting.openings import close_study
from tests.factories import make_study
from tests.factories_voting import cast, unprotect

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Four votes and the exclusion of the second."""
    study = make_study()
    votes = [cast(study, outcome, playback={"plays": 2.0}) for outcome in ("a", "b", "tie", "both_bad")]
    exclude_vote(vote=votes[1], rule="too-fast", reason="Answered within a second.")
    return study


def _entries(study: Study) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(study=study).order_by("sequence"))


def _hash_of(entry: LedgerEntry) -> str:
    content = f"{entry.previous_hash}\n{entry.sequence}\n{entry.kind}\n{entry.payload}"
    return hashlib.sha256(content.encode()).hexdigest()


def test_each_entry_covers_its_content_and_the_hash_before_it(study: Study) -> None:
    previous = GENESIS
    for sequence, entry in enumerate(_entries(study), start=1):
        assert (entry.sequence, entry.previous_hash, entry.entry_hash) == (
            sequence,
            previous,
            _hash_of(entry),
        )
        previous = entry.entry_hash
    assert ledger_head(study) == previous
    assert verify_ledger(study) == 5


def test_an_empty_ledger_is_whole() -> None:
    study = make_study()
    assert (verify_ledger(study), ledger_head(study)) == (0, GENESIS)


def test_each_study_has_a_chain_of_its_own(study: Study) -> None:
    head = ledger_head(study)
    other = make_study("other")
    cast(other)
    assert ledger_head(study) == head
    assert [entry.previous_hash for entry in _entries(other)] == [GENESIS]
    assert (verify_ledger(study), verify_ledger(other)) == (5, 1)


def test_an_entry_says_all_that_its_vote_follows_from(study: Study) -> None:
    vote = Vote.objects.order_by("pk")[0]
    ballot = vote.ballot
    a, b = ballot.rendition_a, ballot.rendition_b
    said = json.loads(_entries(study)[0].payload)
    assert said == {
        "study": "study",
        "ballot": str(ballot.pk),
        "rater": str(ballot.rater_id),
        "simulated": False,
        "suite": ballot.prompt.suite.name,
        "suite_version": 1,
        "prompt": "p0",
        "prompt_hash": said["prompt_hash"],
        "seed": 0,
        "track": "t2v-audio",
        "settings_hash": a.clip.job.settings_hash,
        "contender_a": a.clip.job.contender.slug,
        "contender_b": b.clip.job.contender.slug,
        "rendition_a": a.sha256,
        "rendition_b": b.sha256,
        "propensity": 0.5,
        "outcome": "a",
        "playback": {"plays": 2.0},
        "issued_at": ballot.issued_at.isoformat(),
        "at": vote.created_at.isoformat(),
    }


def test_an_excluded_vote_stays_in_the_ledger_and_stops_counting(study: Study) -> None:
    assert [vote["outcome"] for vote in counting_votes(study)] == ["a", "tie", "both_bad"]
    assert len(_entries(study)) == 5


@pytest.mark.django_db(transaction=True)
def test_no_entry_is_written_outside_a_transaction() -> None:
    study = make_study()
    with pytest.raises(RuntimeError, match="in the transaction of what it records"):
        append_entry(study=study, kind=LedgerEntry.Kind.VOTE, record={})
    assert not LedgerEntry.objects.exists()


# Tampering, by somebody who has the database in hand.


def _rewrite(entry: LedgerEntry, **fields: object) -> None:
    LedgerEntry.objects.filter(pk=entry.pk).update(**fields)


def _reports(study: Study, match: str) -> None:
    with pytest.raises(BrokenLedger, match=match):
        verify_ledger(study)


@pytest.mark.parametrize("at", [1, 2, 4, 5])
def test_an_edited_entry_is_found(study: Study, at: int) -> None:
    entry = _entries(study)[at - 1]
    unprotect("voting_ledgerentry")
    _rewrite(entry, payload=entry.payload.replace("study", "STUDY"))
    _reports(study, f"breaks at entry {at}")


@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_deleted_entry_is_found(study: Study, at: int) -> None:
    unprotect("voting_ledgerentry")
    _entries(study)[at - 1].delete()
    _reports(study, f"breaks at entry {at}")


def test_a_cut_off_end_is_found(study: Study) -> None:
    unprotect("voting_ledgerentry")
    for entry in _entries(study)[3:]:
        entry.delete()
    _reports(study, "entry 4 is missing, the vote on ballot")


def test_swapped_entries_are_found(study: Study) -> None:
    first, second = _entries(study)[:2]
    unprotect("voting_ledgerentry")
    for entry, sequence in ((first, 99), (second, 1), (first, 2)):
        _rewrite(entry, sequence=sequence)
    _reports(study, "breaks at entry 1")


def test_a_chain_hashed_anew_is_found_by_the_votes(study: Study) -> None:
    entries, previous = _entries(study), GENESIS
    entries[2].payload = entries[2].payload.replace('"outcome":"tie"', '"outcome":"a"')
    unprotect("voting_ledgerentry")
    LedgerEntry.objects.filter(study=study).delete()
    for entry in entries:
        entry.previous_hash = previous
        previous = entry.entry_hash = _hash_of(entry)
        entry.save(force_insert=True)
    _reports(study, "entry 3 of the ledger .vote. differs from its row")


def test_an_edited_vote_is_found(study: Study) -> None:
    vote = Vote.objects.order_by("pk")[0]
    unprotect("voting_vote")
    Vote.objects.filter(pk=vote.pk).update(outcome="b")
    _reports(study, "entry 1 of the ledger .vote. differs from its row")


def test_sides_swapped_behind_a_vote_are_found(study: Study) -> None:
    ballot = Vote.objects.order_by("pk")[3].ballot
    ballot.rendition_a, ballot.rendition_b = ballot.rendition_b, ballot.rendition_a
    ballot.save()
    _reports(study, "entry 4 of the ledger .vote. differs from its row")


def test_a_vote_slipped_in_is_found(study: Study) -> None:
    slipped = cast(make_study("other"))
    slipped.ballot.study = study
    slipped.ballot.save()
    _reports(study, f"entry 6 is missing, the vote on ballot {slipped.ballot_id}")


def test_a_deleted_exclusion_is_found(study: Study) -> None:
    unprotect("voting_exclusion")
    Exclusion.objects.all().delete()
    _reports(study, "entry 5 of the ledger .exclusion. differs from its row")


# The schema.


@pytest.mark.parametrize(
    "table",
    ["voting_vote", "voting_exclusion", "voting_undoing", "voting_ledgerentry", "voting_studychange"],
)
def test_the_database_refuses_to_edit_what_is_written_once(study: Study, table: str) -> None:
    close_study(study=study)
    undo_rule(study=study, rule="too-fast", reason="It was a slow connection.")
    refused = pytest.raises(IntegrityError, match=f"{table} is append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET id = id + 1000")


def test_the_chain_cant_fork(study: Study) -> None:
    first = _entries(study)[0]
    first.pk, first.sequence, first.entry_hash = None, 99, "f" * 64
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


# The command.


def test_the_command_says_how_far_the_ledger_is_unbroken(study: Study) -> None:
    out = StringIO()
    call_command("verify_ledger", "study", stdout=out)
    assert out.getvalue() == f"Study study: 5 entries, unbroken up to {ledger_head(study)}\n"


def test_the_command_fails_at_the_first_bad_entry(study: Study) -> None:
    unprotect("voting_ledgerentry")
    for at in (1, 3):
        _rewrite(_entries(study)[at], payload="{}")
    with pytest.raises(CommandError, match="breaks at entry 2") as failure:
        call_command("verify_ledger", "study")
    assert failure.value.returncode == 1


def test_the_command_names_the_studies_that_there_are(study: Study) -> None:
    with pytest.raises(CommandError, match=r"Unknown study 'nowhere'\. Known: study\."):
        call_command("verify_ledger", "nowhere")
