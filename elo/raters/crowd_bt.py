"""Bradley-Terry with raters who may answer the wrong way round, fitted by EM to a certified maximum.

X. Chen, P. N. Bennett, K. Collins-Thompson, E. Horvitz, "Pairwise ranking aggregation in a crowdsourced
setting", WSDM 2013.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from elo.arrays import Floats
from elo.models.bradley_terry import NotConverged, maximise, win_probabilities

MAX_ITERATIONS = 5000
TOLERANCE = 1e-8
"""Largest step of a reliability, and largest gradient of a contender as a share of its votes."""
GRID = (np.arange(200) + 0.5) / 200
"""Reliabilities at which posteriors are evaluated."""


class Decisions(NamedTuple):
    """Rows of equal decisions of a rater, counted."""

    rater: NDArray[np.intp]
    winner: NDArray[np.intp]
    loser: NDArray[np.intp]
    weight: Floats


class Prior(NamedTuple):
    """Prior distributions of strengths and reliabilities."""

    alpha: float
    """Beta(alpha, beta) of each reliability."""
    beta: float
    virtual_votes: float
    """Ties of each contender against a virtual one."""


class Maximum(NamedTuple):
    """A certified maximum of the posterior."""

    strengths: Floats
    """Strengths in log-odds, shape (K + 1,); the virtual contender is the last."""
    reliability: Floats
    """Reliability of each rater, shape (R,)."""
    log_posterior: Floats
    """Log posterior after each iteration, shape (iterations,)."""


def take_at_word(decisions: Decisions, contenders: int, prior: Prior) -> Floats:
    """Return strengths, shape (K + 1,), with every reliability at 1."""
    return maximise(_credit(decisions, np.ones(len(decisions.weight)), contenders, prior)).strengths


def climb(decisions: Decisions, strengths: Floats, raters: int, prior: Prior) -> Maximum:
    """Climb by EM: decisions as they were meant, then strengths and reliabilities, until neither moves.

    Args:
        decisions: what each rater decided.
        strengths: shape (K + 1,), where to start.
        raters: how many there are.
        prior: see `Prior`.

    Raises:
        NotConverged: the tolerance is not met after `MAX_ITERATIONS`.
    """
    reliability = np.full(raters, (prior.alpha - 1) / (prior.alpha + prior.beta - 2))
    trace: list[float] = []
    moves = np.inf
    for _ in range(MAX_ITERATIONS):
        meant, log_likelihood = _meant(decisions, strengths, reliability)
        trace.append(log_likelihood + _log_prior(strengths, reliability, prior))
        credit = _credit(decisions, meant, len(strengths) - 1, prior)
        better = _reliability(decisions, meant, raters, prior)
        # By Fisher's identity this is the gradient of the log posterior itself, not only of EM's bound on it.
        gradient = (credit - (credit + credit.T) * win_probabilities(strengths)).sum(axis=1)
        share = np.abs(gradient) / (credit + credit.T).sum(axis=1)
        moves = max(float(share.max()), float(np.abs(better - reliability).max()))
        if moves < TOLERANCE:
            return Maximum(strengths, reliability, np.array(trace))
        strengths, reliability = maximise(credit).strengths, better
    raise NotConverged(
        f"EM still moves by {moves:.1e} after {MAX_ITERATIONS} iterations (allowed {TOLERANCE:.0e}). "
        "A prior with larger numbers, or more virtual_votes, makes it converge faster."
    )


def posterior_limits(
    decisions: Decisions, strengths: Floats, raters: int, prior: Prior, level: float
) -> tuple[Floats, Floats]:
    """Return equal-tailed limits of each reliability, shape (R,) each, given the strengths."""
    p = expit(strengths[decisions.winner] - strengths[decisions.loser])
    log_density = np.empty((raters, len(GRID)))
    for place, eta in enumerate(GRID):
        log_likelihood = decisions.weight * np.log(eta * p + (1 - eta) * (1 - p))
        log_density[:, place] = np.bincount(decisions.rater, weights=log_likelihood, minlength=raters)
    log_density += (prior.alpha - 1) * np.log(GRID) + (prior.beta - 1) * np.log1p(-GRID)
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    below = np.cumsum(density, axis=1) / density.sum(axis=1, keepdims=True)
    edges = np.append(0.0, GRID + 0.5 / len(GRID))
    lower, upper = (
        np.array([np.interp(tail, np.append(0.0, row), edges) for row in below])
        for tail in ((1 - level) / 2, (1 + level) / 2)
    )
    return lower, upper


def _meant(decisions: Decisions, strengths: Floats, reliability: Floats) -> tuple[Floats, float]:
    """Return the probability that a decision was not turned round, shape (rows,); and the log-likelihood."""
    p = win_probabilities(strengths)[decisions.winner, decisions.loser]
    eta = reliability[decisions.rater]
    as_meant, turned = eta * p, (1 - eta) * (1 - p)
    return as_meant / (as_meant + turned), float(decisions.weight @ np.log(as_meant + turned))


def _credit(decisions: Decisions, meant: Floats, contenders: int, prior: Prior) -> Floats:
    """Return wins as meant, shape (K + 1, K + 1)."""
    size = contenders + 1
    cell = decisions.winner * size + decisions.loser
    total, held = (
        np.bincount(cell, weights, size * size).reshape(size, size)
        for weights in (decisions.weight, decisions.weight * meant)
    )
    # A decision that was turned round is a win of its loser.
    credit: Floats = held + (total - held).T
    credit[:-1, -1] = credit[-1, :-1] = prior.virtual_votes / 2
    return credit


def _reliability(decisions: Decisions, meant: Floats, raters: int, prior: Prior) -> Floats:
    held = np.bincount(decisions.rater, weights=decisions.weight * meant, minlength=raters)
    total = np.bincount(decisions.rater, weights=decisions.weight, minlength=raters)
    return np.asarray((prior.alpha - 1 + held) / (prior.alpha + prior.beta - 2 + total))


def _log_prior(strengths: Floats, reliability: Floats, prior: Prior) -> float:
    p = win_probabilities(strengths)[:-1, -1]
    ties = prior.virtual_votes / 2 * np.log(p * (1 - p)).sum()
    alpha, beta = prior.alpha, prior.beta
    return float(ties + ((alpha - 1) * np.log(reliability) + (beta - 1) * np.log1p(-reliability)).sum())
