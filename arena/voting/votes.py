"""Rules over votes: cast one with its ledger entry, exclude them by a named rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from arena.voting.ledger import append_entry, hold_ledger
from arena.voting.limits import Limit, count_against
from arena.voting.models import Ballot, Exclusion, LedgerEntry, Outcome, Study, Vote
from arena.voting.pairing.refreshing import plan_when_due
from arena.voting.records import exclusion_record, vote_record
from arena.voting.refusals import BallotExpired, SecondVote, StudyClosed, UnknownOutcome
from arena.voting.tally_sheets import count_vote


@transaction.atomic
def cast_vote(
    *,
    ballot: Ballot,
    outcome: str,
    playback: Mapping[str, object] | None = None,
    limits: Sequence[Limit] = (),
) -> Vote:
    """Record a vote and its ledger entry in one transaction; return the first vote if it is repeated.

    Args:
        ballot: the ballot.
        outcome: the answer.
        playback: how the pair was watched.
        limits: rate limits that the vote counts against.

    Raises:
        TooManyRequests: a limit is exceeded.
        UnknownOutcome: the outcome isn't `a`, `b`, `tie` or `both_bad`.
        SecondVote: the ballot was skipped or has another answer already.
        BallotExpired: the ballot's time is over.
        StudyClosed: the study takes no votes.
    """
    if outcome not in Outcome.values:
        raise UnknownOutcome
    count_against(limits)
    now = timezone.now()
    hold_ledger(ballot.study)  # an earlier close is visible now, and a later one waits for this vote
    # No join to the study: PostgreSQL could then check the state in a row older than a vote just cast.
    taken = Ballot.objects.filter(
        pk=ballot.pk,
        state=Ballot.State.OPEN,
        expires_at__gt=now,
        study__in=Study.objects.filter(is_open=True),
    ).update(state=Ballot.State.VOTED)
    if not taken:
        return _first_vote(ballot, outcome)
    vote = Vote.objects.create(ballot=ballot, outcome=outcome, playback=dict(playback or {}), created_at=now)
    entry = append_entry(study=ballot.study, kind=LedgerEntry.Kind.VOTE, record=vote_record(vote))
    count_vote(vote=vote, sequence=entry.sequence)
    plan_when_due(study=ballot.study, entries=entry.sequence)
    return vote


@transaction.atomic
def exclude_vote(*, vote: Vote, rule: str, reason: str) -> Exclusion:
    """Exclude a vote from every tally, with a ledger entry that names the rule; the vote's row stays.

    Raises:
        ValidationError: the vote is excluded already, the rule's name isn't a slug, or the reason is empty.
    """
    hold_ledger(vote.ballot.study)
    exclusion = Exclusion(vote=vote, rule=rule, reason=reason, created_at=timezone.now())
    exclusion.full_clean()
    exclusion.save(force_insert=True)
    record = exclusion_record(exclusion)
    entry = append_entry(study=vote.ballot.study, kind=LedgerEntry.Kind.EXCLUSION, record=record)
    count_vote(vote=vote, sequence=entry.sequence, sign=-1)
    return exclusion


@transaction.atomic
def exclude_rater(*, study: Study, rater_id: UUID, rule: str, reason: str) -> int:
    """Exclude all of a rater's votes in a study that still count; return their number."""
    counting = Vote.objects.counting().filter(ballot__study=study, ballot__rater=rater_id)
    votes = list(counting.select_related("ballot__study").order_by("pk"))
    for vote in votes:
        exclude_vote(vote=vote, rule=rule, reason=reason)
    return len(votes)


def _first_vote(ballot: Ballot, outcome: str) -> Vote:
    ballot.refresh_from_db(fields=["state"])
    if ballot.state == Ballot.State.VOTED:
        vote = Vote.objects.select_related("ballot").get(ballot=ballot)
        if vote.outcome == outcome:
            return vote
        raise SecondVote
    if ballot.state == Ballot.State.SKIPPED:
        raise SecondVote
    if ballot.state == Ballot.State.OPEN and not ballot.study.is_open:
        raise StudyClosed
    raise BallotExpired
