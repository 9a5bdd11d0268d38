"""Votes by cluster as a table of counts, which takes the place of rows of votes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from elo.arrays import Floats


@dataclass(frozen=True, eq=False)
class ClusterCounts:
    """Clusters of one kind by their counts; it answers what `Rows` do."""

    counts: Floats
    """Votes by feature, shape (F J, G); columns without votes are no clusters."""
    by_contender: Floats
    """Votes of each cluster on each contender, shape (K, G)."""

    @cached_property
    def groups(self) -> int:
        """Number of clusters with votes."""
        return int((self.votes > 0).sum())

    @cached_property
    def votes(self) -> Floats:
        """Votes of each cluster, shape (G,)."""
        total: Floats = self.by_contender.sum(axis=0) / 2
        return total
