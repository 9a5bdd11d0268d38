"""What comes out: the names after a vote, the list of boards, and the boards."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analysis.board import Cell
from analysis.whisker import draw_whiskers
from arena.catalog.models import Contender
from arena.catalog.tracks import Track
from arena.standings.boards import Standing, current_standing, recent_standing
from arena.standings.reveals import tell_verdicts
from arena.voting.ballots import find_ballot
from arena.voting.listing import presentable
from arena.voting.models import Ballot, Study
from arena.voting.raters import current_rater
from arena.voting.refusals import Refusal
from arena.voting.views import refuse


@never_cache
@require_safe
def reveal(request: HttpRequest, token: str) -> HttpResponse:
    """Names both sides, to the rater who has voted on them and to nobody before."""
    try:
        found = find_ballot(token=token, rater=current_rater(request))
    except Refusal as refusal:
        return refuse(request, refusal)
    if found.state != Ballot.State.VOTED:
        return redirect("ballot", found.study.slug)
    standing = recent_standing(study=found.study, track=found.track)
    return render(request, "reveal.html", {"study": found.study, **tell_verdicts(found, standing)})


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    listed = [
        (study, Track(track), current_standing(study=study, track=track))
        for study in presentable(Study.objects.order_by("simulated", "-created_at"))
        for track in study.tracks
    ]
    return render(request, "boards.html", {"boards": listed})


@require_safe
def board(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    study = get_object_or_404(Study, slug=slug)
    if track not in study.tracks:
        raise Http404(f"Study '{slug}' has no track '{track}'. It has: {', '.join(study.tracks)}.")
    standing = current_standing(study=study, track=track)
    context = {
        "study": study,
        "track": Track(track),
        "standing": standing,
        "withheld": study.contenders.exclude(codename="").exists(),
        **_drawn(standing),
    }
    return render(request, "board.html", context)


def _drawn(standing: Standing) -> dict[str, object]:
    if standing.board is None:
        return {}
    rows = standing.board.rows
    names = Contender.objects.in_bulk([row.contender for row in rows], field_name="slug")
    chart = draw_whiskers(standing.board)
    return {
        "axis": chart.axis,
        "rows": [
            {
                "row": row,
                "contender": names[row.contender],
                "whisker": whisker,
                "win_percent": 100 * row.win_rate,
            }
            for row, whisker in zip(rows, chart.whiskers, strict=True)
        ],
        "matrix": [
            {"contender": names[row.contender], "cells": [_shown(cell) for cell in cells]}
            for row, cells in zip(rows, standing.board.matrix, strict=True)
        ],
        "settings": standing.board.settings,
        "level": 100 * standing.board.settings["level"],
    }


def _shown(cell: Cell) -> dict[str, object]:
    if cell.win_rate is None:
        return {"votes": 0}
    return {"percent": 100 * cell.win_rate, "band": _band(cell.win_rate), "votes": cell.votes}


def _band(share: float) -> int:
    """One of eleven steps of the colour scale; 5 is even."""
    return round(10 * share)
