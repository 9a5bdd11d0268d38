"""Evidence: a study's votes as arrays that rules look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from arena.screening.mixture import Mixture, separate
from arena.screening.strengths import Duels, Numbers, Reals, Strengths, fit_strengths

FOR_A = {"a": 1.0, "b": 0.0}
"""Outcomes that decide a pair, as wins of side a."""


class Place(NamedTuple):
    """A contender on one track, where it has a strength of its own."""

    track: str
    contender: str


class Answered(NamedTuple):
    """Answers of one rater on control pairs of one kind."""

    right: int
    """Answers as expected."""
    wrong: int
    """Answers that show no care, such as preferring a degraded copy; others count in neither."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """N votes of R raters on K contenders, in the order of the ledger."""

    ballots: Sequence[str]
    """Id of each vote's ballot."""
    outcomes: Sequence[str]
    seconds: Reals
    """Time from the ballot's issue to the vote, shape (N,)."""
    raters: Sequence[str]
    """Ids of the raters, R of them."""
    rater: Numbers
    """Number of each vote's rater, shape (N,)."""
    contenders: Sequence[Place]
    """K contenders."""
    a: Numbers
    """Number of the contender on side a, shape (N,)."""
    b: Numbers
    controls: Mapping[str, Mapping[str, Answered]] = field(default_factory=dict)
    """Answers on control pairs by kind and by the rater's id."""
    origins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Keyed hashes of the network and device that a rater came from first, by the rater's id."""

    @cached_property
    def decided(self) -> Numbers:
        """Numbers of the votes that prefer one side, shape (D,)."""
        return np.array([i for i, outcome in enumerate(self.outcomes) if outcome in FOR_A], dtype=np.intp)

    @cached_property
    def duels(self) -> Duels:
        """The decided votes alone."""
        kept = self.decided
        won = np.array([FOR_A[self.outcomes[vote]] for vote in kept.tolist()])
        sizes = (len(self.raters), len(self.contenders))
        return Duels(self.rater[kept], self.a[kept], self.b[kept], won, *sizes)

    @cached_property
    def strengths(self) -> Strengths:
        """Strengths by all decided votes alike."""
        return fit_strengths(self.duels, np.ones(len(self.raters)))

    @cached_property
    def mixture(self) -> Mixture:
        """How each rater seems to vote."""
        return separate(self.duels)

    @cached_property
    def by_rater(self) -> list[Numbers]:
        """Numbers of the votes of each rater, in their order."""
        order = np.argsort(self.rater, kind="stable")
        counts = np.bincount(self.rater, minlength=len(self.raters))
        return np.split(order, np.cumsum(counts)[:-1]) if len(counts) else []

    def only(self, votes: Numbers) -> Evidence:
        """Return the evidence of some of the votes, by their numbers, with the raters who cast them."""
        seen, rater = np.unique(self.rater[votes], return_inverse=True)
        return replace(
            self,
            ballots=[self.ballots[vote] for vote in votes.tolist()],
            outcomes=[self.outcomes[vote] for vote in votes.tolist()],
            seconds=self.seconds[votes],
            raters=[self.raters[number] for number in seen.tolist()],
            rater=rater,
            a=self.a[votes],
            b=self.b[votes],
        )

    def together(self) -> dict[str, list[int]]:
        """Return the numbers of raters that share a network or device, by its keyed hash."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, rater in enumerate(self.raters):
            for origin in self.origins.get(rater, ()):
                groups[origin].append(number)
        return {origin: members for origin, members in groups.items() if len(members) > 1}
