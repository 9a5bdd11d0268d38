"""Rules over voided ballots: pairs that did not play properly cast no vote and are shown again later.

The server decides from the page's report. A page that hides a stall spoils its own answer alone; a page that
invents one gets the same pair again, on the same sides, and loses it after `MOST_TRIES`, as by a skip.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from arena.voting.models import Ballot, VoidReason
from arena.voting.playback import number_of
from arena.voting.refusals import BallotExpired, SecondVote, StudyClosed

LONGEST_STALL_S = 2.0
"""Seconds for which playback may stop until both clips were seen."""
LONGEST_WRONG_RATE_S = 1.0
"""Seconds for which the heard clip may run faster or slower than asked."""
MOST_TRIES = 3
"""Ballots on one pair that may be voided for one rater; then it is not shown to them again."""
FAILING = 3
"""Voided ballots of a rater in a study from which the page suggests another browser or connection."""


def void_reason(playback: Mapping[str, object]) -> VoidReason | None:
    """Return why a report voids its ballot; None if it doesn't.

    The page stops these measures once both clips were seen, so that a tab left open while its rater thinks
    voids nothing.
    """
    if number_of(playback, "longest_stall_s") > LONGEST_STALL_S:
        return VoidReason.STALL
    if number_of(playback, "hidden_plays") > 0:
        return VoidReason.HIDDEN
    if number_of(playback, "wrong_rate_s") > LONGEST_WRONG_RATE_S:
        return VoidReason.RATE
    return None


@transaction.atomic
def void_ballot(*, ballot: Ballot, reason: VoidReason) -> None:
    """End a ballot without a vote, so that its pair is shown again; one that is voided stays as it is.

    Raises:
        SecondVote: the ballot was voted or skipped.
        BallotExpired: the ballot's time is over.
        StudyClosed: the study takes no votes.
    """
    open_ballots = Ballot.objects.filter(
        pk=ballot.pk, state=Ballot.State.OPEN, expires_at__gt=timezone.now(), study__is_open=True
    )
    open_ballots.update(state=Ballot.State.VOIDED, void_reason=reason)
    ballot.refresh_from_db(fields=["state", "void_reason"])
    if ballot.state in (Ballot.State.VOTED, Ballot.State.SKIPPED):
        raise SecondVote
    if ballot.state != Ballot.State.VOIDED:
        ballot.study.refresh_from_db(fields=["is_open"])
        raise BallotExpired if ballot.study.is_open else StudyClosed


def tries_of(ballot: Ballot) -> int:
    """Return how many ballots on a ballot's pair were voided for its rater in its study."""
    return Ballot.objects.filter(
        study=ballot.study_id,
        rater=ballot.rater_id,
        rendition_a=ballot.rendition_a_id,
        rendition_b=ballot.rendition_b_id,
        state=Ballot.State.VOIDED,
    ).count()


def voids_of(ballot: Ballot) -> int:
    """Return how many ballots of a ballot's rater were voided in its study."""
    return Ballot.objects.filter(
        study=ballot.study_id, rater=ballot.rater_id, state=Ballot.State.VOIDED
    ).count()
