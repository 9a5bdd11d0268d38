"""Raters as a mixture: those who judge, those who answer at random, and those loyal to one contender.

Each rater's votes have a likelihood under each way of voting. The shares of the ways and the strengths are
estimated together by expectation and maximisation (A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum
likelihood from incomplete data via the EM algorithm", Journal of the Royal Statistical Society B 39 (1977),
1-38), so that many raters who favour one contender in the same way give each other away.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from arena.screening.strengths import Duels, Numbers, Reals, Strengths, fit_strengths, sum_by

LOYAL = 0.95
"""Probability that a loyal rater prefers their contender."""
TASTE = 0.6
"""Standard deviation, in log-odds, of one honest rater's liking for one contender."""
HONEST_RATERS = 20.0
"""Honest raters that the prior on the shares counts for."""
OTHERS = 0.1
"""Raters that it counts for in each other way of voting."""
START = (0.9, 0.08, 0.02)
"""Shares of honest, random and loyal raters at the start."""
STEPS, CLOSE = 200, 1e-4
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
LOG_WEIGHTS = np.log(NODE_WEIGHTS / NODE_WEIGHTS.sum())


class Mixture(NamedTuple):
    """What the mixture says of R raters and K contenders."""

    strengths: Strengths
    """Strengths by the honest raters' votes."""
    honest: Reals
    """Probability that a rater judges what they see, shape (R,)."""
    loyal: Reals
    """Probability that a rater is loyal to a contender, shape (K, R)."""


def separate(duels: Duels) -> Mixture:
    """Estimate how each rater votes, from their decided votes."""
    size = duels.contenders
    start = np.full(2 + 2 * size, START[2] / (2 * size))
    start[:2] = START[:2]
    log_shares, weights = np.log(start), np.ones(duels.raters)
    for _ in range(STEPS):
        strengths = fit_strengths(duels, weights)
        joint = log_shares[:, None] + _log_likelihoods(duels, strengths)
        posterior = np.exp(joint - logsumexp(joint, axis=0))
        counts = posterior.sum(axis=1) + OTHERS
        counts[0] += HONEST_RATERS
        log_shares = np.log(counts / counts.sum())
        moved = np.abs(posterior[0] - weights).max(initial=0.0)
        weights = posterior[0]
        if moved < CLOSE:
            break
    loyal = posterior[2 : 2 + size] + posterior[2 + size :]
    return Mixture(strengths, posterior[0], loyal)


def _log_likelihoods(duels: Duels, strengths: Strengths) -> Reals:
    """Return log-likelihoods, shape (2 + 2K, R).

    Rows: honest; at random; loyal to each contender and honest elsewhere; loyal and at random elsewhere.
    """
    margin, toward = strengths.margin, 2 * duels.won - 1
    by_vote = log_expit(toward * margin)
    judged = duels.per_rater(by_vote)
    votes = np.bincount(duels.rater, minlength=duels.raters)
    guessed = votes * np.log(0.5)
    honest, loyal_honest, loyal_random = judged.copy(), [], []
    for contender in range(duels.contenders):
        at, on_a = _duels_of(duels, contender)
        rater = duels.rater[at]
        here = sum_by(rater, by_vote[at], duels.raters)
        own = np.bincount(rater, minlength=duels.raters)
        won = np.where(on_a, duels.won[at], 1 - duels.won[at])
        loyal = sum_by(rater, np.log(np.where(won > 0.5, LOYAL, 1 - LOYAL)), duels.raters)
        honest += _with_taste(rater, toward[at], margin[at], on_a, duels.raters) - here
        loyal_honest.append(judged - here + loyal)
        loyal_random.append(guessed - own * np.log(0.5) + loyal)
    return np.array([honest, guessed, *loyal_honest, *loyal_random])


def _with_taste(rater: Numbers, toward: Reals, margin: Reals, on_a: NDArray[np.bool_], raters: int) -> Reals:
    """Return the log-likelihood (R,) of votes on one contender whose liking differs between raters.

    It is log of the mean over u ~ N(0, TASTE^2) of prod expit(toward (margin +- u)), by Gauss-Hermite nodes.
    """
    sign = np.where(on_a, 1.0, -1.0)
    at_nodes = [
        sum_by(rater, log_expit(toward * (margin + sign * TASTE * node)), raters) + log_weight
        for node, log_weight in zip(NODES, LOG_WEIGHTS, strict=True)
    ]
    found: Reals = logsumexp(np.array(at_nodes), axis=0)
    return found


def _duels_of(duels: Duels, contender: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return which duels a contender is in, and whether it is on side a there."""
    on_a = duels.a == contender
    at = np.flatnonzero(on_a | (duels.b == contender))
    return at, on_a[at]
