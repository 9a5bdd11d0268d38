from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, Outcome, Study, Vote
from arena.voting.refusals import BallotExpired, SecondVote, StudyClosed, UnknownOutcome
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def ballot() -> Ballot:
    return make_ballot(make_study())


def _stale(ballot: Ballot) -> Ballot:
    """Return the ballot as another request read it, before anything happened to it."""
    return Ballot.objects.get(pk=ballot.pk)


@pytest.mark.parametrize("outcome", Outcome.values)
def test_a_vote_closes_its_ballot_and_enters_the_ledger(ballot: Ballot, outcome: str) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        vote = cast_vote(ballot=ballot, outcome=outcome, playback={"plays": 1.0})
        assert vote.created_at == timezone.now()
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.VOTED
    assert (vote.outcome, vote.playback) == (outcome, {"plays": 1.0})
    assert verify_ledger(ballot.study) == 1


def test_repeating_the_answer_returns_the_first_vote(ballot: Ballot) -> None:
    stale = _stale(ballot)
    first = cast_vote(ballot=ballot, outcome="a", playback={"plays": 1.0})
    before = recorded()
    for again in (ballot, stale):
        assert cast_vote(ballot=again, outcome="a", playback={"plays": 9.0}) == first
    assert recorded() == before


def test_the_first_result_is_told_even_after_expiry_and_closing(ballot: Ballot) -> None:
    first = cast_vote(ballot=ballot, outcome="a")
    Study.objects.update(is_open=False)
    with time_machine.travel(ballot.expires_at + timedelta(days=1)):
        assert cast_vote(ballot=_stale(ballot), outcome="a") == first


@pytest.mark.parametrize("second", ["b", "tie", "both_bad"])
def test_another_answer_is_refused(ballot: Ballot, second: str) -> None:
    stale = _stale(ballot)
    cast_vote(ballot=ballot, outcome="a")
    before = recorded()
    with pytest.raises(SecondVote):
        cast_vote(ballot=stale, outcome=second)
    assert recorded() == before


def test_time_is_over_at_the_very_moment_of_expiry(ballot: Ballot) -> None:
    with time_machine.travel(ballot.expires_at, tick=False), pytest.raises(BallotExpired):
        cast_vote(ballot=ballot, outcome="a")
    assert recorded() == (0, [])


@pytest.mark.parametrize(
    ("state", "refusal"), [(Ballot.State.SKIPPED, SecondVote), (Ballot.State.EXPIRED, BallotExpired)]
)
def test_a_ballot_that_is_over_is_refused(ballot: Ballot, state: str, refusal: type[Exception]) -> None:
    stale = _stale(ballot)
    Ballot.objects.update(state=state)
    with pytest.raises(refusal):
        cast_vote(ballot=stale, outcome="a")
    assert recorded() == (0, [])


def test_a_closed_study_is_refused(ballot: Ballot) -> None:
    Study.objects.update(is_open=False)
    with pytest.raises(StudyClosed):
        cast_vote(ballot=_stale(ballot), outcome="a")
    assert recorded() == (0, [])


def test_an_unknown_outcome_is_refused(ballot: Ballot) -> None:
    with pytest.raises(UnknownOutcome, match="a, tie, both_bad, b, skip"):
        cast_vote(ballot=ballot, outcome="c")


@pytest.mark.django_db(transaction=True)
def test_a_vote_whose_entry_fails_was_never_cast(monkeypatch: pytest.MonkeyPatch) -> None:
    ballot = make_ballot(make_study())

    def crash(**_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("arena.voting.votes.append_entry", crash)
    with pytest.raises(OSError, match="disk is full"):
        cast_vote(ballot=ballot, outcome="a")
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.OPEN
    assert recorded() == (0, [])


def test_the_schema_takes_one_vote_for_a_ballot(ballot: Ballot) -> None:
    cast_vote(ballot=ballot, outcome="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(ballot=ballot, outcome="b", created_at=timezone.now())


def test_the_schema_takes_known_outcomes_only(ballot: Ballot) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(ballot=ballot, outcome="c", created_at=timezone.now())


def test_the_study_is_held_before_a_vote_looks_whether_it_is_open() -> None:
    """A close in the same instant comes wholly before the vote, which is refused, or wholly after it."""
    ballot = make_ballot(make_study())
    statements: list[str] = []

    def record(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:  # noqa: ANN401 - as Django's
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(record):  # which sees prepared statements, too
        cast_vote(ballot=ballot, outcome="a")
    statements = [sql for sql in statements if "SAVEPOINT" not in sql]
    if connection.features.has_select_for_update:  # SQLite has locked the whole database by now
        assert statements.pop(0).endswith("FOR NO KEY UPDATE")
    assert statements[0].startswith('UPDATE "voting_ballot"')
