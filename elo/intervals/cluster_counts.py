"""Votes by cluster as a table of counts, which takes the place of rows of votes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from elo.arrays import Floats


@dataclass(frozen=True, eq=False)
class ClusterCounts:
    """Clusters of one kind by their counts; it answers what `Rows` do."""

    counts: Floats
    """Votes by feature, shape (G, F J)."""
    by_contender: Floats
    """Votes of each cluster on each contender, shape (G, K)."""

    @property
    def groups(self) -> int:
        """Number of clusters, G."""
        return len(self.counts)

    @cached_property
    def votes(self) -> Floats:
        """Votes of each cluster, shape (G,)."""
        total: Floats = self.counts.sum(axis=1)
        return total
