"""Tickets: what a link's query says about who follows it, and the signed links of invitations and panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse

from arena.voting.models import Study
from arena.voting.refusals import ForgedTicket, NotInvited
from arena.voting.terms import Terms

INVITATION, PANEL = "invitation", "panel"
"""Names of the tokens in a link's query."""


class Panel(NamedTuple):
    """Parameters in which a panel's links carry the ids of the person, the study and the session."""

    participant: str
    study: str
    session: str


PANELS = {
    "Prolific": Panel("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
    "CloudResearch": Panel("participantId", "projectId", "assignmentId"),
    "MTurk": Panel("workerId", "hitId", "assignmentId"),
}
"""Known panels, by their names."""
OTHER_IDS = tuple(dict.fromkeys(name for panel in PANELS.values() for name in (panel.study, panel.session)))
"""Parameters of a panel's link that are stored beside the member's id."""
LONGEST_ID = 64


class Ticket(NamedTuple):
    """Key of an invitation, or id of a panel's member."""

    invitation: int | None = None
    external_id: str = ""
    is_signed: bool = False
    """Whether this arena made the link; an id in a panel's own link is taken as it stands."""


def invitation_path(study: Study, invitation: int) -> str:
    """Return the path of an invitation's link."""
    return _path(study, INVITATION, invitation)


def panel_path(study: Study, external_id: str) -> str:
    """Return the path of a panel member's link."""
    return _path(study, PANEL, external_id)


def read_ticket(study: Study, query: Mapping[str, str]) -> Ticket:
    """Return the ticket in a link's query.

    Raises:
        NotInvited: there is none of the kind that the study takes.
        ForgedTicket: this arena didn't make the link for this study, or the panel's id is no text to store.
    """
    terms = Terms.of(study.terms)
    if token := query.get(terms.admission, ""):
        return _signed(study, terms.admission, token)
    external_id = query.get(terms.panel_query, "") if terms.admission == PANEL and terms.panel_query else ""
    if not external_id:
        raise NotInvited
    if len(external_id) > LONGEST_ID or not external_id.isprintable():
        raise ForgedTicket
    return Ticket(external_id=external_id)


def other_ids(query: Mapping[str, str]) -> dict[str, str]:
    """Return a panel's other ids in a query, cut to what is stored."""
    return {
        name: query[name][:LONGEST_ID]
        for name in OTHER_IDS
        if query.get(name, "").isprintable() and query.get(name)
    }


def _signed(study: Study, kind: str, token: str) -> Ticket:
    try:
        value: Any = signing.loads(token, salt=_salt(study, kind))
    except signing.BadSignature:
        raise ForgedTicket from None
    if kind == INVITATION:
        return Ticket(invitation=int(value), is_signed=True)
    return Ticket(external_id=str(value), is_signed=True)


def _path(study: Study, kind: str, value: object) -> str:
    token = signing.dumps(value, salt=_salt(study, kind))
    return f"{reverse('start', args=[study.slug])}?{urlencode({kind: token})}"


def _salt(study: Study, kind: str) -> str:
    return f"{kind} {study.pk}"
