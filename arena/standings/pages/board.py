"""Content of a board's page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from analysis.board import MINIMUM, BoardRow, bound
from analysis.whisker import Axis
from arena.catalog.models import Contender
from arena.standings.breaks import board_breaks
from arena.standings.listing import Placed
from arena.standings.pages.choices import FILTERS, LARGEST_FIRST, SORTS, Choices
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.forms import DOWNLOADS
from arena.standings.pages.matrix import paint_matrix
from arena.standings.pages.method import describe_method, told_missing
from arena.standings.pages.rows import Line, board_lines, draw_grid
from arena.standings.pages.scatter import draw_scatter
from arena.standings.slices import known_slices
from arena.standings.standing import Step
from arena.voting.coverage import cover_study


class Head(NamedTuple):
    """Column's head: a click sorts by it."""

    url: str
    direction: str
    """`ascending` or `descending` where rows stand in this order; else empty."""


class ShownStep(NamedTuple):
    """Step from one contender down to the next, with the address of the page on the two."""

    step: Step
    higher: Contender
    lower: Contender
    url: str


def board_context(page: BoardPage, choices: Choices) -> dict[str, Any]:
    """Return the whole page's content; without a board it says what is missing."""
    board = page.standing.board
    context = {
        "slices": _slice_fields(page),
        "withheld": any(contender.is_withheld for contender in page.contenders.values()),
        "incomplete": [each for each in cover_study(page.study, page.track) if not each.is_complete],
    }
    context["unlisted"] = [
        {"contender": page.contenders[one.contender], "missing": told_missing(one)}
        for one in page.standing.unlisted
    ]
    if board is None:
        return context
    axis, lines = board_lines(page)
    names = {slug: contender.shown_name for slug, contender in page.contenders.items()}
    return {
        **context,
        **_table(page, choices, axis, lines),
        "unrated": [
            {"contender": page.contenders[one.contender], "reason": one.reason, "bound": bound(one)}
            for one in board.unrated
        ],
        "preliminary": sum(row.is_preliminary for row in board.rows),
        "minimum": MINIMUM,
        "matrix": paint_matrix(page, board),
        "settings": board.settings,
        "method": describe_method(board.settings, names),
        "breaks": _shown_breaks(page),
        "floor": page.standing.ratings.floor if page.standing.ratings else None,
        "steps": [_shown_step(page, step) for step in page.standing.steps],
        "leader": page.standing.leader,
        "leading": page.contenders[board.contenders[0]],
        "by_price": draw_scatter(lines, [line.facts.price_per_minute_usd for line in lines]),
        "by_speed": draw_scatter(lines, [line.facts.seconds_per_clip for line in lines]),
        "downloads": [(name, page.address("download", form)) for form, name in DOWNLOADS.items()],
        "number_of_tiers": board.rows[-1].tier,
    }


def ratings_context(page: BoardPage, choices: Choices) -> dict[str, Any]:
    """Return the content of the table of ratings alone; the board must exist."""
    return _table(page, choices, *board_lines(page))


def _table(page: BoardPage, choices: Choices, axis: Axis, lines: Sequence[Line]) -> dict[str, Any]:
    shown = choices.apply(lines)
    columns = {
        name: any(_cell(line, name) for line in lines) for name in ("price", "speed", "released", "spark")
    }
    return {
        "axis": axis,
        "grid": draw_grid(axis),
        "tiers": _tiers(shown) if choices.is_by_place else [shown],
        "columns": columns,
        "shown": len(shown),
        "total": len(lines),
        "choices": choices,
        "heads": {name: _head(page, choices, name) for name in SORTS},
        "sorts": _sorts(choices, columns),
        "filters": {
            name: [(value, words) for value, (words, _) in of.items()] for name, of in FILTERS.items()
        },
        "has_weights": any(line.open_weights is not None for line in lines),
        "level": 100 * page.standing.board.settings["level"] if page.standing.board else 0,
    }


def _cell(line: Line, name: str) -> object:
    if name == "spark":
        return line.spark
    return SORTS[name][1](line)


def _tiers(lines: Sequence[Line]) -> list[list[Line]]:
    return [list(items) for _, items in groupby(lines, key=lambda line: line.row.tier)]


def _head(page: BoardPage, choices: Choices, name: str) -> Head:
    direction = ""
    if choices.sort.removeprefix("-") == name:
        direction = "descending" if choices.sort.startswith("-") else "ascending"
    query = choices.query(page.part.chosen, sort=choices.next_sort(name))
    return Head(page.path + query, direction)


def _sorts(choices: Choices, columns: dict[str, bool]) -> list[tuple[str, str]]:
    """Return the orders of the form's list: the usual one of each column, and one that was chosen besides."""
    usual = [(f"-{name}" if name in LARGEST_FIRST else name, words) for name, (words, _) in SORTS.items()]
    offered = [(value, words) for value, words in usual if columns.get(value.lstrip("-"), True)]
    if choices.sort not in dict(offered):
        offered.append((choices.sort, f"{SORTS[choices.sort.removeprefix('-')][0]}, turned round"))
    return offered


def _slice_fields(page: BoardPage) -> list[dict[str, Any]]:
    """Return the fields by which votes can be narrowed down; those with one value are left out."""
    labels = {
        "tag": "Prompts about",
        "language": "Language",
        "aspect": "Shape",
        "group": "Raters",
        "mode": "Judged",
    }
    known = known_slices(page.study, page.track)
    return [
        {"name": name, "label": labels[name], "values": values, "chosen": page.part.chosen.get(name, "")}
        for name, values in known.items()
        if len(values) > (name != "mode") or page.part.chosen.get(name)
    ]


def _shown_breaks(page: BoardPage) -> list[dict[str, Any]]:
    """Return the breaks of the whole board, the last ones first; a slice tells none."""
    found = () if page.part else board_breaks(study=page.study, track=page.track)
    return [
        {**vars(one), "before": _named(page, one.before), "after": _named(page, one.after)}
        for one in reversed(found)
    ]


def _named(page: BoardPage, rows: Sequence[BoardRow]) -> list[Placed]:
    return [Placed(row, page.contenders[row.contender]) for row in rows]


def _shown_step(page: BoardPage, step: Step) -> ShownStep:
    higher, lower = page.contenders[step.higher], page.contenders[step.lower]
    return ShownStep(step, higher, lower, page.address("pair", higher.public_slug, lower.public_slug))
