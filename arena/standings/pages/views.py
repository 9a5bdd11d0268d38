"""Pages of one board: its ratings, each contender, and each two contenders."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url
from django_htmx.middleware import HtmxDetails

from arena.errors import UnknownOption
from arena.languages import in_english
from arena.standings.pages.board import board_context, ratings_context
from arena.standings.pages.choices import read_choices
from arena.standings.pages.clips import serve_clip
from arena.standings.pages.contender import contender_context
from arena.standings.pages.finding import BoardPage, find_board, find_contender
from arena.standings.pages.pair import compare, parting_prompts, shown_clips
from arena.voting.listing import find_presentable
from arena.voting.raters import current_rater


@in_english
@require_safe
def study_boards(request: HttpRequest, slug: str) -> HttpResponse:
    """Redirect from a study to the board of its first track."""
    study = find_presentable(slug)
    return redirect("board", slug, study.tracks[0])


@in_english
@vary_on_headers("HX-Request")
@require_safe
def board(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    """Show the board of a study on one track; htmx gets the table of ratings alone."""
    page = find_board(slug, track, request.GET, request.user)
    choices = read_choices(request.GET)
    if _wants_table(request) and page.standing.board is not None:
        response = render(request, "board_ratings.html", _shared(page) | ratings_context(page, choices))
        return push_url(response, request.path + choices.query(page.part.chosen))
    return render(request, "board.html", _shared(page) | board_context(page, choices))


@in_english
@require_safe
def contender(request: HttpRequest, slug: str, track: str, name: str) -> HttpResponse:
    """Show where one contender stands on a board, and how it does against each of the others."""
    page = find_board(slug, track, request.GET, request.user)
    return render(
        request, "contender.html", _shared(page) | contender_context(page, find_contender(page, name))
    )


@in_english
@require_safe
def choose_pair(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    """Redirect from the form that chooses two contenders to their page."""
    page = find_board(slug, track, request.GET, request.user)
    first, second = (find_contender(page, request.GET.get(side, "")) for side in ("first", "second"))
    return redirect(page.address("pair", first.public_slug, second.public_slug))


@in_english
@never_cache
@require_safe
def pair(request: HttpRequest, slug: str, track: str, first: str, second: str) -> HttpResponse:
    """Show how two contenders differ, and their clips if the viewer may see them."""
    page = find_board(slug, track, request.GET, request.user)
    both = (find_contender(page, first), find_contender(page, second))
    if both[0] == both[1]:
        raise UnknownOption(f"A pair must be of two contenders; got “{first}” twice. Choose another.")
    viewer = current_rater(request)
    found = parting_prompts(page, both, viewer)
    context = {
        "first": both[0],
        "second": both[1],
        "parting": found,
        **compare(page, both),
        **shown_clips(page, both, found, request.GET.get("prompt", ""), viewer),
    }
    return render(request, "comparison.html", _shared(page) | context)


@require_safe
def clip(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve a clip to a viewer whom a page gave its signed address."""
    return serve_clip(token, request.headers.get("Range"))


def _shared(page: BoardPage) -> dict[str, Any]:
    """Return what the pages of a board have in common."""
    return {"page": page, "study": page.study, "track": page.track, "standing": page.standing}


def _wants_table(request: HttpRequest) -> bool:
    """Return whether htmx asks for the table alone, and not for a page that its history lost."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # its middleware adds it
    return bool(htmx) and htmx.target == "ratings" and not htmx.history_restore_request
