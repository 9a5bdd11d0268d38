from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import pytest
from django.db import connections, transaction
from django.test import Client

from arena.standings.exports import export_votes
from arena.standings.tallies import votes_at_head
from arena.voting.ledger import GENESIS, hold_ledger, verify_ledger
from arena.voting.models import LedgerEntry, Study
from tests.factories import make_study
from tests.factories_voting import cast

VOTES = 12
PAUSE_S = 0.01  # without it, the reader is back at the lock before the voter wakes up


def _vote(study: Study) -> None:
    try:
        for _ in range(VOTES):
            cast(study)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_votes_and_ledger_head_belong_together_while_people_vote() -> None:
    """A board under a head that it doesn't follow from could never be recomputed."""
    study, seen = make_study(), set()
    with ThreadPoolExecutor(1) as pool:
        voting = pool.submit(_vote, study)
        while not voting.done():
            now = votes_at_head(study=study, track="t2v-audio")
            votes, head = now.tallied.votes, now.head
            told = 0 if head == GENESIS else LedgerEntry.objects.get(entry_hash=head).sequence
            assert (0 if votes is None else votes.tally().counts.sum()) == told
            seen.add(told)
            wait([voting], timeout=PAUSE_S)
    voting.result()
    assert len(seen) > 2


def _hold(study: Study, held: Event, done: Event) -> None:
    """Be in the middle of a vote: with SQLite's write lock, or the study's row lock on PostgreSQL."""
    try:
        with transaction.atomic():
            hold_ledger(study)
            held.set()
            done.wait(timeout=60)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_reading_waits_for_nobody_who_writes(client: Client) -> None:
    study = make_study()
    for outcome in ("a", "a", "b", "a"):
        cast(study, outcome)
    held, done = Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_hold, study, held, done)
        try:
            assert held.wait(timeout=60)
            for url in ("/", "/boards/", "/boards/study/t2v-audio/"):
                assert client.get(url).status_code == 200
            assert export_votes(study, "t2v-audio", "csv").count("\n") == 5
            assert verify_ledger(study) == 4
            assert not writing.done()
        finally:
            done.set()
    writing.result()
