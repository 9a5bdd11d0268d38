"""Running counts of a board's votes by cluster, so that a fit does not depend on the number of votes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arena.standings.clip_facts import ClipFacts
from arena.standings.slices import Slice
from elo.models.grouped import Batch, VoteGroups, features_of
from elo.models.specification import Specification

STORED = np.dtype(
    [("at", "<i8"), ("a", "<u4"), ("b", "<u4"), ("outcome", "u1"), ("order", "u1"), ("sign", "i1")]
)
"""Entry of a sheet, as `arena.voting.tally_sheets.ENTRY` packs it."""
KEPT = np.dtype([*STORED.descr, ("rater", "<u4")])
"""Entry in memory: `a` and `b` are places in `ClipFacts`, `rater` is a number from 0."""
Entries = NDArray[Any]
"""Entries of dtype `KEPT`, shape (N,)."""
Inside: TypeAlias = Callable[[Slice, Entries], NDArray[np.bool_]]

WIDEST = 3200
"""Features of which products are kept, 80 MB: half-win Bradley-Terry takes 56 contenders."""
LARGEST = 20_000_000
"""Counts by cluster that are kept, 160 MB."""


class Groups:
    """Counts of the entries of one slice so far."""

    def __init__(self, names: tuple[str, ...], part: Slice, specification: Specification) -> None:
        """Begin without entries.

        Args:
            names: the contenders, sorted.
            part: the slice.
            specification: the model that the counts are for.
        """
        self.names = names
        self.part = part
        self.votes = VoteGroups(names, specification)
        self.latest: int | None = None
        """Time of the last vote that counts; None where the entries must be looked through for it."""
        self._taken = 0
        self._is_empty = True
        """Whether no entry was of the slice so far."""

    def take(self, entries: Entries, facts: ClipFacts, inside: Inside) -> None:
        """Count the entries that came after those taken before.

        Args:
            entries: all entries of the board.
            facts: facts of its clips.
            inside: function that tells which entries belong to a slice.
        """
        new = entries[self._taken :]
        self._taken = len(entries)
        if self.part and len(new):
            new = new[inside(self.part, new)]
        if not len(new):
            return
        self._see_times(new)
        number = facts.numbered_contenders()[1]
        a, b = new["a"].astype(np.intp), new["b"].astype(np.intp)
        prompt = np.array(facts.prompt_numbers)[a]
        self.votes.add(Batch(number[a], number[b], new["outcome"], prompt, new["rater"], new["sign"]))

    def _see_times(self, new: Entries) -> None:
        """Keep `latest` right, unless one of the last votes was taken back."""
        last = int(new["at"].max())
        taken_back = new["at"][new["sign"] < 0]
        if self._is_empty or self.latest is not None:
            self.latest = max(last, self.latest or last)
        if len(taken_back) and int(taken_back.max()) >= (self.latest or 0):
            self.latest = None
        self._is_empty = False


def can_group(specification: Specification, contenders: int, clusters: int) -> bool:
    """Return whether counts by cluster serve this model and fit into memory."""
    if specification.regressors or specification.tie_effects:
        return False
    width = len(features_of(specification)) * contenders * (contenders - 1) // 2
    return width <= WIDEST and width * clusters <= LARGEST
