"""Rules over admissions: invite, load a panel, admit a rater, and refuse one who isn't admitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F

from arena.voting.admission.models import Admission, Invitation, PanelMember
from arena.voting.admission.tickets import LONGEST_ID, Ticket, other_ids, read_ticket
from arena.voting.models import Rater, Study
from arena.voting.refusals import InvitationUsedUp, NotInvited, PanelIdTaken, UnknownPanelMember
from arena.voting.terms import Terms

MOST_USES = 1_000_000


class InvalidAdmission(ValueError):
    """Invitation or panel that a study can't have; the message names what is allowed."""


def invite(*, study: Study, uses: int) -> Invitation:
    """Create an invitation that admits this many raters.

    Raises:
        InvalidAdmission: the study isn't by invitation, or the number is out of range.
    """
    _require_kind(study, "invitation")
    if not 1 <= uses <= MOST_USES:
        raise InvalidAdmission(f"uses must be a whole number from 1 to {MOST_USES:,}; got {uses}.")
    return Invitation.objects.create(study=study, uses=uses)


@transaction.atomic
def load_panel(*, study: Study, ids: Sequence[str]) -> int:
    """Add members to a study's panel; return the number of new ones. From then on only members are admitted.

    Raises:
        InvalidAdmission: the study isn't for a panel, or an id can't be stored.
    """
    _require_kind(study, "panel")
    for number, one in enumerate(ids, 1):
        if not one.strip() or len(one) > LONGEST_ID or not one.isprintable():
            raise InvalidAdmission(
                f"line {number} must be an id of 1 to {LONGEST_ID} printable characters; got {one[:80]!r}."
            )
    known = set(PanelMember.objects.filter(study=study).values_list("external_id", flat=True))
    new = [PanelMember(study=study, external_id=one) for one in dict.fromkeys(ids) if one not in known]
    PanelMember.objects.bulk_create(new, batch_size=500)
    return len(new)


def is_admitted(study: Study, rater: Rater | None) -> bool:
    """Return whether a rater may open pairs of a study; everybody may in a public one."""
    if Terms.of(study.terms).admission == "public":
        return True
    known = rater is not None and not rater._state.adding
    return known and Admission.objects.filter(study=study, rater=rater).exists()


def require_admission(study: Study, rater: Rater | None, query: Mapping[str, str]) -> None:
    """Raise unless the rater is admitted, or the link's query would admit them. Nothing is written.

    Raises:
        NotInvited, ForgedTicket, InvitationUsedUp, PanelIdTaken, UnknownPanelMember: why it wouldn't.
    """
    if not is_admitted(study, rater):
        _check(study, read_ticket(study, query))


@transaction.atomic
def admit(study: Study, rater: Rater, query: Mapping[str, str]) -> None:
    """Admit a rater by the ticket in a link's query, and store a new rater; do nothing if they are admitted.

    Raises:
        NotInvited, ForgedTicket, InvitationUsedUp, PanelIdTaken, UnknownPanelMember: why they are not.
    """
    if is_admitted(study, rater):
        return
    ticket = read_ticket(study, query)
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)  # two browsers can't take one id at once
    _check(study, ticket)
    if rater._state.adding:
        rater.save(force_insert=True)
    if ticket.invitation is not None:
        Invitation.objects.filter(pk=ticket.invitation).update(used=F("used") + 1)
    Admission.objects.create(
        study=study,
        rater=rater,
        group=Terms.of(study.terms).admission,
        external_id=ticket.external_id,
        query=other_ids(query),
        invitation_id=ticket.invitation,
    )


def _check(study: Study, ticket: Ticket) -> None:
    if ticket.invitation is not None:
        invitation = Invitation.objects.filter(pk=ticket.invitation, study=study).first()
        if invitation is None:
            raise NotInvited
        if invitation.used >= invitation.uses:
            raise InvitationUsedUp
        return
    if Admission.objects.filter(study=study, external_id=ticket.external_id).exists():
        raise PanelIdTaken
    members = PanelMember.objects.filter(study=study)
    if members.exists() and not members.filter(external_id=ticket.external_id).exists():
        raise UnknownPanelMember


def _require_kind(study: Study, kind: str) -> None:
    admission = Terms.of(study.terms).admission
    if admission != kind:
        raise InvalidAdmission(
            f"admission of study '{study.slug}' must be {kind}; got {admission}. "
            "Change it with: manage.py change_terms"
        )
