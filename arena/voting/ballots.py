"""Rules over ballots: issue one, find it by its token, skip it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random, SystemRandom
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import UUIDField
from django.utils import timezone

from arena.prepared import Given, Prepared, insert, insert_unless_taken
from arena.voting.controls.drawing import draw_control
from arena.voting.controls.training import draw_training
from arena.voting.models import Ballot, Rater, Study
from arena.voting.modes import Mode, modes_on
from arena.voting.pairing.again import pair_again
from arena.voting.pairing.drawing import Pairing, draw_from, outlook_of
from arena.voting.pairing.seen import Outlook
from arena.voting.refusals import (
    BallotExpired,
    ForeignBallot,
    NoCookie,
    PeoplesStudy,
    SimulatedStudy,
    StudyClosed,
    StudyPaused,
    TamperedBallot,
)
from arena.voting.terms import Terms
from generators.base import Track

BALLOT = Given("ballot", UUIDField())
RATER = Given("rater", UUIDField())
OPENED = Prepared(
    lambda: Ballot.objects.select_related("prompt", "study", "rater", "rendition_a", "rendition_b").filter(
        pk=BALLOT
    )
)
ANSWERED = Prepared(lambda: Ballot.objects.select_related("study").filter(pk=BALLOT, rater=RATER))
SHOWN = Prepared(
    lambda: Ballot.objects.select_related("study", "prompt", "rater", "rendition_a", "rendition_b").filter(
        pk=BALLOT, rater=RATER
    )
)

TOKEN_SALT = "ballot"  # noqa: S105 - separates the uses of one key, hides nothing


def open_ballot(
    *, study: Study, rater: Rater, random: Random | None = None, outlook: Outlook | None = None
) -> Ballot | None:
    """Return the rater's open ballot in a study, or issue a new one; None if no pair is left.

    A reload shows the same ballot again, so that nobody can reload until a pair suits them. Ballots are
    numbered within their rater; the draw is made again if another request took the number meanwhile. A new
    rater's row is stored with the ballot, so that a refused visitor leaves none behind.

    Args:
        study: the study.
        rater: the rater, who may not be stored yet.
        random: source of the draw; None for the system's.
        outlook: the study's pairs as the rater sees them, if they have just been read.

    Raises:
        StudyClosed: the study takes no votes.
        StudyPaused: the study issues no ballots now, and the rater has none open.
        SimulatedStudy: the study is simulated, and the rater is a person.
        PeoplesStudy: the study is for people, and the rater is simulated.
    """
    if rater.simulated != study.simulated:
        raise SimulatedStudy if study.simulated else PeoplesStudy
    if not study.is_open:
        raise StudyClosed
    source = random or SystemRandom()
    while True:
        outlook = outlook or outlook_of(study, rater)
        if outlook.history.opened is not None:
            return _find_open(outlook.history.opened)
        pairing = _next_pair(outlook, source)
        if pairing is None:
            return None
        if study.is_paused:
            raise StudyPaused
        try:
            return _issue(outlook, pairing, source)
        except OutlookChanged:
            outlook = None


def has_finished(study: Study, rater: Rater) -> bool:
    """Return whether a rater has no pair open or left in a study, as after the votes of their quota."""
    outlook = outlook_of(study, rater)
    return outlook.history.opened is None and _next_pair(outlook, SystemRandom()) is None


def _next_pair(outlook: Outlook, random: Random) -> Pairing | None:
    if training := draw_training(outlook, random):
        return training
    quota = Terms.of(outlook.study.terms).quota
    if quota and outlook.history.votes >= quota:
        return None
    return (
        pair_again(outlook)
        or draw_control(outlook, random)
        or draw_from(outlook, random)
        or pair_again(outlook, at_once=True)
    )


class OutlookChanged(Exception):
    """Ballot that another request issued to the rater after their ballots were read."""


def _find_open(key: UUID) -> Ballot:
    found = OPENED.first(ballot=key)
    if found is None:
        raise Ballot.DoesNotExist
    return found


def _issue(outlook: Outlook, pairing: Pairing, random: Random) -> Ballot:
    """Store a ballot on a pair, and its rater if they are new.

    Raises:
        OutlookChanged: another request issued the rater's ballot of this number.
    """
    study, rater, now = outlook.study, outlook.rater, timezone.now()
    if outlook.history.overdue:
        overdue = Ballot.objects.filter(study=study, rater=rater, state=Ballot.State.OPEN)
        overdue.filter(expires_at__lte=now).update(state=Ballot.State.EXPIRED)
    ballot = _new_ballot(outlook, pairing, random, now)
    if rater._state.adding:
        with transaction.atomic():
            insert(rater)
            insert(ballot)
    elif not insert_unless_taken(ballot):  # two tabs opened at once get the same ballot
        raise OutlookChanged
    return ballot


def _new_ballot(outlook: Outlook, pairing: Pairing, random: Random, now: datetime) -> Ballot:
    study = outlook.study
    pairing = pairing if pairing.mode else _with_mode(study, pairing, random)
    heard = Track(pairing.unit.track).with_sound and pairing.mode != Mode.MUTED
    order = random.choice(Ballot.Order.values if heard else [""]) if pairing.order is None else pairing.order
    return Ballot(
        study=study,
        rater=outlook.rater,
        number=outlook.history.last + 1,
        prompt=pairing.unit.prompt,
        track=pairing.unit.track,
        rendition_a=pairing.rendition_a,
        rendition_b=pairing.rendition_b,
        propensity=pairing.propensity,
        order=order,
        mode=pairing.mode,
        control=pairing.control,
        twin_id=pairing.twin,
        twin_side=pairing.twin_side,
        rules_version=study.rules_version,
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.BALLOT_LIFETIME_S),
    )


def _with_mode(study: Study, pairing: Pairing, random: Random) -> Pairing:
    """Draw the mode, all of them equally likely; the propensity has the probability of this draw, too."""
    modes = modes_on(pairing.unit.track, Terms.of(study.terms).modes)
    return replace(pairing, mode=random.choice(modes), propensity=pairing.propensity / len(modes))


def sign_ballot(ballot: Ballot) -> str:
    """Return the token with which this ballot's rater, and nobody else, can answer it."""
    return signing.dumps([ballot.pk.hex, ballot.rater_id.hex], salt=TOKEN_SALT)


