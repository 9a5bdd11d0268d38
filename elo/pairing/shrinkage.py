"""Strengths for planning where votes are few: pulled towards an even field, so that they always exist."""

from __future__ import annotations

import numpy as np

from elo.models.bradley_terry import laplacian, win_probabilities
from elo.models.newton import NotConverged
from elo.votes.tally import Floats

PRIOR_SD = 1.0
"""Log-odds (174 Elo points): the spread of a wide board, so that a few dozen votes outweigh it."""
STEP_TOLERANCE = 1e-8
MAX_ITERATIONS = 100


def shrunken_strengths(credit: Floats, prior_sd: float = PRIOR_SD, start: Floats | None = None) -> Floats:
    """Most probable Bradley-Terry strengths when each is normal about zero beforehand.

    Newton steps on the penalised likelihood sum_ij credit_ij log p_ij - |s|^2 / (2 prior_sd^2), damped as in
    `elo.models.bradley_terry.maximise`. For choosing pairs, not for a board: they are biased to the middle.

    Args:
        credit: shape (K, K), wins of i over j with half wins for ties; may be all zero.
        prior_sd: log-odds.
        start: shape (K,), strengths from the last call; spares steps.

    Raises:
        NotConverged: the last step is not small after `MAX_ITERATIONS`.
    """
    met, precision = credit + credit.T, prior_sd**-2
    strengths: Floats = np.zeros(len(credit)) if start is None else start - start.mean()
    for _ in range(MAX_ITERATIONS):
        p = win_probabilities(strengths)
        gradient = (credit - met * p).sum(axis=1) - precision * strengths
        information = laplacian(met * p * p.T) + precision * np.eye(len(credit))
        step = np.linalg.solve(information, gradient)
        reach = np.ptp(step)
        strengths = strengths + step * (np.log1p(reach) / reach if reach > 0 else 1.0)
        if reach < STEP_TOLERANCE:
            strengths -= strengths.mean()
            return strengths
    raise NotConverged(
        f"Shrunken strengths did not converge in {MAX_ITERATIONS} iterations: last step {reach:.1e} log-odds "
        f"(allowed {STEP_TOLERANCE:.0e})."
    )
