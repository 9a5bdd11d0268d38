"""Votes as integer-coded columns: the form in which everything else here reads them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elo.votes.coding import Codes, Counts, compact, encode, whole_counts
from elo.votes.frames import read_columns
from elo.votes.tally import OUTCOMES, Tally

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Votes:
    """N rows of votes between K contenders. Build them with `from_columns` or `from_frame`, which check."""

    contenders: tuple[str, ...]
    contender_a: Codes
    """Shape (N,): place in `contenders` of what was shown on side a."""
    contender_b: Codes
    outcome: Codes
    """Shape (N,): place in `OUTCOMES`."""
    weight: Counts
    """Shape (N,): how many equal votes the row stands for, at least 1."""
    prompt: Codes | None = None
    """Shape (N,): 0, 1, 2, ... without a gap; None where prompts are not recorded."""
    rater: Codes | None = None

    @classmethod
    def from_columns(
        cls,
        *,
        contender_a: Sequence[str],
        contender_b: Sequence[str],
        outcome: Sequence[str],
        prompt: Sequence[Hashable] | None = None,
        rater: Sequence[Hashable] | None = None,
        weight: Sequence[float] | None = None,
        contenders: Sequence[str] | None = None,
    ) -> Votes:
        """Code columns of labels, one value a vote.

        Args:
            contender_a: names of what was shown on side a.
            contender_b: names of what was shown on side b.
            outcome: `a`, `b`, `tie` or `both_bad`.
            prompt: any labels that tell prompts apart.
            rater: any labels that tell raters apart.
            weight: how many equal votes each row stands for; rows of 0 are dropped.
            contenders: the names allowed, in the order wanted; by default those that occur, sorted.

        Raises:
            ValueError: there are no votes, fewer than two contenders, columns of different length, a value
                that is missing or unknown, a contender against itself, or a weight that is no count.
        """
        _check_lengths(
            contender_a=contender_a,
            contender_b=contender_b,
            outcome=outcome,
            prompt=prompt,
            rater=rater,
            weight=weight,
        )
        names = _names(contender_a, contender_b, contenders)
        a, b = encode("contender_a", contender_a, names), encode("contender_b", contender_b, names)
        _refuse_self_pairs(a, b, names)
        counts = whole_counts(weight, len(a))
        kept = counts > 0
        if not kept.any():
            raise ValueError("There are no votes to rate: at least one is needed.")

        def group(column: str, values: Sequence[Hashable] | None) -> Codes | None:
            return None if values is None else compact(encode(column, values)[kept])

        return cls(
            contenders=names,
            contender_a=a[kept],
            contender_b=b[kept],
            outcome=encode("outcome", outcome, OUTCOMES)[kept],
            weight=counts[kept],
            prompt=group("prompt", prompt),
            rater=group("rater", rater),
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, contenders: Sequence[str] | None = None) -> Votes:
        """Read a DataFrame with the columns of `from_columns`.

        The names `model_a`, `model_b` and `winner` (of `model_a`, `model_b`, `tie`, `tie (bothbad)`), common
        in public vote dumps, are understood too. Other columns are ignored.

        Raises:
            ValueError: a column is missing, or as in `from_columns`.
        """
        return cls.from_columns(**read_columns(frame), contenders=contenders)

    @property
    def prompts(self) -> int | None:
        """How many prompts the votes are on; None where prompts are not recorded."""
        return None if self.prompt is None else int(self.prompt.max()) + 1

    @property
    def raters(self) -> int | None:
        return None if self.rater is None else int(self.rater.max()) + 1

    def tally(self) -> Tally:
        """Count the votes by pair, side and outcome."""
        size = len(self.contenders)
        shape = (size, size, len(OUTCOMES))
        cell = np.ravel_multi_index((self.contender_a, self.contender_b, self.outcome), shape)
        counts = np.bincount(cell, weights=self.weight, minlength=size * size * len(OUTCOMES))
        return Tally(self.contenders, counts.astype(np.int64).reshape(shape))


def _check_lengths(**columns: Sequence[object] | None) -> None:
    lengths = {name: len(values) for name, values in columns.items() if values is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"Columns differ in length: {listed}. Each needs one value for each vote.")


def _names(a: Sequence[str], b: Sequence[str], known: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(sorted(set(a).union(b) - {None}) if known is None else known)
    if len(set(names)) < len(names):
        raise ValueError(f"contenders= names one twice: {', '.join(names)}.")
    if len(names) == 1:
        raise ValueError(f"Only one contender, {names[0]!r}: a comparison needs at least two.")
    return names


def _refuse_self_pairs(a: Codes, b: Codes, names: tuple[str, ...]) -> None:
    same = a == b
    if same.any():
        row = int(np.argmax(same))
        raise ValueError(f"Contender {names[a[row]]!r} is compared with itself in row {row}.")
