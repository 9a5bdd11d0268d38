"""Bradley-Terry strengths by maximum likelihood, from the table of who took how much credit from whom.

R. A. Bradley, M. E. Terry, "Rank analysis of incomplete block designs: I. The method of paired comparisons",
Biometrika 39 (1952), 324-345.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from elo.votes.tally import Floats

MAX_ITERATIONS = 500
STEP_TOLERANCE = 1e-9
"""Log-odds. Newton converges quadratically, so what is left after a step this small is rounding error."""
GRADIENT_TOLERANCE = 1e-10
"""Credit left unexplained, as a share of each contender's votes."""


class NotConverged(ArithmeticError):
    """The optimiser stopped before its result met the tolerance."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A certified maximum of the likelihood."""

    strengths: Floats
    """Shape (K,): log-odds, mean zero; i beats j with probability expit(strengths[i] - strengths[j])."""
    information: Floats
    """Shape (K, K): minus the Hessian of the log-likelihood there, a weighted graph Laplacian."""
    iterations: int
    gradient: float
    """Largest gradient of a contender, as a share of its votes."""


def maximise(credit: Floats) -> Solution:
    """Find the strengths that maximise the Bradley-Terry likelihood by damped Newton steps.

    The gradient for i is the credit it took less what its strengths predict, sum_j credit_ij - met_ij p_ij,
    with p_ij = expit(strength_i - strength_j): the derivative of eq. 2 of Hunter 2004 (Annals of Statistics
    32, 384-406). A step that moves pairs by at most d log-odds is shortened to log(1 + d) / d of itself: on a
    logistic likelihood that always ascends (Sun and Tran-Dinh 2019, Mathematical Programming 178, damped step
    for nu = 2).

    Args:
        credit: shape (K, K), wins of i over j with half wins for ties; its graph is strongly connected.

    Raises:
        NotConverged: the tolerance is not met after `MAX_ITERATIONS`.
    """
    met = credit + credit.T
    strengths = np.zeros(len(credit))
    iterations, reach = 0, np.inf
    while reach >= STEP_TOLERANCE and iterations < MAX_ITERATIONS:
        gradient, information = _derivatives(strengths, credit, met)
        step = centred_inverse(information) @ gradient
        reach = np.ptp(step)
        strengths += step * (np.log1p(reach) / reach if reach > 0 else 1.0)
        iterations += 1
    strengths -= strengths.mean()
    gradient, information = _derivatives(strengths, credit, met)
    worst = float(np.max(np.abs(gradient) / met.sum(axis=1)))
    if not (reach < STEP_TOLERANCE and worst < GRADIENT_TOLERANCE):
        raise NotConverged(
            f"The fit did not converge in {iterations} iterations: last step {reach:.1e} log-odds "
            f"(allowed {STEP_TOLERANCE:.0e}), gradient {worst:.1e} of a contender's votes "
            f"(allowed {GRADIENT_TOLERANCE:.0e})."
        )
    return Solution(strengths, information, iterations, worst)


def win_probabilities(strengths: Floats) -> Floats:
    """Shape (K, K): the probability that i beats j."""
    p: Floats = expit(strengths[:, None] - strengths[None, :])
    return p


def laplacian(weights: Floats) -> Floats:
    """Sum over pairs of weight_ij (e_i - e_j)(e_i - e_j)', from symmetric weights of shape (..., K, K)."""
    size = weights.shape[-1]
    degrees: Floats = weights.sum(axis=-1)
    return degrees[..., None] * np.eye(size) - weights


def centred_inverse(information: Floats) -> Floats:
    """Pseudo-inverse of a connected graph's Laplacian; its null space is the constant vectors."""
    size = len(information)
    level = np.trace(information) / size
    inverse: Floats = np.linalg.inv(information + level / size) - 1 / (level * size)
    return inverse


def difference_variances(covariance: Floats) -> Floats:
    """Shape (K, K): variances of strength i less strength j."""
    own: Floats = np.diag(covariance)
    return own[:, None] + own[None, :] - 2 * covariance


def _derivatives(strengths: Floats, credit: Floats, met: Floats) -> tuple[Floats, Floats]:
    p = win_probabilities(strengths)
    return (credit - met * p).sum(axis=1), laplacian(met * p * p.T)
