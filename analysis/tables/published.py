"""Our ratings beside those that others published.

M. G. Kendall, "A new measure of rank correlation", Biometrika 30 (1938), 81-93: tau, over pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.published import PublishedBoard
from analysis.subject import Subject

if TYPE_CHECKING:
    import pandas as pd

LEAST = 2
"""Contenders that both boards must have."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two boards, compared over the contenders that both have."""

    rows: pd.DataFrame
    """Best first by ours: `rating`, `lower`, `upper`; `theirs`, `theirs_lower`, `theirs_upper`, moved to
    our mean; `difference` of ours from theirs; `votes` and `their_votes`; and `differs`, whether the
    two intervals allow no equal rating (NaN where theirs is not known)."""
    shift: float
    """Points that were added to their ratings."""
    spread: float
    """Spread of their ratings as a multiple of ours."""
    concordant: int
    """Pairs of contenders that both put in the same order."""
    pairs: int
    """Pairs of contenders without equal ratings on either board."""
    typical: float
    """Root mean square of the differences, in points."""
    only_ours: tuple[str, ...]
    only_theirs: tuple[str, ...]

    @property
    def tau(self) -> float:
        """Kendall's rank correlation: 1 for the same order, -1 for the opposite one."""
        return 2 * self.concordant / self.pairs - 1 if self.pairs else float("nan")


def compare(subject: Subject, board: PublishedBoard) -> Comparison:
    """Compare our ratings with a published board.

    Their ratings are moved so that the contenders in common have our mean, since boards choose their zero
    freely. They are not stretched: `spread` tells how much wider or closer theirs lie.

    Args:
        subject: the rated votes.
        board: the published board.

    Raises:
        ValueError: fewer than two contenders are on both boards.
    """
    ours = {row.contender: row for row in subject.board.rows}
    theirs = board.rows.set_index("contender")
    common = [name for name in subject.names if name in theirs.index]
    if len(common) < LEAST:
        raise ValueError(
            f"A comparison needs {LEAST} contenders on both boards; there are {len(common)}. Theirs: "
            f"{', '.join(map(str, theirs.index[:12]))}. Write names as the votes have them."
        )
    mine = np.array([ours[name].rating for name in common])
    published = theirs.loc[common, "rating"].to_numpy(dtype=np.float64)
    shift = float(mine.mean() - published.mean())
    concordant, pairs = _order(mine, published)
    return Comparison(
        rows=_rows(subject, theirs.loc[common], shift),
        shift=shift,
        spread=float(published.std() / mine.std()) if mine.std() > 0 else float("nan"),
        concordant=concordant,
        pairs=pairs,
        typical=float(np.sqrt(np.mean((mine - published - shift) ** 2))),
        only_ours=tuple(name for name in subject.names if name not in theirs.index),
        only_theirs=tuple(str(name) for name in theirs.index if name not in ours),
    )


def _rows(subject: Subject, theirs: pd.DataFrame, shift: float) -> pd.DataFrame:
    import pandas as pd  # the web process loads this package and needs no pandas

    mine = pd.DataFrame(subject.board.rows).set_index("contender").loc[theirs.index]
    frame = mine[["rating", "lower", "upper", "votes"]].copy()
    for name, column in (("theirs", "rating"), ("theirs_lower", "lower"), ("theirs_upper", "upper")):
        frame[name] = theirs[column] + shift
    frame["their_votes"] = theirs["votes"]
    frame["difference"] = frame["rating"] - frame["theirs"]
    # Margins of the two sides that face each other, added in quadrature as independent errors are.
    above = frame["difference"] > 0
    own = np.where(above, frame["rating"] - frame["lower"], frame["upper"] - frame["rating"])
    other = np.where(above, frame["theirs_upper"] - frame["theirs"], frame["theirs"] - frame["theirs_lower"])
    margin = np.hypot(own, other)
    frame["differs"] = np.where(np.isnan(margin), np.nan, np.abs(frame["difference"]) > margin)
    return frame.rename_axis("contender").reset_index()


def _order(
    ours: np.ndarray[tuple[int], np.dtype[np.float64]], theirs: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[int, int]:
    upper = np.triu_indices(len(ours), 1)
    signs = np.sign((ours[:, None] - ours[None])[upper]) * np.sign((theirs[:, None] - theirs[None])[upper])
    return int((signs > 0).sum()), int((signs != 0).sum())
