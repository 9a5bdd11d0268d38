"""Strengths for planning where votes are few: pulled towards an even field, so that they always exist.

The normal prior is that of T. Leonard, "An alternative Bayesian approach to the Bradley-Terry model for
paired comparisons", Biometrics 33 (1977), 121-132.
"""

from __future__ import annotations

import numpy as np

from elo.arrays import Floats
from elo.models.bradley_terry import maximise

PRIOR_SD = 1.0
"""Log-odds (174 Elo points): the spread of a wide board, so that a few dozen votes outweigh it."""


def shrunken_strengths(credit: Floats, prior_sd: float = PRIOR_SD) -> Floats:
    """Return the most probable Bradley-Terry strengths, shape (K,), with a normal prior about zero.

    They serve to choose pairs, not a board: they are biased to the middle.

    Args:
        credit: shape (K, K), wins of i over j with half wins for ties; may be all zero.
        prior_sd: log-odds.

    Raises:
        NotConverged: the optimiser did not meet its tolerance.
    """
    return maximise(credit, ridge=prior_sd**-2).strengths if credit.any() else np.zeros(len(credit))
