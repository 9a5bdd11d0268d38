"""Tags of organisers' pages: the links of the navigation, and whether a person may do something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import template
from django.template.context import Context
from django.urls import reverse

from arena.organising import permissions
from generators.base import Track

register = template.Library()

ROOMS = (
    ("Dashboard", "organising:dashboard", "see_dashboard"),
    ("Suites", "organising:suites", "see_suites"),
    ("Contenders", "organising:contenders", "see_contenders"),
    ("Clips", "organising:uploads", "upload_clips"),
    ("Runs", "organising:runs", "see_runs"),
    ("Studies", "organising:studies", "see_studies"),
    ("People", "organising:people", "see_people"),
    ("Audit log", "organising:audit_log", "see_audit_log"),
    ("Webhooks", "organising:webhooks", "manage_webhooks"),
    ("Support", "admin:index", "use_admin"),
)
"""Links of the navigation: name, route and the action that a person must be allowed."""


class RoomLink(NamedTuple):
    """Link of the navigation."""

    name: str
    address: str
    is_here: bool


@register.simple_tag(takes_context=True)
def rooms(context: Context) -> list[RoomLink]:
    """Return the links of the rooms that the person may enter."""
    request = context["request"]
    links = [(name, reverse(route)) for name, route, action in ROOMS if permissions.may(request.user, action)]
    first = reverse("organising:dashboard")
    return [
        RoomLink(
            name, address, request.path == address or (address != first and request.path.startswith(address))
        )
        for name, address in links
    ]


@register.simple_tag(takes_context=True)
def may(context: Context, action: str, thing: Any = None) -> bool:  # noqa: ANN401 - a suite, run or study
    """Return whether the person may do something, as in `{% may "change_study" study as changes %}`."""
    return permissions.may(context["request"].user, action, thing)


@register.filter
def track_name(value: str) -> str:
    """Return a track in words, such as `text to video with sound`."""
    return Track(value).label


@register.filter
def named(slug: str, names: Mapping[str, str]) -> str:
    """Return the name of a slug; the slug itself where there is none."""
    return names.get(slug, slug)
