"""Fragility of ranks: the fewest votes, raters or prompts whose removal puts the lower contender on top.

T. Broderick, R. Giordano, R. Meager, "An automatic finite-sample robustness metric: when can dropping a
little data make a big difference?" (2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Unpack, get_args

import numpy as np

from elo.arguments import place_of, several
from elo.fit import ELO_SCALE
from elo.robustness.refits import Model, Refits
from elo.robustness.removals import Removable, Removed, fewest, pool_of
from elo.votes.table import Votes

if TYPE_CHECKING:
    import pandas as pd


class Fragile(NamedTuple):
    """One pair of contenders, and what it takes to turn it."""

    above: str
    below: str
    place: int
    """The rank of the one above, 1 for the best."""
    gap: float
    """Rating points between them."""
    kind: Removable
    needed: int | None
    """Number whose removal turns the pair, verified by a refit; None where no such set was found."""
    of: float
    """Number that there are."""
    tried: int
    """Largest number tried: `needed`, or a number of the most influential that doesn't suffice."""
    first_order: int | None
    """Number needed according to the influence function alone."""
    removed: tuple[Removed, ...]
    """Things that `needed` counts."""

    def __str__(self) -> str:
        some = f"{self.of:,.0f} {self.kind}s"
        if not self.tried:
            return f"Leaving out none of {some} brings {self.below} nearer to {self.above}."
        if self.needed is None:
            lead = f"the {self.tried:,} most influential of {some}"
            return f"Leaving out {lead} does not put {self.below} above {self.above}."
        place = "flip first place" if self.place == 1 else f"flip place {self.place}"
        share = f"{self.needed / self.of:.2%}" if self.needed / self.of >= 0.0001 else "< 0.01%"
        return (
            f"{self.needed:,} of {some} ({share}) {place}: without them {self.below} is above {self.above}."
        )


@dataclass(frozen=True)
class Fragility:
    """The fragility of pairs, in the order of the board."""

    rows: tuple[Fragile, ...]

    def table(self) -> pd.DataFrame:
        """Return `rows` as a DataFrame."""
        import pandas as pd  # the web process loads this module and needs no pandas

        return pd.DataFrame(self.rows, columns=list(Fragile._fields))


def fragility(
    votes: Votes,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    kinds: Sequence[Removable] = ("vote", "rater", "prompt"),
    scale: float = ELO_SCALE,
    **model: Unpack[Model],
) -> Fragility:
    """Find how few votes, raters or prompts the order of contenders rests on.

    Numbers are the smallest found, each verified by refitting without the things named; see `fewest`.

    Args:
        votes: the votes.
        pairs: the pairs to look at; None is all neighbours on the board.
        kinds: what is removed.
        scale: rating points for one unit of log-odds.
        model: `ties`, `both_bad`, `effects`, `covariates`, `ridge`, as for `fit`; nothing else that `fit`
            takes: no tie effects, no propensities, and no policy but separation='error'.

    Raises:
        ValueError: a contender, a kind or an argument is unknown, or the votes do not record the kind.
        NotIdentified: the votes have no finite ratings.
    """
    for kind in several("kinds", kinds):
        if kind not in get_args(Removable):
            raise ValueError(f"Unknown kind {kind!r}. Known: {', '.join(get_args(Removable))}.")
    refits = Refits.of(votes, model)
    strengths, names = refits.full.strengths, votes.contenders
    board = np.argsort(-strengths, kind="stable")
    pools = {kind: pool_of(refits, votes, kind, "Fragility") for kind in kinds}
    asked = pairwise(board) if pairs is None else ((place_of(a, names), place_of(b, names)) for a, b in pairs)
    rows = []
    for pair in asked:
        above, below = sorted(pair, key=lambda of: -strengths[of])
        contrast = np.zeros(len(names))
        contrast[above], contrast[below] = 1, -1
        for kind, pool in pools.items():
            turn = fewest(refits, pool, contrast)
            rows.append(
                Fragile(
                    above=names[above],
                    below=names[below],
                    place=int((strengths > strengths[above]).sum()) + 1,
                    gap=float(scale * (contrast @ strengths)),
                    kind=kind,
                    needed=turn.size if turn.removed else None,
                    of=pool.total,
                    tried=turn.size,
                    first_order=turn.first_order,
                    removed=turn.removed,
                )
            )
    return Fragility(tuple(rows))
