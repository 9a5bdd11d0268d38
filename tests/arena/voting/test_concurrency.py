from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connections
from django.test import Client

from arena.voting.ballots import open_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, LedgerEntry, Rater, Vote
from tests.factories import make_study
from tests.factories_voting import answer, open_page

Result = TypeVar("Result")

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Run functions at the same moment, each in its own thread on its own connection."""
    gate = Barrier(len(acts))

    def act(one: Callable[[], Result]) -> Result:
        gate.wait()
        try:
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def test_of_two_different_answers_at_once_one_counts(client: Client) -> None:
    study = make_study()
    ballot = open_page(client, study)
    statuses = at_once(*(lambda o=o: answer(_copy(client), ballot, o).status_code for o in ("a", "b")))
    assert sorted(statuses) == [302, 409]
    assert (Vote.objects.count(), LedgerEntry.objects.count(), verify_ledger(study)) == (1, 1, 1)


def test_the_same_answer_sent_twice_at_once_counts_once(client: Client) -> None:
    study = make_study()
    ballot = open_page(client, study)
    statuses = at_once(*(lambda: answer(_copy(client), ballot, "tie").status_code for _ in range(2)))
    assert statuses == [302, 302]
    assert (Vote.objects.count(), LedgerEntry.objects.count()) == (1, 1)


def test_many_raters_at_once_make_one_unbroken_chain() -> None:
    study = make_study()
    browsers = [Client() for _ in range(6)]
    ballots = [open_page(browser, study) for browser in browsers]
    statuses = at_once(
        *(lambda i=i: answer(browsers[i], ballots[i]).status_code for i in range(len(browsers)))
    )
    assert statuses == [302] * 6
    assert verify_ledger(study) == 6


def test_two_tabs_opened_at_once_show_one_pair() -> None:
    study = make_study(prompts=5)
    rater = Rater.objects.create()
    opened = at_once(*(lambda: open_ballot(study=study, rater=rater) for _ in range(2)))
    assert opened[0] == opened[1]
    assert Ballot.objects.count() == 1


def test_a_skip_and_a_vote_at_once_end_the_ballot_once() -> None:
    study = make_study()
    browser = Client()
    ballot = open_page(browser, study)
    at_once(*(lambda o=o: answer(_copy(browser), ballot, o).status_code for o in ("skip", "a")))
    ballot.refresh_from_db()
    assert Vote.objects.count() == (1 if ballot.state == Ballot.State.VOTED else 0)
    assert verify_ledger(study) == Vote.objects.count()


def _copy(client: Client) -> Client:
    """Return the same browser for another thread, since a client can't serve two."""
    other = Client()
    other.cookies = client.cookies
    return other
