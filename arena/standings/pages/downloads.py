"""Downloads of boards."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from arena.errors import Problem, UnknownAddress, answer_problem
from arena.standings.pages.finding import BoardPage, find_board, unknown
from arena.standings.pages.forms import CONTENT_TYPES, DOWNLOADS, NoBoard, write_board
from arena.standings.pages.reports import Busy, read_report

RETRY_S = 30


@require_safe
def download(request: HttpRequest, slug: str, track: str, form: str) -> HttpResponse:
    """Answer with a board as a file; the report is built on the first call in ten minutes."""
    page = find_board(slug, track, request.GET, request.user)
    if form not in DOWNLOADS:
        raise UnknownAddress(unknown("format", form, DOWNLOADS))
    try:
        content = read_report(page) if form == "html" else write_board(page, form)
    except NoBoard as reason:
        return answer_problem(request, Problem(404, "This board has no ratings yet", str(reason)))
    except Busy:
        return _try_again(request)
    response = HttpResponse(content, content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{_name(page, form)}"'
    return response


def _name(page: BoardPage, form: str) -> str:
    """Return the file's name, in which a simulated study says so."""
    simulated = "simulated-" if page.study.simulated else ""
    part = "".join(f"-{value}" for value in page.part.chosen.values() if value.isascii() and value.isalnum())
    kind = "report" if form == "html" else "board"
    return f"{simulated}{page.study.slug}-{page.track.value}{part}-{kind}.{form}"


def _try_again(request: HttpRequest) -> HttpResponse:
    detail = f"Another report is being written. Try again in {RETRY_S} seconds."
    response = answer_problem(request, Problem(503, "The report takes a moment", detail))
    response["Retry-After"] = str(RETRY_S)
    return response
