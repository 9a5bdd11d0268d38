"""Find the study that an address names, for a person who may do something to it."""

from __future__ import annotations

from django.http import HttpRequest

from arena.errors import UnknownAddress
from arena.organising.permissions import require
from arena.voting.models import Study
from arena.voting.studies import UnknownStudy, find_study


def find_for(request: HttpRequest, slug: str, action: str) -> Study:
    """Return the study of a slug.

    Raises:
        UnknownAddress: there is none.
        PermissionDenied: the person may not do the action to it.
    """
    try:
        found = find_study(slug)
    except UnknownStudy as error:
        raise UnknownAddress("There is no such study.") from error
    require(request.user, action, found)
    return found