def find_ballot(*, token: str, rater_id: UUID | None) -> Ballot:
    """Return the ballot that a token names, with its study, in one query.

    Raises:
        TamperedBallot: this arena didn't sign the token, or the ballot is not in the database.
        NoCookie: the request has no rater.
        ForeignBallot: the token belongs to another rater.
    """
    return _find_own(ANSWERED, token, rater_id)


def find_shown_ballot(*, token: str, rater_id: UUID | None) -> Ballot:
    """Return what `find_ballot` does, with the rater, the prompt and the clips for a page that shows them."""
    return _find_own(SHOWN, token, rater_id)


def _find_own(query: Prepared[Ballot], token: str, rater_id: UUID | None) -> Ballot:
    try:
        ballot_id, owner_id = signing.loads(token, salt=TOKEN_SALT)
    except signing.BadSignature:
        raise TamperedBallot from None
    if rater_id is None:
        raise NoCookie
    if rater_id.hex != owner_id:
        raise ForeignBallot
    found = query.first(ballot=UUID(ballot_id), rater=rater_id)
    if found is None:  # the database is older than the link, as after a restored backup
        raise TamperedBallot
    if found.study.simulated:  # no person has a simulated rater's cookie
        raise NoCookie
    return found


@transaction.atomic
def skip_ballot(*, ballot: Ballot) -> None:
    """End a ballot without a vote; a ballot that was voted or skipped already stays as it is.

    Raises:
        BallotExpired: the ballot's time is over.
    """
    now = timezone.now()
    Ballot.objects.filter(pk=ballot.pk, state=Ballot.State.OPEN, expires_at__gt=now).update(
        state=Ballot.State.SKIPPED
    )
    ballot.refresh_from_db(fields=["state"])
    if ballot.state in (Ballot.State.OPEN, Ballot.State.EXPIRED):
        raise BallotExpired
