"""The contenders that a plan is for, and the strengths that it assumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from elo.arguments import place_of
from elo.arrays import Floats
from elo.pairing.shrinkage import shrunken_strengths
from elo.votes.tally import Tally

WIDEST_GAP = 20.0
"""Log-odds. One upset in 5e8 votes; matrices stay well conditioned up to there."""


class Rated(Protocol):
    """Part of `elo.Ratings` that a plan needs."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """Names of the K contenders."""

    @property
    def strengths(self) -> Floats:
        """Strengths in log-odds, shape (K,)."""


def contenders_of(strengths: Mapping[str, float] | Rated | None, tally: Tally | None) -> tuple[str, ...]:
    """Return the tally's contenders, or else those that have a strength.

    Raises:
        ValueError: there is neither a tally nor strengths, or there are fewer than two contenders.
    """
    if tally is not None:
        contenders = tally.contenders
    elif strengths is None:
        raise ValueError("Nothing to plan from. Give strengths=, a tally=, or both.")
    else:
        contenders = tuple(strengths) if isinstance(strengths, Mapping) else strengths.contenders
    if len(contenders) < 2:
        raise ValueError(f"A pair needs two contenders; there is {len(contenders)}.")
    return contenders


def assumed_strengths(
    strengths: Mapping[str, float] | Rated | None,
    tally: Tally | None,
    contenders: tuple[str, ...],
) -> Floats:
    """Return the strengths given, or else estimated from the tally, shape (K,).

    Raises:
        ValueError: a name is unknown, has no strength, one that is not finite or far from all others.
    """
    if strengths is None:
        credit = np.zeros((len(contenders),) * 2) if tally is None else tally.credit
        return shrunken_strengths(credit)
    if not isinstance(strengths, Mapping):
        strengths = dict(zip(strengths.contenders, map(float, strengths.strengths), strict=True))
    for name in strengths:
        place_of(name, contenders)
    missing = [name for name in contenders if name not in strengths]
    if missing:
        raise ValueError(
            f"No strength for {', '.join(missing)}. Give one to each, or none (strengths=None), "
            "so that the tally's votes are used."
        )
    known = np.array([strengths[name] for name in contenders], dtype=np.float64)
    if not np.isfinite(known).all():
        wrong = contenders[int(np.argmin(np.isfinite(known)))]
        raise ValueError(f"Strength of {wrong} is {strengths[wrong]}. Allowed: finite log-odds.")
    if np.diff(np.sort(known)).max() > WIDEST_GAP:
        raise ValueError(
            f"Two neighbours in strength are more than {WIDEST_GAP:.0f} apart, so that no votes could tell "
            "how far. Give strengths in log-odds: rating points divided by 400 / ln 10."
        )
    return known
