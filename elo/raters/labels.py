"""The clusters of votes, raters and prompts, under the names that people know them by."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arguments import Cluster
from elo.votes.table import Votes


class Clusters(NamedTuple):
    """The votes' raters or prompts."""

    code: NDArray[np.intp]
    """Cluster of each vote as 0, 1, 2, ... without a gap, shape (N,)."""
    labels: tuple[Hashable, ...]
    """The clusters' names in the order of their codes."""


def clusters_of(votes: Votes, kind: Cluster, need: str, at_least: int = 1) -> Clusters:
    """Return the votes' column of raters or prompts.

    Args:
        votes: the votes.
        kind: which column.
        need: what needs the column, to begin the error's sentence.
        at_least: how many clusters are needed.

    Raises:
        ValueError: the votes do not record the column, or record fewer clusters; says who needs it.
    """
    code, labels = {
        "rater": (votes.rater, votes.rater_labels),
        "prompt": (votes.prompt, votes.prompt_labels),
    }[kind]
    if code is None or labels is None:
        recorded = [name for name in ("prompt", "rater") if getattr(votes, name) is not None]
        raise ValueError(
            f"{need} needs to know each vote's {kind}, and these votes have no column {kind!r}. "
            f"They have: {', '.join(recorded) or 'neither prompt nor rater'}."
        )
    if len(labels) < at_least:
        raise ValueError(f"{need} needs {at_least} {kind}s or more, and all votes have the same {kind}.")
    return Clusters(code.astype(np.intp), labels)
