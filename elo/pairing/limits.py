"""Limits of a plan: the pairs allowed, and how often each contender must and may be shown."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import scipy

from elo.arguments import place_of
from elo.arrays import Floats
from elo.pairing.balance import HALF, Bounds


def even_shares(contenders: tuple[str, ...], excluded: Collection[tuple[str, str]]) -> Floats:
    """Return the even distribution over the allowed pairs, 0 elsewhere, shape (K, K).

    Raises:
        ValueError: a contender is unknown, or the allowed pairs leave groups unconnected; names these.
    """
    size = len(contenders)
    allowed = 1 - np.eye(size)
    for a, b in excluded:
        i, j = place_of(a, contenders), place_of(b, contenders)
        allowed[i, j] = allowed[j, i] = 0
    groups, label = scipy.sparse.csgraph.connected_components(allowed, directed=False)
    if groups > 1:
        listed = "; ".join(
            ", ".join(name for name, own in zip(contenders, label, strict=True) if own == group)
            for group in range(groups)
        )
        raise ValueError(f"The allowed pairs never connect these groups: {listed}. Exclude fewer pairs.")
    uniform: Floats = allowed / allowed.sum()
    return uniform


def bounds_beside(balance: tuple[float, float], uniform: Floats, uniform_share: float) -> Bounds:
    """Return bounds on the part left to choose, so that with the uniform part the whole meets the balance.

    Args:
        balance: least and greatest exposure, in multiples of the even one.
        uniform: shape (K, K), the even distribution over the allowed pairs.
        uniform_share: its part.

    Raises:
        ValueError: the balance is out of range, or the uniform part alone breaks it.
    """
    low, high = balance
    if not 0 <= low <= 1 <= high:
        raise ValueError(
            f"balance=({low}, {high}) is out of range. Allowed: two multiples of the even exposure, "
            "the first from 0 to 1, the second 1 or more."
        )
    size, room = len(uniform), 1 - uniform_share
    certain = uniform_share * uniform.sum(axis=1)
    least, most = low / size - certain, high / size - certain
    if (most < 0).any() or (least > room).any() or (room == 0 and (least > 0).any()):
        raise ValueError(
            f"uniform_share={uniform_share} alone breaks balance=({low}, {high}): the pairs excluded make it "
            "uneven. Widen the balance or lower the share."
        )
    if room == 0:
        return Bounds(np.zeros(size), np.full(size, HALF))
    return Bounds(np.clip(least / room, 0, HALF), np.clip(most / room, 0, HALF))
