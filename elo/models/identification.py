"""Whether votes identify ratings at all: a question about the graph of who met and who beat whom."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from elo.votes.tally import Tally


class NotIdentified(ValueError):
    """The votes have no finite maximum-likelihood ratings, or no interval by the clusters asked for."""


def require_identified(tally: Tally) -> None:
    """Refuse votes without unique, finite Bradley-Terry ratings.

    They exist if and only if, however the contenders are split in two, each half took some credit from the
    other: the graph with an arrow from each contender to those it took credit from is strongly connected
    (Ford 1957, American Mathematical Monthly 64; assumption 1 of Hunter 2004, Annals of Statistics 32).

    Raises:
        NotIdentified: names the groups that never met, or those that won or lost everything against the rest.
    """
    groups = _components(tally.met > 0, "weak")
    if len(groups) > 1:
        listed = "; ".join(_listed(tally, group) for group in groups)
        raise NotIdentified(
            f"No votes connect these groups of contenders: {listed}. "
            "Collect votes between them, or rate them apart."
        )
    took = tally.credit > 0
    groups = _components(took, "strong")
    if len(groups) > 1:
        verdicts = "; ".join(filter(None, (_verdict(tally, took, group) for group in groups)))
        raise NotIdentified(
            f"No finite ratings exist: {verdicts}. Collect votes until each has both won and lost (or tied), "
            "or leave these contenders out."
        )


def _components(
    arrows: NDArray[np.bool_], connection: Literal["weak", "strong"]
) -> list[NDArray[np.signedinteger]]:
    count, label = connected_components(arrows.astype(np.int8), connection=connection)
    return [np.flatnonzero(label == group) for group in range(count)]


def _verdict(tally: Tally, took: NDArray[np.bool_], group: NDArray[np.signedinteger]) -> str:
    rest = np.setdiff1d(np.arange(len(took)), group)
    if not took[np.ix_(rest, group)].any():
        return f"{_listed(tally, group)} won everything against the others"
    if not took[np.ix_(group, rest)].any():
        return f"{_listed(tally, group)} lost everything against the others"
    return ""


def _listed(tally: Tally, group: NDArray[np.signedinteger]) -> str:
    return ", ".join(tally.contenders[member] for member in group)
