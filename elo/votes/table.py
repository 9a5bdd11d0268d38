"""Votes as integer-coded columns: the form in which everything else here reads them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.votes import numbers
from elo.votes.cleaning import cleaned, without_self_pairs
from elo.votes.coding import Coded, Codes, compact, encode, missing, recode, smallest_type, used_labels
from elo.votes.columns import OPTIONAL, Columns, plain
from elo.votes.counting import count
from elo.votes.frames import FrameSource
from elo.votes.reading import read_file
from elo.votes.source import Wanted, lay_out
from elo.votes.tally import MIRRORED, Tally

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Signs: TypeAlias = NDArray[np.int8]

SIGN_WORDS = {"side": {"a": 0, "b": 1, "left": 0, "right": 1}, "order": {"a": 0, "b": 1}}
"""Words of each column of signs: 0 is for contender a, 1 against it."""
SIGNS = np.array([1, -1, 0], dtype=np.int8)
"""The sign of each word's number; the last is that of a blank."""


@dataclass(frozen=True, eq=False)
class Votes:
    """N rows of votes between K contenders, made by `from_columns`, `from_frame`, `from_arrow` or `read`."""

    contenders: tuple[str, ...]
    contender_a: Codes
    """Place in `contenders` of what was shown on side a, shape (N,)."""
    contender_b: Codes
    outcome: Codes
    """Place in `OUTCOMES`, shape (N,)."""
    weight: Floats
    """Number of equal votes that each row stands for, above 0, shape (N,)."""
    prompt: Codes | None = None
    """Prompt of each row as 0, 1, 2, ... without a gap, shape (N,); None where not recorded."""
    rater: Codes | None = None
    side: Signs | None = None
    """Side of contender a, shape (N,): 1 on the left, -1 on the right, 0 where that is not recorded.

    A tally counts 0 as the left. None: a always was on the left."""
    order: Signs | None = None
    """Order of contender a, shape (N,): 1 played first, -1 played second, 0 where that is not recorded."""
    propensity: Floats | None = None
    """Probability with which the pair was drawn, shape (N,)."""
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    """Features of the clip of contender a less those of contender b, by name, shape (N,) each."""
    prompt_labels: tuple[Hashable, ...] | None = None
    """Labels of the prompts, in the order of their codes."""
    rater_labels: tuple[Hashable, ...] | None = None
    notes: tuple[str, ...] = ()
    """Remarks on what was left out, or merged, when the votes were read."""

    @classmethod
    def from_columns(
        cls,
        *,
        contender_a: Sequence[str],
        contender_b: Sequence[str],
        outcome: Sequence[str],
        prompt: Sequence[Hashable] | None = None,
        rater: Sequence[Hashable] | None = None,
        side: Sequence[str | None] | None = None,
        order: Sequence[str | None] | None = None,
        weight: Sequence[float] | None = None,
        propensity: Sequence[float] | None = None,
        covariates: Mapping[str, Sequence[float]] | None = None,
        contenders: Sequence[str] | None = None,
    ) -> Votes:
        """Code columns of labels, one value a vote.

        Args:
            contender_a: names of what was shown on side a.
            contender_b: names of what was shown on side b.
            outcome: `a`, `b`, `tie` or `both_bad`.
            prompt: any labels that tell prompts apart.
            rater: any labels that tell raters apart.
            side: which contender was shown on the left, `a` or `b`, or where a was, `left` or `right`; by
                default a was on the left. None or "" where it is not recorded.
            order: `a` or `b`: which contender was played first. None or "" where it is not recorded.
            weight: how many equal votes each row stands for, 0 and above; rows of 0 are dropped.
            propensity: the probability with which each pair was drawn.
            covariates: features of the clip of contender a less those of contender b, by name.
            contenders: the names allowed, in the order wanted; by default those that occur, sorted.

        Raises:
            ValueError: there are no votes, fewer than two contenders, columns of different length, a value
                that is missing, unknown or out of its range.
        """
        labels = {
            "contender_a": contender_a,
            "contender_b": contender_b,
            "outcome": outcome,
            "prompt": prompt,
            "rater": rater,
            "side": side,
            "order": order,
        }
        given = {"weight": weight, "propensity": propensity, **(covariates or {})}
        _check_lengths(labels | given)
        columns = Columns(
            labels={name: encode(name, values) for name, values in labels.items() if values is not None},
            weight=weight,
            propensity=propensity,
            covariates=covariates or {},
        )
        return cls.from_coded(columns, contenders=contenders)

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, covariates: Sequence[str] = (), contenders: Sequence[str] | None = None
    ) -> Votes:
        """Read a DataFrame with the columns of `from_columns`; others are ignored.

        The names in the files of other tools are understood: `model_a`, `model_b`, `winner` (of `model_a`,
        `model_b`, `tie`, `tie (bothbad)` or `both_bad`) and `judge` of FastChat and arena-rank; `left`,
        `right`, `winner` (of `left`, `right`, `tie`) of evalica.

        Args:
            frame: one row for each vote.
            covariates: the columns to take as covariates.
            contenders: as in `from_columns`.

        Raises:
            ValueError: a column is missing, or as in `from_columns`.
        """
        columns = lay_out(FrameSource(frame), Wanted(covariates=covariates))
        return cls.from_coded(columns, contenders=contenders)

    @classmethod
    def from_arrow(
        cls, table: pa.Table, *, covariates: Sequence[str] = (), contenders: Sequence[str] | None = None
    ) -> Votes:
        """Read an Arrow table like a DataFrame (`from_frame`); dictionary columns are quick to read."""
        from elo.votes.arrow import ArrowSource  # needs pyarrow, which may not be installed

        columns = lay_out(ArrowSource(table), Wanted(covariates=covariates))
        return cls.from_coded(columns, contenders=contenders)

    @classmethod
    def read(
        cls,
        path: Path | str,
        *,
        optional: Sequence[str] = OPTIONAL,
        covariates: Sequence[str] = (),
        contenders: Sequence[str] | None = None,
    ) -> Votes:
        """Read a file: Parquet, Arrow, CSV or tab-separated text, JSON or JSON lines.

        Args:
            path: the file, with columns as in `from_frame`.
            optional: which optional columns to read, where the file has them; the fewer, the quicker.
            covariates: the columns to take as covariates.
            contenders: as in `from_columns`.

        Raises:
            OSError: the file cannot be read.
            ValueError: a column is missing, or as in `from_columns`.
            ModuleNotFoundError: the file is Parquet or Arrow, and pyarrow is not installed.
        """
        columns = read_file(Path(path), Wanted(optional, covariates))
        return cls.from_coded(columns, contenders=contenders)

    @classmethod
    def from_coded(cls, columns: Columns, *, contenders: Sequence[str] | None = None) -> Votes:
        """Check columns against each other and bring them to common codes.

        Args:
            columns: as they were read.
            contenders: as in `from_columns`.

        Raises:
            ValueError: as in `from_columns`.
        """
        columns = without_self_pairs(cleaned(columns).without_empty_rows())
        if not columns.rows:
            raise ValueError(
                " ".join(("There are no votes to rate: at least one is needed.", *columns.notes))
            )
        names = _names(columns, contenders)
        place = {name: code for code, name in enumerate(names)}
        a, b = (_contender(columns, name, place) for name in ("contender_a", "contender_b"))
        prompt, rater = _group(columns, "prompt"), _group(columns, "rater")
        return cls(
            contenders=names,
            contender_a=a,
            contender_b=b,
            outcome=_outcome(columns),
            weight=np.asarray(columns.weight, dtype=np.float64),
            prompt=prompt.codes if prompt else None,
            rater=rater.codes if rater else None,
            side=_signs(columns, "side"),
            order=_signs(columns, "order"),
            propensity=None if columns.propensity is None else numbers.propensities(columns.propensity),
            covariates={name: numbers.covariate(name, values) for name, values in columns.covariates.items()},
            prompt_labels=prompt.labels if prompt else None,
            rater_labels=rater.labels if rater else None,
            notes=columns.notes,
        )

    @property
    def prompts(self) -> int | None:
        """Number of prompts; None where prompts are not recorded."""
        return None if self.prompt_labels is None else len(self.prompt_labels)

    @property
    def raters(self) -> int | None:
        """Number of raters; None where raters are not recorded."""
        return None if self.rater_labels is None else len(self.rater_labels)

    def among(self, places: NDArray[np.intp]) -> Votes:
        """Keep the votes between these contenders alone, given by their places, shape (n,)."""
        place = np.full(len(self.contenders), -1)
        place[places] = np.arange(len(places))
        dtype = smallest_type(len(places))
        rows = np.flatnonzero((place[self.contender_a] >= 0) & (place[self.contender_b] >= 0))
        prompt, rater = (self._group_of(name, rows) for name in ("prompt", "rater"))

        def kept(values: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if values is None else values[rows]

        return replace(
            self,
            contenders=tuple(self.contenders[place] for place in places),
            contender_a=place[self.contender_a[rows]].astype(dtype),
            contender_b=place[self.contender_b[rows]].astype(dtype),
            outcome=self.outcome[rows],
            weight=self.weight[rows],
            prompt=prompt and prompt.codes,
            rater=rater and rater.codes,
            side=kept(self.side),
            order=kept(self.order),
            propensity=kept(self.propensity),
            covariates={name: values[rows] for name, values in self.covariates.items()},
            prompt_labels=prompt and prompt.labels,
            rater_labels=rater and rater.labels,
        )

    def _group_of(self, name: str, rows: NDArray[np.intp]) -> Coded | None:
        codes, labels = getattr(self, name), getattr(self, f"{name}_labels")
        if codes is None:
            return None
        return compact(Coded(codes[rows], labels or tuple(range(int(codes.max()) + 1))), name)

    def tally(self, *, compiled: bool = True) -> Tally:
        """Count the votes by pair, side and outcome; where `side` is recorded, what was on the left is a.

        Args:
            compiled: whether many votes may be counted by compiled loops. Loading the compiler takes longer
                than numpy takes to count ten million votes once.
        """
        columns = (*self._from_the_left(), self.weight)
        return Tally(self.contenders, count(*columns, len(self.contenders), compiled=compiled), self.notes)

    def _from_the_left(self) -> tuple[Codes, Codes, Codes]:
        """Return the contenders on the left and right, and the outcome with these as a and b, (N,) each."""
        if self.side is None or not (turned := self.side < 0).any():
            return self.contender_a, self.contender_b, self.outcome
        mirrored = MIRRORED.astype(self.outcome.dtype)[self.outcome]
        return (
            np.where(turned, self.contender_b, self.contender_a),
            np.where(turned, self.contender_a, self.contender_b),
            np.where(turned, mirrored, self.outcome),
        )


def _check_lengths(columns: Mapping[str, Sequence[object] | None]) -> None:
    lengths = {name: len(values) for name, values in columns.items() if values is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"Columns differ in length: {listed}. Each needs one value for each vote.")


def _names(columns: Columns, known: Sequence[str] | None) -> tuple[str, ...]:
    if known is None:
        found = used_labels(columns.labels["contender_a"]), used_labels(columns.labels["contender_b"])
        names = tuple(sorted({str(name) for labels in found for name in labels}))
    else:
        names = tuple(known)
    if len(set(names)) < len(names):
        raise ValueError(f"contenders= names one twice: {', '.join(names)}.")
    if len(names) == 1:
        raise ValueError(f"Only one contender, {names[0]!r}: a comparison needs at least two.")
    return names


def _contender(columns: Columns, name: str, place: Mapping[Any, int]) -> Codes:
    codes, labels = columns.labels[name]
    return recode(name, Coded(codes, tuple(map(str, labels))), place)


def _outcome(columns: Columns) -> Codes:
    """Return outcomes as codes; words are looked up folded, and errors show them as they are."""
    codes, labels = columns.labels["outcome"]
    known: dict[Any, Hashable] = {plain(word): word for word in columns.words}
    return recode("outcome", Coded(codes, tuple(known.get(label, label) for label in labels)), columns.words)


def _group(columns: Columns, name: str) -> Coded | None:
    return compact(columns.labels[name], name) if name in columns.labels else None


def _signs(columns: Columns, name: str) -> Signs | None:
    if name not in columns.labels:
        return None
    coded = columns.labels[name]
    known: Mapping[Any, int] = SIGN_WORDS[name]
    if missing(coded).any():
        known = {**known, None: len(SIGNS) - 1}
    return SIGNS[recode(name, coded, known)]
