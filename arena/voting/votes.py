"""Rules over votes: cast one with its ledger entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import DateTimeField, QuerySet, UUIDField
from django.utils import timezone

from arena.catalog.commitments import count_exposure
from arena.prepared import Given, PreparedUpdate, insert
from arena.voting.answers import refuse_other_answers
from arena.voting.ledger import append_entry, hold_ledger
from arena.voting.limits import Limit, count_against
from arena.voting.models import Ballot, Control, Study, Vote
from arena.voting.pairing.refreshing import plan_when_due
from arena.voting.records import kind_of, vote_record
from arena.voting.refusals import BallotExpired, BallotVoided, SecondVote, StudyClosed
from arena.voting.shown import shown_on
from arena.voting.tally_sheets import count_vote


def _open_ballot() -> QuerySet[Ballot]:
    """Return the query for a ballot that can be answered.

    No join to the study: PostgreSQL could then check the state in a row older than a vote just cast.
    """
    return Ballot.objects.filter(
        pk=Given("ballot", UUIDField()),
        state=Ballot.State.OPEN,
        expires_at__gt=Given("now", DateTimeField()),
        study__in=Study.objects.filter(is_open=True),
    )


TAKE = PreparedUpdate(_open_ballot, state=Ballot.State.VOTED)


@transaction.atomic
def cast_vote(
    *,
    ballot: Ballot,
    outcome: str,
    playback: Mapping[str, object] | None = None,
    aspects: Mapping[str, str] | None = None,
    limits: Sequence[Limit] = (),
) -> Vote:
    """Record a vote and its ledger entry in one transaction; return the first vote if it is repeated.

    A vote on a control pair enters the ledger alone, and no tally.

    Args:
        ballot: the ballot.
        outcome: the answer.
        playback: how the pair was watched.
        aspects: answers about aspects, each `a`, `same` or `b`.
        limits: rate limits that the vote counts against.

    Raises:
        TooManyRequests: a limit is exceeded.
        UnknownOutcome: the ballot doesn't offer the outcome; UnknownAspect: or an answer about an aspect.
        SecondVote: the ballot was skipped or has another answer already.
        BallotVoided: the ballot was voided.
        BallotExpired: the ballot's time is over.
        StudyClosed: the study takes no votes.
    """
    refuse_other_answers(ballot, outcome, aspects or {})
    count_against(limits)
    now = timezone.now()
    hold_ledger(ballot.study)  # an earlier close is visible now, and a later one waits for this vote
    if not TAKE.run(ballot=ballot.pk, now=now):
        return _first_vote(ballot, outcome)
    vote = Vote(
        ballot=ballot,
        outcome=outcome,
        playback=dict(playback or {}),
        aspects=dict(aspects or {}),
        created_at=now,
    )
    insert(vote)
    shown = shown_on(ballot)
    record = vote_record(vote, *shown)
    entry = append_entry(study=ballot.study, kind=kind_of(record), record=record)
    if not ballot.control:
        count_vote(vote=vote, sequence=entry.sequence)
    if ballot.control != Control.TRAINING:
        count_exposure([each.commitment for each in shown if each.commitment is not None])
    plan_when_due(study=ballot.study, entries=entry.sequence)
    return vote


def _first_vote(ballot: Ballot, outcome: str) -> Vote:
    ballot.refresh_from_db(fields=["state"])
    if ballot.state == Ballot.State.VOTED:
        vote = Vote.objects.select_related("ballot").get(ballot=ballot)
        if vote.outcome == outcome:
            return vote
        raise SecondVote
    if ballot.state == Ballot.State.SKIPPED:
        raise SecondVote
    if ballot.state == Ballot.State.VOIDED:
        raise BallotVoided
    if ballot.state == Ballot.State.OPEN and not ballot.study.is_open:
        raise StudyClosed
    raise BallotExpired
