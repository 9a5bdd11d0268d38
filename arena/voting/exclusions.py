"""Exclusions: take votes out of the count by a named rule, and undo that. Each is a ledger entry."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from arena.voting.ledger import append_entry, hold_ledger
from arena.voting.models import Exclusion, LedgerEntry, Study, Undoing, Vote
from arena.voting.records import exclusion_record, undoing_record
from arena.voting.tally_sheets import count_vote
from arena.webhooks.models import Event
from arena.webhooks.outbox import announce


@transaction.atomic
def exclude_vote(
    *, vote: Vote, rule: str, reason: str, evidence: Mapping[str, object] | None = None
) -> Exclusion:
    """Exclude a vote from every tally, with a ledger entry that names the rule; the vote's row stays.

    Args:
        vote: the vote.
        rule: name of the rule.
        reason: sentence for readers of the ledger.
        evidence: version, threshold and figures of a screening rule, ready for JSON.

    Raises:
        ValidationError: the vote is excluded already, the rule's name isn't a slug, or the reason is empty.
        ValueError: the vote is on a control pair, and counts in nothing.
    """
    if vote.ballot.control:
        raise ValueError("vote must be on an ordinary pair; got one on a control pair. It counts in nothing.")
    hold_ledger(vote.ballot.study)
    if vote.exclusions.holding().exists():
        raise ValidationError("An exclusion of this vote already exists. Undo it first.")
    exclusion = Exclusion(
        vote=vote,
        number=vote.exclusions.count() + 1,
        rule=rule,
        reason=reason,
        evidence=dict(evidence or {}),
        created_at=timezone.now(),
    )
    exclusion.full_clean()
    exclusion.save(force_insert=True)
    record = exclusion_record(exclusion)
    entry = append_entry(study=vote.ballot.study, kind=LedgerEntry.Kind.EXCLUSION, record=record)
    count_vote(vote=vote, sequence=entry.sequence, sign=-1)
    study = vote.ballot.study
    told = {"study": study.slug, "simulated": study.simulated, "ballot": str(vote.ballot_id), "rule": rule}
    announce(Event.VOTE_EXCLUDED, told)
    return exclusion


@transaction.atomic
def exclude_rater(*, study: Study, rater_id: UUID, rule: str, reason: str) -> int:
    """Exclude all of a rater's votes in a study that still count; return their number."""
    counting = Vote.objects.counting().filter(ballot__study=study, ballot__rater=rater_id)
    votes = list(counting.select_related("ballot__study").order_by("pk"))
    for vote in votes:
        exclude_vote(vote=vote, rule=rule, reason=reason)
    return len(votes)


@transaction.atomic
def undo_exclusion(*, exclusion: Exclusion, reason: str) -> Undoing:
    """Count an excluded vote again, with a ledger entry; the exclusion's row and entry stay.

    Raises:
        ValidationError: the exclusion is undone already, or the reason is empty.
    """
    vote = exclusion.vote
    hold_ledger(vote.ballot.study)
    undoing = Undoing(exclusion=exclusion, reason=reason, created_at=timezone.now())
    undoing.full_clean()
    undoing.save(force_insert=True)
    record = undoing_record(undoing)
    entry = append_entry(study=vote.ballot.study, kind=LedgerEntry.Kind.UNDOING, record=record)
    count_vote(vote=vote, sequence=entry.sequence)
    return undoing


@transaction.atomic
def undo_rule(*, study: Study, rule: str, reason: str) -> int:
    """Undo all exclusions of a study by one rule that still hold; return their number."""
    holding = Exclusion.objects.holding().filter(vote__ballot__study=study, rule=rule)
    exclusions = list(holding.select_related("vote__ballot__study").order_by("pk"))
    for exclusion in exclusions:
        undo_exclusion(exclusion=exclusion, reason=reason)
    return len(exclusions)
