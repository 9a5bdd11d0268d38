"""Sources of votes: a table as its reader holds it, laid out as columns by one function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from elo.arrays import Floats
from elo.votes.coding import Coded
from elo.votes.columns import OPTIONAL, Columns, Layout, find_layout


class Wanted(NamedTuple):
    """Columns to read besides the required ones."""

    optional: Sequence[str] = OPTIONAL
    """Columns that votes may have, read where the table has them."""
    covariates: Sequence[str] = ()
    """Columns to read as covariates."""


class Source(Protocol):
    """A table of votes. Columns are asked for by the table's own names; `ours` names them in errors."""

    @property
    def names(self) -> Sequence[Any]:
        """Names of all columns; pandas has names of any kind."""

    def load(self, layout: Layout) -> None:
        """Read the columns of the layout together, if that is quicker than one by one."""

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes."""

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing."""


def lay_out(source: Source, wanted: Wanted) -> Columns:
    """Find the columns of votes in a source, and read them.

    Raises:
        ValueError: a column is missing or there twice, or holds what it can't.
    """
    layout = find_layout(source.names, optional=wanted.optional, covariates=wanted.covariates)
    source.load(layout)
    labels = {ours: source.labels(name, ours) for ours, name in layout.labels.items()}
    numbers = {ours: source.numbers(name, ours) for ours, name in layout.numbers.items()}
    return Columns(
        labels=labels,
        weight=numbers.get("weight"),
        propensity=numbers.get("propensity"),
        covariates={name: numbers[name] for name in layout.covariates},
        words=layout.words,
        notes=layout.notes,
    )
