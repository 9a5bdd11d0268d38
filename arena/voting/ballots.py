"""Rules over ballots: issue one, find it by its token, skip it."""

from __future__ import annotations

from datetime import timedelta
from random import Random, SystemRandom
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone

from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing.drawing import Pairing, draw_from, outlook_of
from arena.voting.pairing.seen import Outlook
from arena.voting.refusals import (
    BallotExpired,
    ForeignBallot,
    NoCookie,
    PeoplesStudy,
    SimulatedStudy,
    StudyClosed,
    TamperedBallot,
)
from generators.base import Track

TOKEN_SALT = "ballot"  # noqa: S105 - separates the uses of one key, hides nothing


def open_ballot(
    *, study: Study, rater: Rater, random: Random | None = None, outlook: Outlook | None = None
) -> Ballot | None:
    """Return the rater's open ballot in a study, or issue a new one; None if no pair is left.

    A reload shows the same ballot again, so that nobody can reload until a pair suits them. The draw is made
    before the rater's row is locked; it is made again if another request issued a ballot meanwhile. A new
    rater's row is stored with the ballot, so that a refused visitor leaves none behind.

    Args:
        study: the study.
        rater: the rater, who may not be stored yet.
        random: source of the draw; None for the system's.
        outlook: the study's pairs as the rater sees them, if they have just been read.

    Raises:
        StudyClosed: the study takes no votes.
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
        pairing = draw_from(outlook, source)
        if pairing is None:
            return None
        try:
            return _issue(outlook, pairing, source)
        except OutlookChanged:
            outlook = None


class OutlookChanged(Exception):
    """Ballot that another request issued to the rater after their ballots were read."""


def _find_open(key: UUID) -> Ballot:
    return Ballot.objects.select_related("prompt", "study", "rater", "rendition_a").get(pk=key)


@transaction.atomic
def _issue(outlook: Outlook, pairing: Pairing, random: Random) -> Ballot:
    study, rater, history = outlook.study, outlook.rater, outlook.history
    if rater._state.adding:
        rater.save(force_insert=True)
    else:
        # Two tabs opened at once get the same ballot.
        Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
        if Ballot.objects.filter(rater=rater).count() != history.ballots:
            raise OutlookChanged
    now = timezone.now()
    if history.overdue:
        overdue = Ballot.objects.filter(study=study, rater=rater, state=Ballot.State.OPEN)
        overdue.filter(expires_at__lte=now).update(state=Ballot.State.EXPIRED)
    orders = Ballot.Order.values if Track(pairing.unit.track).with_sound else [""]
    return Ballot.objects.create(
        study=study,
        rater=rater,
        prompt=pairing.unit.prompt,
        track=pairing.unit.track,
        rendition_a=pairing.rendition_a,
        rendition_b=pairing.rendition_b,
        propensity=pairing.propensity,
        order=random.choice(orders),
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.BALLOT_LIFETIME_S),
    )


def sign_ballot(ballot: Ballot) -> str:
    """Return the token with which this ballot's rater, and nobody else, can answer it."""
    return signing.dumps([ballot.pk.hex, ballot.rater_id.hex], salt=TOKEN_SALT)


def find_ballot(*, token: str, rater_id: UUID | None) -> Ballot:
    """Return the ballot that a token names, with the rows around it, in one query.

    Raises:
        TamperedBallot: this arena didn't sign the token, or the ballot is not in the database.
        NoCookie: the request has no rater.
        ForeignBallot: the token belongs to another rater.
    """
    try:
        ballot_id, owner_id = signing.loads(token, salt=TOKEN_SALT)
    except signing.BadSignature:
        raise TamperedBallot from None
    if rater_id is None:
        raise NoCookie
    if rater_id.hex != owner_id:
        raise ForeignBallot
    related = ("study", "prompt", "rater", "rendition_a", "rendition_b")
    found = Ballot.objects.select_related(*related).filter(pk=ballot_id, rater=rater_id).first()
    if found is None:  # the database is older than the link, as after a restored backup
        raise TamperedBallot
    if found.rater.simulated:  # no person has a simulated rater's cookie
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
