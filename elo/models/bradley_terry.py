"""Bradley-Terry strengths from the table of who took how much credit from whom, and the algebra of tables.

R. A. Bradley, M. E. Terry, "Rank analysis of incomplete block designs: I. The method of paired comparisons",
Biometrika 39 (1952), 324-345.
"""

from __future__ import annotations

import numpy as np

from elo.arrays import Floats
from elo.models.cells import cells_of_tally
from elo.models.newton import NotConverged, Solution
from elo.models.newton import maximise as maximise_problem
from elo.models.outcomes import expit
from elo.models.specification import Specification
from elo.votes.tally import A, Tally

__all__ = [
    "NotConverged",
    "Solution",
    "centred_inverse",
    "difference_variances",
    "laplacian",
    "maximise",
    "win_probabilities",
]


def maximise(credit: Floats, *, ridge: float = 0.0) -> Solution:
    """Find the strengths that maximise the Bradley-Terry likelihood.

    Args:
        credit: shape (K, K), wins of i over j with half wins for ties, not all zero; without a ridge its
            graph is strongly connected.
        ridge: precision of a normal prior on the strengths about their mean, 1 / log-odds^2.

    Raises:
        NotConverged: the optimiser did not meet its tolerance.
    """
    counts = np.zeros((*credit.shape, 4))
    counts[:, :, A] = credit
    tally = Tally(tuple(map(str, range(len(credit)))), counts)
    return maximise_problem(Specification(ridge=ridge).problem(cells_of_tally(tally)))


def win_probabilities(strengths: Floats) -> Floats:
    """Return the probability that i beats j, shape (K, K), from strengths in log-odds, shape (K,)."""
    p: Floats = expit(strengths[:, None] - strengths[None, :])
    return p


def laplacian(weights: Floats) -> Floats:
    """Return sum_ij weight_ij (e_i - e_j)(e_i - e_j)' over pairs, from symmetric weights, (..., K, K)."""
    size = weights.shape[-1]
    degrees: Floats = weights.sum(axis=-1)
    return degrees[..., None] * np.eye(size) - weights


def centred_inverse(information: Floats) -> Floats:
    """Return the pseudo-inverse (K, K) of a connected graph's Laplacian; its null space is the constants."""
    size = len(information)
    level = np.trace(information) / size
    inverse: Floats = np.linalg.inv(information + level / size) - 1 / (level * size)
    return inverse


def difference_variances(covariance: Floats) -> Floats:
    """Return variances of strength i less strength j, shape (K, K), from the covariance, shape (K, K)."""
    own: Floats = np.diag(covariance)
    return own[:, None] + own[None, :] - 2 * covariance
