"""Forms in which a board can be downloaded, without the identities that are withheld."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from analysis.board import Board
from analysis.forms import board_bytes, board_figure
from analysis.report.tables import FIGURES
from arena.catalog.hashing import content_hash
from arena.standings.boards import origin
from arena.standings.pages.finding import BoardPage
from arena.standings.snapshots.blindness import public_names, public_rules

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOWNLOADS: Mapping[str, str] = {
    "csv": "CSV",
    "json": "JSON",
    "parquet": "Parquet",
    "xlsx": "Excel",
    "tex": "LaTeX",
    "png": "PNG",
    "svg": "SVG",
    "html": "Report",
}
"""Forms by suffix, each with its name for people."""
CONTENT_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "tex": "application/x-tex; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "html": "text/html; charset=utf-8",
}
READ_BY_PEOPLE = ("tex", "png", "svg")
"""Forms that show contenders by their names; the others have slugs, which programs can join on."""


FIGURE_KEPT_S = 3600
"""Seconds for which the last figure of a board is kept: drawing takes ten times as long as all the rest."""
SIMULATED = "Simulated votes: no person judged these clips."


class NoBoard(ValueError):
    """Board without ratings; the message says what is missing."""


def write_board(page: BoardPage, form: str) -> bytes:
    """Return the board in one of the forms of tables and figures.

    Raises:
        NoBoard: there are no ratings yet.
    """
    board = page.standing.board
    if board is None:
        raise NoBoard(page.standing.missing)
    if form in READ_BY_PEOPLE:
        named = relabelled(board, {slug: one.shown_name for slug, one in page.contenders.items()})
        remark = SIMULATED if page.study.simulated else ""
        if form in FIGURES:
            return _kept_figure(page, named, form, remark)
        return _with_last_line(board_bytes(named, form).decode(), remark).encode()
    extra = public_origin(page) if form == "json" else _columns(page)
    return board_bytes(relabelled(board, public_names(page.contenders.values())), form, extra)


def _kept_figure(page: BoardPage, board: Board, form: str, remark: str) -> bytes:
    """Return the figure of a board, drawn anew only if something that it shows has changed."""
    shown = repr((board.rows, board.settings["level"], remark))
    drawn_from = hashlib.sha256(shown.encode()).hexdigest()
    key = f"figure:{page.study.pk}:{page.track}:{content_hash(page.part.chosen)}:{form}"
    kept: tuple[str, bytes] | None = cache.get(key)
    if kept is not None and kept[0] == drawn_from:
        return kept[1]
    content = _draw(board, form, remark)
    cache.set(key, (drawn_from, content), timeout=FIGURE_KEPT_S)
    return content


def _draw(board: Board, form: str, remark: str) -> bytes:
    """Draw a board as a figure, with a remark above it where there is one."""
    figure = board_figure(board)

    def draw(axes: Axes) -> None:
        figure.draw(axes)
        axes.set_title(remark)

    return FIGURES[form](replace(figure, draw=draw) if remark else figure)


def _with_last_line(tabular: str, remark: str) -> str:
    """Add a remark to a LaTeX table, below its rows and across all columns."""
    if not remark:
        return tabular
    columns = len(tabular[: tabular.index("\n")].partition("}{")[2].rstrip("}"))
    line = f"\\midrule\n\\multicolumn{{{columns}}}{{l}}{{{remark}}} \\\\\n"
    return tabular.replace("\\bottomrule", f"{line}\\bottomrule")


def public_origin(page: BoardPage) -> dict[str, Any]:
    """Return what a board follows from; while identities are withheld, without what would give them away.

    The hash of the rules covers the contenders' slugs, so a guessed slug could be checked against it.
    """
    told: dict[str, Any] = dict(origin(page.study, page.track, page.standing.head))
    told["slice"] = page.part.chosen
    names = public_names(page.contenders.values())
    if any(slug != name for slug, name in names.items()):
        told["rules"] = public_rules(told["rules"], names)
        del told["rules_hash"]
    return told


def relabelled(board: Board, names: Mapping[str, str]) -> Board:
    """Return a board with other names for its contenders."""
    rename: Callable[[str], str] = names.__getitem__
    anchor = board.settings["anchor"]
    return replace(
        board,
        rows=tuple(row._replace(contender=rename(row.contender)) for row in board.rows),
        unrated=tuple(one._replace(contender=rename(one.contender)) for one in board.unrated),
        settings={**board.settings, "anchor": [rename(anchor[0]), anchor[1]] if anchor else None},
    )


def _columns(page: BoardPage) -> dict[str, str | bool]:
    return {
        "study": page.study.slug,
        "track": page.track.value,
        "slice": str(page.part),
        "simulated": page.study.simulated,
        "ledger_head": page.standing.head,
    }
