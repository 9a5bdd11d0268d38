from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import connections

from arena.standings.tallies import votes_at_head
from arena.voting.ledger import GENESIS
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
            votes, head = votes_at_head(study=study, track="t2v-audio")
            told = 0 if head == GENESIS else LedgerEntry.objects.get(entry_hash=head).sequence
            assert (0 if votes is None else votes.weight.sum()) == told
            seen.add(told)
            wait([voting], timeout=PAUSE_S)
    voting.result()
    assert len(seen) > 2
