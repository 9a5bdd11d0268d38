"""What a report is made of: sections of sentences, tables and figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from analysis.figures.style import Figure

if TYPE_CHECKING:
    import pandas as pd

Row: TypeAlias = Mapping[str, Any]


class TableColumn(NamedTuple):
    """One column as it is shown."""

    heading: str
    show: Callable[[Row], str]
    """Text of a cell, from the row of the frame."""
    is_text: bool = False
    """Whether cells are words, which stand left."""


@dataclass(frozen=True, eq=False)
class Table:
    """A frame with the columns that a reader sees."""

    name: str
    """Stem of its file in an export."""
    frame: pd.DataFrame
    columns: tuple[TableColumn, ...]
    most: int | None = None
    """Most rows that are shown; None for all. The frame has them all."""
    layout: pd.DataFrame | None = None
    """The frame as it is laid out for readers; None where it is shown as it is."""

    is_shown: bool = True
    """Whether readers see it; an export has it in any case."""

    @property
    def headings(self) -> tuple[str, ...]:
        """Headings of the columns."""
        return tuple(column.heading for column in self.columns)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of the rows that are shown."""
        frame = self.frame if self.layout is None else self.layout
        shown = records(frame.head(self.most or len(frame)))
        return [tuple(column.show(record) for column in self.columns) for record in shown]


@dataclass(frozen=True, eq=False)
class Section:
    """One question and its answer."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()

    @property
    def shown(self) -> tuple[Table, ...]:
        """Tables that readers see."""
        return tuple(table for table in self.tables if table.is_shown)

    @property
    def anchor(self) -> str:
        """Name of the section in addresses."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())


@dataclass(frozen=True, eq=False)
class Report:
    """A report, ready to be written."""

    title: str
    summary: tuple[str, ...]
    """Votes, method and intervals in a few sentences."""
    sections: tuple[Section, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in order."""
        return tuple(table for section in self.sections for table in section.tables)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures, in order."""
        return tuple(figure for section in self.sections for figure in section.figures)


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame, each by the names of the columns."""
    return [
        {str(name): value for name, value in zip(frame.columns, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]


def number(value: float, digits: int = 0) -> str:
    """Write a number with commas between thousands; a dash for one that is not finite."""
    if not math.isfinite(value):
        return "–"
    return (
        f"{value + 0.0:,.{digits}f}".replace("-0", "0", 1)
        if round(value, digits) == 0
        else (f"{value:,.{digits}f}".replace("-", "−"))
    )


def words(name: str, heading: str) -> TableColumn:
    """Show a column of words."""
    return TableColumn(heading, lambda row: str(row[name]), is_text=True)


def text(name: str, heading: str) -> TableColumn:
    """Show a column of text that stands right, such as a number with its interval."""
    return TableColumn(heading, lambda row: str(row[name]))


def points(name: str, heading: str, digits: int = 0) -> TableColumn:
    """Show a column of numbers."""
    return TableColumn(heading, lambda row: "–" if row[name] is None else number(row[name], digits))


def percent(name: str, heading: str, digits: int = 0) -> TableColumn:
    """Show a column of shares in per cent."""
    return TableColumn(heading, lambda row: f"{number(100 * row[name], digits)} %".replace("– %", "–"))


def limits(
    heading: str, digits: int = 0, times: float = 1, names: tuple[str, str] = ("lower", "upper")
) -> TableColumn:
    """Show the two columns of an interval."""

    def show(row: Row) -> str:
        lower, upper = (number(times * row[name], digits) for name in names)
        return f"{lower} to {upper}"

    return TableColumn(heading, show)


def ranks(heading: str) -> TableColumn:
    """Show a rank with the range that the intervals allow."""

    def show(row: Row) -> str:
        low, high = row["rank_low"], row["rank_high"]
        return str(row["rank"]) if low == high else f"{row['rank']} ({low}–{high})"

    return TableColumn(heading, show)


def p_value(name: str, heading: str) -> TableColumn:
    """Show a column of p-values."""
    return TableColumn(heading, lambda row: probability(row[name]))


def probability(value: float) -> str:
    """Write a p-value: with three decimals, or as less than 0.001."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def counted(count: int, noun: str) -> str:
    """Write a number with its noun, in the plural unless it is one."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"
