"""Strengths for planning where votes are few: pulled towards an even field, so that they always exist."""

from __future__ import annotations

import numpy as np

from elo.arrays import Floats
from elo.models.bradley_terry import maximise

PRIOR_SD = 1.0
"""Log-odds (174 Elo points): the spread of a wide board, so that a few dozen votes outweigh it."""


def shrunken_strengths(credit: Floats, prior_sd: float = PRIOR_SD) -> Floats:
    """Most probable Bradley-Terry strengths when each is normal about zero beforehand.

    For choosing pairs, not for a board: they are biased to the middle.

    Args:
        credit: shape (K, K), wins of i over j with half wins for ties; may be all zero.
        prior_sd: log-odds.

    Raises:
        NotConverged: the optimiser did not meet its tolerance.
    """
    return maximise(credit, ridge=prior_sd**-2).strengths if credit.any() else np.zeros(len(credit))
