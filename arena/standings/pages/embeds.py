"""Embeds: a badge and a small table as SVG, which other sites may show and keep for five minutes."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from csp.constants import NONE
from csp.decorators import csp
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from analysis.whisker import draw_whiskers
from arena.errors import UnknownOption
from arena.standings.pages.finding import BoardPage, find_board, find_contender

KEPT_S = 300
"""Seconds for which browsers and proxies may keep an embed."""
CHARACTER = 6.6
"""Mean width of a character of 11 px, in px; the text is stretched to the width that follows from it."""
MOST_ROWS = 20
LONGEST = 34
"""Characters of a name in the table."""
FRAMEABLE = {"default-src": [NONE], "frame-ancestors": ["*"]}


class Part(NamedTuple):
    """One half of a badge."""

    text: str
    left: float
    width: float

    @property
    def middle(self) -> float:
        """Centre of the text."""
        return self.left + self.width / 2

    @property
    def length(self) -> float:
        """Width of the text."""
        return self.width - 12


@xframe_options_exempt
@csp(FRAMEABLE)  # type: ignore[arg-type]  # its types know no view with arguments
@require_safe
def badge(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    """Answer with a badge: the board's leader, or where the contender in the query stands."""
    page = find_board(slug, track, request.GET)
    label = f"{page.study.title} (simulated)" if page.study.simulated else page.study.title
    left = _part(label, 0)
    right = _part(_claim(page, request.GET.get("contender", "")), left.width)
    context = {"left": left, "right": right, "width": left.width + right.width}
    return _answer(request, "embeds/badge.svg", context)


@xframe_options_exempt
@csp(FRAMEABLE)  # type: ignore[arg-type]  # its types know no view with arguments
@require_safe
def table(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    """Answer with the first rows of a board: place, name, interval and rating."""
    page = find_board(slug, track, request.GET)
    rows = _number_of_rows(request.GET.get("rows", "10"))
    return _answer(request, "embeds/table.svg", _table(page, rows))


def _claim(page: BoardPage, name: str) -> str:
    """Say where a contender stands; without a name, who leads."""
    board = page.standing.board
    slug = find_contender(page, name).slug if name else None
    if board is None:
        return "no ratings yet"
    row = next((row for row in board.rows if row.contender == (slug or board.contenders[0])), None)
    if row is None:
        return "no rating yet"
    places = f"{row.rank_low}–{row.rank_high}" if row.rank_low != row.rank_high else str(row.rank)
    margin = (row.upper - row.lower) / 2
    return f"{page.contenders[row.contender].shown_name}: place {places}, {row.rating:.0f} ± {margin:.0f}"


def _part(text: str, left: float) -> Part:
    return Part(text, left, round(CHARACTER * len(text) + 12, 1))


def _number_of_rows(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_ROWS:
        return int(text)
    raise UnknownOption(f"rows must be a whole number from 1 to {MOST_ROWS}; got “{text}”.")


def _table(page: BoardPage, rows: int) -> dict[str, Any]:
    board = page.standing.board
    lines = []
    if board is not None:
        shown = list(zip(board.rows, draw_whiskers(board).whiskers, strict=True))[:rows]
        for number, (row, whisker) in enumerate(shown):
            name = page.contenders[row.contender].shown_name
            lines.append(
                {
                    "row": row,
                    "name": name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…",
                    "y": 64 + 28 * number,
                    "lower": 300 + 1.6 * whisker.lower,
                    "rating": 300 + 1.6 * whisker.rating,
                    "upper": 300 + 1.6 * whisker.upper,
                }
            )
    return {"page": page, "lines": lines, "height": 64 + 28 * max(len(lines), 1) + 8}


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Answer with an SVG that may be kept, framed and read by scripts of other sites."""
    content = render_to_string(template, context).encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response: HttpResponse = HttpResponse(content, content_type="image/svg+xml")
    if tag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    response["ETag"] = tag
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_cache_control(response, public=True, max_age=KEPT_S)
    return response
