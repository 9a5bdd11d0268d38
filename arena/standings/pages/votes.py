"""The votes behind a board's page, as rows: for what its tallies don't keep."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from arena.catalog.models import Prompt
from arena.standings.pages.finding import BoardPage
from arena.voting.models import Vote

SHOWN = "ballot__rendition_a"
"""Lookup from a vote to one of its clips; the other one has the same shape."""


def votes_behind(page: BoardPage) -> QuerySet[Vote]:
    """Return the votes that count on a board, in its slice."""
    votes = Vote.objects.counting().filter(ballot__study=page.study, ballot__track=page.track)
    return votes.filter(_in_prompts(page), _of_shape(page)) if page.part else votes


def _in_prompts(page: BoardPage) -> Q:
    part = page.part
    if not part.tag and not part.language:
        return Q()
    prompts = Prompt.objects.filter(suite__studies=page.study).values_list("pk", "tags", "language")
    return Q(
        ballot__prompt__in=[
            key
            for key, tags, language in prompts
            if (not part.tag or part.tag in tags) and part.language in ("", language)
        ]
    )


def _of_shape(page: BoardPage) -> Q:
    if not page.part.aspect:
        return Q()
    width, height = map(int, page.part.aspect.split(":"))
    return Q(**{f"{SHOWN}__width": F(f"{SHOWN}__height") * width / height})
