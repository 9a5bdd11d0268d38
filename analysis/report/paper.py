"""A report as PDF: pages of text and tables, then pages of figures with their captions."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from analysis.figures.style import Figure, styled
from analysis.report.parts import Report, Section, Table

if TYPE_CHECKING:
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure as Canvas

PAGE = (8.27, 11.69)
"""Inches: A4."""
MARGIN = 0.75
SIZE = 7.5
"""Points of the fixed-width type."""
LEADING = 0.145
"""Inches from line to line."""
COLUMNS = 106
"""Characters of a line: 0.602 of the type's size each."""
LINES = int((PAGE[1] - 2 * MARGIN) / LEADING)
KEPT = 4
"""Lines of a table that stay on one page, its header among them."""
CAPTION = 0.8
"""Inches below a figure for its caption."""
CAPTION_SIZE, CAPTION_COLUMNS, GAP = 8.5, 100, 0.08
"""Points of a caption's type, characters of its lines, and inches above it."""
HEAD = "\x01"
"""Mark of a line that is set in bold."""


def to_pdf(report: Report) -> bytes:
    """Write a report as PDF."""
    out = io.BytesIO()
    with styled():
        from matplotlib.backends.backend_pdf import PdfPages

        with PdfPages(out, metadata={"Title": report.title, "CreationDate": None}) as pages:
            for page in _pages(_lines(report)):
                _add_text(pages, page)
            for group in figure_pages(report.figures):
                _add_figures(pages, group)
    return out.getvalue()


def figure_pages(figures: Sequence[Figure]) -> list[list[Figure]]:
    """Return the figures in groups that fit a page, in order."""
    found: list[list[Figure]] = []
    left = 0.0
    for figure in figures:
        height = figure.height + CAPTION
        if height > left:
            found.append([])
            left = PAGE[1] - 2 * MARGIN
        found[-1].append(figure)
        left -= height
    return found


def _add_figures(pages: PdfPages, figures: Sequence[Figure]) -> None:
    """Append a page with figures one below the other, each above its caption."""
    from matplotlib.figure import Figure as Canvas

    canvas: Canvas = Canvas(figsize=PAGE)
    top = PAGE[1] - MARGIN
    for figure in figures:
        height = min(figure.height, PAGE[1] - 2 * MARGIN - CAPTION)
        _add_figure(canvas, figure, top - height, height)
        caption = textwrap.fill(figure.caption, CAPTION_COLUMNS).replace("$", r"\$")
        place = (MARGIN / PAGE[0], (top - height - GAP) / PAGE[1])
        canvas.text(*place, caption, size=CAPTION_SIZE, verticalalignment="top")
        top -= height + CAPTION
    pages.savefig(canvas)


def _add_figure(canvas: Canvas, figure: Figure, bottom: float, height: float) -> None:
    """Draw a figure at its size on a page; `bottom` and `height` in inches, both scalar.

    The room for its labels is measured, and its axes shrunk by as much.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    box = (MARGIN, bottom, figure.width, height)
    axes = canvas.add_axes(_shares(box))
    figure.draw(axes)
    renderer, inches = FigureCanvasAgg(canvas).get_renderer(), canvas.dpi_scale_trans.inverted()
    for _ in range(2):  # the labels of a smaller axis may differ
        seen = axes.get_tightbbox(renderer)
        if seen is None:
            return
        seen, drawn = seen.transformed(inches), axes.get_window_extent(renderer).transformed(inches)
        left, low = drawn.x0 - seen.x0, drawn.y0 - seen.y0
        right, high = seen.x1 - drawn.x1, seen.y1 - drawn.y1
        axes.set_position(_shares((box[0] + left, box[1] + low, box[2] - left - right, box[3] - low - high)))


def _shares(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return a box in inches as shares of the page."""
    return box[0] / PAGE[0], box[1] / PAGE[1], box[2] / PAGE[0], box[3] / PAGE[1]


def _lines(report: Report) -> Iterator[list[str]]:
    """Yield blocks of lines that a page should not part."""
    yield [HEAD + report.title, ""]
    yield from ([*_wrapped(text), ""] for text in report.summary)
    for section in report.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[list[str]]:
    first, *others = section.sentences or ("",)
    yield ["", HEAD + section.title, "", *_wrapped(first), ""]
    yield from ([*_wrapped(text), ""] for text in others)
    yield from (block for table in section.shown for block in _table(table))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS)


def _table(table: Table) -> Iterator[list[str]]:
    """Yield a table as lines of fixed width; columns that find no room go to a further table below."""
    cells = [table.headings, *table.rows()]
    widths = [min(max(len(row[i]) for row in cells), 34) for i in range(len(table.columns))]
    repeated = next((i for i, column in enumerate(table.columns) if column.is_text), 0)
    for chosen in _fitting(widths, repeated):
        lines = ["  ".join(_cell(table, i, row[i], widths[i]) for i in chosen) for row in cells]
        yield [lines[0], "-" * len(lines[0]), *(line.rstrip() for line in lines[1:KEPT])]
        yield from ([line.rstrip()] for line in lines[KEPT:])
        yield [""]


def _fitting(widths: list[int], repeated: int) -> Iterator[list[int]]:
    """Yield columns that fit a line together; each line after the first repeats one column."""
    chosen = [0]
    for i in range(1, len(widths)):
        if sum(widths[j] + 2 for j in chosen) + widths[i] > COLUMNS and len(chosen) > 1:
            yield chosen
            chosen = [repeated]
        chosen.append(i)
    yield chosen


def _cell(table: Table, place: int, text: str, width: int) -> str:
    cut = text if len(text) <= width else f"{text[: width - 1]}…"
    return cut.ljust(width) if table.columns[place].is_text else cut.rjust(width)


def _pages(blocks: Iterator[list[str]]) -> Iterator[list[str]]:
    page: list[str] = []
    for block in blocks:
        if len(page) + len(block) > LINES and page:
            yield page
            page = []
        page += block
    yield page


def _add_text(pages: PdfPages, lines: list[str]) -> None:
    from matplotlib.figure import Figure as Canvas

    canvas: Canvas = Canvas(figsize=PAGE)
    for place, line in enumerate(lines):
        if line:
            _add_line(canvas, place, line)
    pages.savefig(canvas)


def _add_line(canvas: Canvas, place: int, line: str) -> None:
    head = line.startswith(HEAD)
    canvas.text(
        MARGIN / PAGE[0],
        1 - (MARGIN + LEADING * place) / PAGE[1],
        line.removeprefix(HEAD).replace("$", r"\$"),
        family="DejaVu Sans" if head else "DejaVu Sans Mono",
        size=11 if head else SIZE,
        weight="bold" if head else "normal",
        verticalalignment="top",
    )
