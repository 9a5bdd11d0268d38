"""Tallies: the votes that count, as input for the rating engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Q

from arena.catalog.models import Prompt
from arena.standings.slices import WHOLE, Slice
from arena.voting.consistent import consistent_read
from arena.voting.ledger import ledger_head
from arena.voting.models import Study, Vote
from arena.voting.records import CONTENDER_A, CONTENDER_B
from elo import Votes

CELL = (
    f"{CONTENDER_A}__slug",
    f"{CONTENDER_B}__slug",
    "outcome",
    "ballot__prompt_id",
    "ballot__rater_id",
)
BoardKey = tuple[int, str]
"""A study's primary key and a track."""


class Tallied(NamedTuple):
    """Votes that count on one board, with equal ones added up and prompts and raters as clusters."""

    votes: Votes | None
    """Votes of the board; None if there are none."""
    last_vote: datetime | None
    """Time of the last vote; None if there are none."""


NOTHING = Tallied(None, None)


def votes_at_head(*, study: Study, track: str, part: Slice = WHOLE) -> tuple[Tallied, str]:
    """Return the votes that count and the ledger head, read in one snapshot."""
    with consistent_read():
        return read_votes(study=study, track=track, part=part), ledger_head(study)


def read_votes(*, study: Study, track: str, part: Slice = WHOLE) -> Tallied:
    """Return the votes that count of a study on one track, or in a slice of it."""
    return read_boards([study.pk], [track], part).get((study.pk, track), NOTHING)


def read_boards(
    studies: Collection[int], tracks: Collection[str], part: Slice = WHOLE
) -> dict[BoardKey, Tallied]:
    """Return the votes that count of each board that has any, in one query, and two more for a slice."""
    board = ("ballot__study_id", "ballot__track")
    counting = Vote.objects.counting().filter(ballot__study__in=studies, ballot__track__in=tracks)
    counting = counting.filter(_within(part, studies))
    rows = (
        counting.order_by(*board, *CELL)
        .values_list(*board, *CELL)
        .annotate(count=Count("id"), last=Max("created_at"))
    )
    return {key: _tallied(cells) for key, cells in groupby(rows, key=lambda row: (row[0], row[1]))}


def _within(part: Slice, studies: Collection[int]) -> Q:
    """Return the condition on votes for being in a slice."""
    within = Q()
    if part.tag or part.language:
        prompts = Prompt.objects.filter(suite__studies__in=studies).values_list("pk", "tags", "language")
        chosen = {
            pk
            for pk, tags, language in prompts
            if (not part.tag or part.tag in tags) and part.language in ("", language)
        }
        within &= Q(ballot__prompt__in=chosen)
    if part.aspect:
        width, height = map(int, part.aspect.split(":"))
        shown = "ballot__rendition_a"
        within &= Q(**{f"{shown}__width": F(f"{shown}__height") * width / height})
    return within


def _tallied(rows: Iterable[tuple[Any, ...]]) -> Tallied:
    _, _, contender_a, contender_b, outcome, prompt, rater, count, last = zip(*rows, strict=True)
    votes = Votes.from_columns(
        contender_a=contender_a,
        contender_b=contender_b,
        outcome=outcome,
        prompt=[str(key) for key in prompt],
        rater=[str(key) for key in rater],
        weight=count,
    )
    return Tallied(votes, max(last))
