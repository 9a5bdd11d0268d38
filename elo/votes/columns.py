"""Columns of a table of votes, and the names under which files have them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from elo.arguments import several
from elo.arrays import Floats
from elo.votes.coding import Coded
from elo.votes.numbers import weights
from elo.votes.tally import OUTCOMES

Numbers: TypeAlias = Sequence[float] | Floats

REQUIRED = ("contender_a", "contender_b", "outcome")
OPTIONAL = ("prompt", "rater", "side", "order", "weight", "propensity")
BLIND = "blind"
"""Whether the vote was cast without names shown: read wherever it is there."""
NUMBERS = ("weight", "propensity")
ALIASES = {
    "model_a": "contender_a",
    "model_b": "contender_b",
    "left": "contender_a",
    "right": "contender_b",
    "winner": "outcome",
    "anony": "blind",
    **dict.fromkeys(("judge", "worker", "user", "annotator", "evaluator", "participant", "voter"), "rater"),
    **dict.fromkeys(
        ("rater_id", "judge_id", "worker_id", "user_id", "annotator_id", "evaluator_id", "participant_id"),
        "rater",
    ),
    **dict.fromkeys(("prompt_id", "question", "question_id", "instruction"), "prompt"),
}
"""Names in the files of FastChat (model_a, model_b, winner, judge, anony), arena-rank (the first three),
evalica (left, right, winner), and what crowdsourcing sites call raters and prompts. Of several names for an
optional column the first here is read."""
CALLED = "model_a, model_b, winner; left, right, winner"
"""Names of the required columns in other tools, for messages."""
MOST_SHOWN = 12
WORDS = {name: code for code, name in enumerate(OUTCOMES)}
FOREIGN_WORDS = {
    "model_a": WORDS["a"],
    "model_b": WORDS["b"],
    **dict.fromkeys(("tie (bothbad)", "bothbad"), WORDS["both_bad"]),
}
"""Outcomes in the words of FastChat and arena-rank."""


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of N votes as they were read: labels coded, not yet checked against each other."""

    labels: Mapping[str, Coded]
    """Contenders, outcome and, where recorded, prompt, rater, side and order, by those names."""
    weight: Numbers | None = None
    propensity: Numbers | None = None
    covariates: Mapping[str, Numbers] = field(default_factory=dict)
    words: Mapping[Any, int] = field(default_factory=lambda: WORDS)
    """Place in `OUTCOMES` of each word that the column of outcomes may hold."""
    notes: tuple[str, ...] = ()
    """Remarks on what was left out, or merged."""

    def noting(self, *notes: str) -> Columns:
        """Return the columns with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    @property
    def rows(self) -> int:
        """Number of rows, N."""
        return len(self.labels["outcome"].codes)

    def without_empty_rows(self) -> Columns:
        """Check the weights, and drop the rows that stand for no vote."""
        weight = weights(self.weight, self.rows)
        if self.weight is None or (weight > 0).all():
            return replace(self, weight=weight)
        return self.keep(weight > 0)

    def keep(self, rows: NDArray[np.bool_]) -> Columns:
        """Keep these rows alone, shape (N,)."""

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
    """Names of the columns of votes in a table."""

    source: Mapping[str, str]
    """The table's name for each of our columns that it has."""
    covariates: tuple[str, ...]
    notes: tuple[str, ...] = ()

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
        sides = {plain(self.source["contender_a"]): WORDS["a"], plain(self.source["contender_b"]): WORDS["b"]}
        return WORDS | FOREIGN_WORDS | sides


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
    named: dict[str, list[str]] = {}
    for name in found:
        if (ours := meaning(name)) in (*REQUIRED, *optional, BLIND):
            named.setdefault(str(ours), []).append(name)
    source = {ours: _chosen(ours, those) for ours, those in named.items()}
    notes = tuple(
        f"Read {source[ours]} as {ours}, not {', '.join(each for each in those if each != source[ours])}."
        for ours, those in named.items()
        if len(those) > 1
    )
    missing = [name for name in REQUIRED if name not in source]
    missing += [name for name in covariates if name not in found]
    if missing:
        raise ValueError(_missing(missing, found))
    return Layout(source, covariates, notes)


def _chosen(ours: str, named: Sequence[str]) -> str:
    """Choose the name to read among the table's names for a column: our own, or the first of `ALIASES`.

    Raises:
        ValueError: a column that is needed is there twice, or one has the same name twice.
    """
    if len(named) > 1 and (ours in REQUIRED or len(set(map(_joined, named))) < len(named)):
        raise ValueError(f"The votes have both {named[1]} and {named[0]}. Keep one of each.")
    order = [_joined(each) for each in (ours, *ALIASES)]
    return min(named, key=lambda name: order.index(_joined(name)))


def plain(text: str) -> str:
    """Fold a heading or an outcome: without its case, its spaces and the marks around it."""
    folded = unicodedata.normalize("NFC", text).strip(" \t\r\n\ufeff\u200b\xa0\"'").casefold()
    return folded.replace(" ", "_").replace("-", "_")


def meaning(name: Any) -> str | None:  # noqa: ANN401 - pandas has columns of any name
    """Return our column that a heading names, whatever its case and spaces; None for any other heading."""
    return HEADINGS.get(_joined(str(name)))


def _joined(heading: str) -> str:
    """Fold a heading further, so that `worker_id`, `Worker ID` and `WorkerId` are equal."""
    return plain(heading).replace("_", "")


HEADINGS = {
    **{_joined(alias): ours for alias, ours in ALIASES.items()},
    **{_joined(ours): ours for ours in (*REQUIRED, *OPTIONAL, BLIND)},
}
"""Our column for each heading, written in one word."""


def _missing(missing: Sequence[str], found: Sequence[str]) -> str:
    found = [name for name in found if name.strip()]
    near = {name: difflib.get_close_matches(name, found, n=1) for name in missing}
    hints = "".join(f" Is {match[0]!r} meant as {name}?" for name, match in near.items() if match)
    shown = ", ".join(name if len(name) <= 30 else f"{name[:30]}..." for name in found[:MOST_SHOWN])
    more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    return (
        f"The votes lack {', '.join(missing)}. They have: {shown or 'no columns'}{more}.{hints} "
        f"Needed: {', '.join(REQUIRED)} (or {CALLED}); optional: {', '.join(OPTIONAL)}."
    )
