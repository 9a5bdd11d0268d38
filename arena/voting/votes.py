"""Rules over votes: casting one with its ledger entry, and excluding one by a named rule."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from arena.catalog.hashing import content_hash
from arena.production.models import Rendition
from arena.voting.ledger import append_entry
from arena.voting.models import Ballot, Exclusion, LedgerEntry, Outcome, Vote
from arena.voting.refusals import BallotExpired, SecondVote, StudyClosed, UnknownOutcome


@transaction.atomic
def cast_vote(*, ballot: Ballot, outcome: str, playback: Mapping[str, object] | None = None) -> Vote:
    """Records a vote and its ledger entry in one transaction; the same answer again returns the first.

    Raises:
        UnknownOutcome: the outcome isn't `a`, `b`, `tie` or `both_bad`.
        SecondVote: the ballot was answered otherwise, or skipped, before.
        BallotExpired: the ballot's time is over.
        StudyClosed: the study takes no votes any more.
    """
    if outcome not in Outcome.values:
        raise UnknownOutcome
    now = timezone.now()
    taken = Ballot.objects.filter(
        pk=ballot.pk, state=Ballot.State.OPEN, expires_at__gt=now, study__is_open=True
    ).update(state=Ballot.State.VOTED)
    if not taken:
        return _first_vote(ballot, outcome)
    vote = Vote.objects.create(ballot=ballot, outcome=outcome, playback=dict(playback or {}), created_at=now)
    append_entry(study=ballot.study, kind=LedgerEntry.Kind.VOTE, payload=_payload(vote))
    return vote


@transaction.atomic
def exclude_vote(*, vote: Vote, rule: str, reason: str) -> Exclusion:
    """Takes a vote out of every tally by a ledger entry that names the rule; the vote stays as it is."""
    exclusion = Exclusion.objects.create(vote=vote, rule=rule, reason=reason, created_at=timezone.now())
    append_entry(
        study=vote.ballot.study,
        kind=LedgerEntry.Kind.EXCLUSION,
        payload={
            "ballot": str(vote.ballot_id),
            "rule": rule,
            "reason": reason,
            "at": exclusion.created_at.isoformat(),
        },
    )
    return exclusion


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


def _payload(vote: Vote) -> dict[str, object]:
    ballot = vote.ballot
    a, b = _shown(ballot.rendition_a_id), _shown(ballot.rendition_b_id)
    job = a.clip.job
    return {
        "ballot": str(ballot.pk),
        "rater": str(ballot.rater_id),
        "simulated": ballot.study.simulated,
        "suite": str(job.prompt.suite.name),
        "suite_version": job.prompt.suite.version,
        "prompt": job.prompt.key,
        "prompt_hash": content_hash([job.prompt.text, job.prompt.reference_sha256]),
        "seed": job.seed,
        "track": ballot.track,
        "settings_hash": job.settings_hash,
        "contender_a": a.clip.job.contender.slug,
        "contender_b": b.clip.job.contender.slug,
        "rendition_a": a.sha256,
        "rendition_b": b.sha256,
        "propensity": ballot.propensity,
        "outcome": vote.outcome,
        "playback": vote.playback,
        "issued_at": ballot.issued_at.isoformat(),
        "at": vote.created_at.isoformat(),
    }


def _shown(rendition_id: int) -> Rendition:
    rows = Rendition.objects.select_related("clip__job__contender", "clip__job__prompt__suite")
    return rows.get(pk=rendition_id)
