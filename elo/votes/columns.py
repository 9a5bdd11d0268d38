"""What a table of votes holds and under which names, whatever it is read from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from elo.names import several
from elo.votes.coding import Coded
from elo.votes.numbers import weights
from elo.votes.tally import OUTCOMES, Floats

Numbers: TypeAlias = Sequence[float] | Floats

REQUIRED = ("contender_a", "contender_b", "outcome")
OPTIONAL = ("prompt", "rater", "side", "order", "weight", "propensity")
NUMBERS = ("weight", "propensity")
ALIASES = {
    "model_a": "contender_a",
    "model_b": "contender_b",
    "left": "contender_a",
    "right": "contender_b",
    "winner": "outcome",
    "judge": "rater",
}
"""Names in the files of FastChat (model_a, model_b, winner, judge), arena-rank (the same without judge) and
evalica (left, right, winner)."""
WORDS = {name: code for code, name in enumerate(OUTCOMES)}
FOREIGN_WORDS = {"model_a": WORDS["a"], "model_b": WORDS["b"], "tie (bothbad)": WORDS["both_bad"]}
"""What FastChat and arena-rank call outcomes, under whatever names the columns are."""


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of N votes as they were read: labels coded, not yet checked against each other."""

    labels: Mapping[str, Coded]
    """Contenders, outcome and, where recorded, prompt, rater, side and order, by those names."""
    weight: Numbers | None = None
    propensity: Numbers | None = None
    covariates: Mapping[str, Numbers] = field(default_factory=dict)
    words: Mapping[Any, int] = field(default_factory=lambda: WORDS)
    """What the column of outcomes may say, and the place in `OUTCOMES` of what it means."""

    @property
    def rows(self) -> int:
        return len(self.labels["outcome"].codes)

    def without_empty_rows(self) -> Columns:
        """Check the weights, and drop the rows that stand for no vote."""
        weight = weights(self.weight, self.rows)
        if self.weight is None or (weight > 0).all():
            return replace(self, weight=weight)
        return self._keep(weight > 0)

    def _keep(self, rows: NDArray[np.bool_]) -> Columns:
        def kept(values: Numbers | None) -> Floats | None:
            return None if values is None else np.asarray(values, dtype=np.float64)[rows]

        return replace(
            self,
            labels={name: Coded(coded.codes[rows], coded.labels) for name, coded in self.labels.items()},
            weight=kept(self.weight),
            propensity=kept(self.propensity),
            covariates={
                name: np.asarray(values, dtype=np.float64)[rows] for name, values in self.covariates.items()
            },
        )


class Layout(NamedTuple):
    """Where a table keeps the columns of votes."""

    source: Mapping[str, str]
    """The table's name for each of our columns that it has."""
    covariates: tuple[str, ...]

    @property
    def labels(self) -> Mapping[str, str]:
        """The part of `source` that holds labels."""
        return {ours: theirs for ours, theirs in self.source.items() if ours not in NUMBERS}

    @property
    def numbers(self) -> Mapping[str, str]:
        """The columns of numbers: those of `source`, and the covariates."""
        ours = {name: self.source[name] for name in NUMBERS if name in self.source}
        return {name: name for name in self.covariates} | ours

    @property
    def words(self) -> Mapping[Any, int]:
        """The outcomes' names: ours, FastChat's, and the columns' own of the contender that won."""
        sides = {self.source["contender_a"]: WORDS["a"], self.source["contender_b"]: WORDS["b"]}
        return WORDS | FOREIGN_WORDS | sides


Chooser: TypeAlias = Callable[[Iterable[Any]], Layout]
"""Finds the columns of votes among a table's."""


def find_layout(
    names: Iterable[Any], *, optional: Sequence[str] = OPTIONAL, covariates: Sequence[str] = ()
) -> Layout:
    """Find the columns of votes by their names; other columns are ignored.

    Args:
        names: the names of all columns of the table.
        optional: which of the columns that votes may have to take, where they are there.
        covariates: the columns to take as covariates.

    Raises:
        ValueError: a required column or a covariate is missing, or one is there under two names.
    """
    found, covariates = tuple(map(str, names)), several("covariates", covariates)
    source: dict[str, str] = {}
    for name in found:
        ours = ALIASES.get(name, name)
        if ours in source:
            raise ValueError(f"The votes have both {name} and {source[ours]}. Keep one of each.")
        if ours in (*REQUIRED, *optional):
            source[ours] = name
    missing = [name for name in REQUIRED if name not in source]
    missing += [name for name in covariates if name not in found]
    if missing:
        raise ValueError(_missing(missing, found))
    return Layout(source, covariates)


def read_layout(
    layout: Layout, code: Callable[[str, str], Coded], number: Callable[[str, str], Floats]
) -> Columns:
    """Read the columns of a layout.

    Args:
        layout: which columns.
        code: reads a column of labels, from its name for errors and the table's name for it.
        number: reads a column of numbers, from the same.
    """
    labels = {ours: code(ours, theirs) for ours, theirs in layout.labels.items()}
    values = {ours: number(ours, theirs) for ours, theirs in layout.numbers.items()}
    return Columns(
        labels=labels,
        weight=values.get("weight"),
        propensity=values.get("propensity"),
        covariates={name: values[name] for name in layout.covariates},
        words=layout.words,
    )


def _missing(missing: Sequence[str], found: Sequence[str]) -> str:
    near = {name: difflib.get_close_matches(name, found, n=1) for name in missing}
    hints = "".join(f" Is {match[0]!r} meant as {name}?" for name, match in near.items() if match)
    return (
        f"The votes lack {', '.join(missing)}. They have: {', '.join(found)}.{hints} "
        f"Needed: {', '.join(REQUIRED)} (or {', '.join(ALIASES)}); optional: {', '.join(OPTIONAL)}."
    )
