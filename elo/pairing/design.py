"""The best way to spend votes on pairs: a convex problem, solved with a certificate of how near it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from elo.arrays import Floats
from elo.models.bradley_terry import difference_variances, laplacian
from elo.pairing.balance import Bounds, rebalance

MAX_ITERATIONS = 500
FIRST_STEP = 1.0
GROWTH = 1.1
SHORTER = 0.6
LEAST_STEP = 1e-8
LARGEST_STEP = 100.0
LARGEST_EXPONENT = 3.0
"""A step multiplies or divides no pair by more than e^3, however steep the start (a newcomer among many)."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise tr(G M^+) over shares q, where M = L(history + worth * p) and p = u * uniform + (1 - u) * q.

    L is a weighted graph's Laplacian, so that tr(G M^+) is the goal's weighted mean of variances of
    differences: a criterion of the A kind. All matrices have shape (K, K), are symmetric with zero diagonal;
    those of shares sum to 1 over ordered pairs.
    """

    history: Floats
    """Information that the votes so far gave about each pair, log-odds^-2."""
    worth: Floats
    """Information that the votes to come would give about the pair if all were spent on it."""
    uniform: Floats
    """The even distribution over the pairs allowed."""
    uniform_share: float
    goal: Floats
    """Weight of each difference, summing to 1 over ordered pairs."""
    bounds: Bounds
    """Bounds of each contender's exposure under q."""

    def mixed(self, shares: Floats) -> Floats:
        """Mix the shares with the uniform distribution, shape (K, K)."""
        return self.uniform_share * self.uniform + (1 - self.uniform_share) * shares


class Prospect(NamedTuple):
    """Shares and the variance that they would give."""

    shares: Floats
    variance: float
    """Variance of the goal, log-odds^2."""
    rate: Floats
    """Fall of the variance for each unit of probability given to an ordered pair, shape (K, K)."""
    prices: Floats
    """Multipliers of the bounds on exposure, above 0 where it is held down, shape (K,)."""
    momentum: Floats
    """Logarithm of the factor by which the last step multiplied each pair, shape (K, K)."""


@dataclass(frozen=True, eq=False)
class Design:
    """Shares whose variance is within a certified factor of the least possible."""

    shares: Floats
    probabilities: Floats
    """Shares with the uniform part, shape (K, K)."""
    variance: float
    efficiency: float
    """Least variance over this one's, at least: within the same uniform share and bounds."""
    free_efficiency: float
    """Efficiency against the best plan without a uniform share and bounds."""
    iterations: int


def optimise(problem: Problem, start: Floats, tolerance: float) -> Design:
    """Find the best shares by exponentiated gradient steps (mirror descent), up to the tolerance.

    A. Nemirovski, D. Yudin, "Problem complexity and method efficiency in optimization" (1983). On designs it
    is the multiplicative algorithm of Silvey, Titterington and Torsney (Communications in Statistics A 7
    (1978), 1379-1389) with exp(x - 1) for a power of x, which leaves room for bounds. While the variance
    falls, the step grows and carries more of the last one along, which about halves the steps needed. When
    it rises, the step is shortened and the momentum dropped (B. O'Donoghue, E. Candes, "Adaptive restart for
    accelerated gradient schemes", Foundations of Computational Mathematics 15 (2015), 715-732).

    The certificate is Kiefer's general equivalence theorem (Annals of Statistics 2 (1974), 849-879) as a
    duality gap: 1 / variance is concave in the shares, so that no shares do better than
    variance / (1 + gap / variance), where the gap is what the best shares would gain at these rates.

    Args:
        problem: what to minimise. Allowed pairs connect all contenders.
        start: shape (K, K), shares above 0 on all allowed pairs.
        tolerance: aimed at; after `MAX_ITERATIONS` the result's `efficiency` may be lower, and says so.

    Raises:
        ValueError: no shares of the allowed pairs meet the bounds.
    """
    now, step, run, iterations = _first(problem, start), FIRST_STEP, 0, 0
    while _efficiency(problem, now) < 1 - tolerance and iterations < MAX_ITERATIONS and step > LEAST_STEP:
        ahead = _stepped(problem, now, step, inertia=run / (run + 3))
        if ahead.variance <= now.variance:
            now, step, run = ahead, min(step * GROWTH, LARGEST_STEP), run + 1
        else:
            step, run = step * SHORTER, 0
        iterations += 1
    probabilities = problem.mixed(now.shares)
    free_gap = now.rate[problem.uniform > 0].max() - np.sum(probabilities * now.rate)
    return Design(
        shares=now.shares,
        probabilities=probabilities,
        variance=now.variance,
        efficiency=_efficiency(problem, now),
        free_efficiency=float(1 / (1 + free_gap / now.variance)),
        iterations=iterations,
    )


def _first(problem: Problem, start: Floats) -> Prospect:
    balanced = rebalance(start, problem.bounds)
    if not balanced.met:
        raise ValueError(
            "The allowed pairs cannot meet the balance. Widen balance=, lower uniform_share= or "
            "exclude fewer pairs."
        )
    return _prospect(problem, balanced.shares, np.zeros(len(start)), np.zeros_like(start))


def _prospect(problem: Problem, shares: Floats, prices: Floats, momentum: Floats) -> Prospect:
    # A pair's information is its weight in the Laplacian; its probability is that of both orders.
    information = problem.history + 2 * problem.worth * problem.mixed(shares)
    covariance = _inverse(laplacian(information))
    pull = covariance @ (2 * laplacian(problem.goal)) @ covariance
    variance = float(np.sum(problem.goal * difference_variances(covariance)))
    rate = problem.worth * difference_variances((pull + pull.T) / 2)
    return Prospect(shares, variance, rate, prices, momentum)


def _inverse(information: Floats) -> Floats:
    """Invert a connected Laplacian, up to a constant that cancels in differences; by Cholesky, for speed.

    Exactly symmetric: shares are multiplied by functions of it step after step, so that asymmetry would grow.
    """
    level = np.trace(information) / len(information)
    factor, _ = scipy.linalg.lapack.dpotrf(information + level / len(information), lower=1)
    lower, _ = scipy.linalg.lapack.dpotri(factor, lower=1)
    inverse: Floats = np.tril(lower) + np.tril(lower, -1).T
    return inverse


def _stepped(problem: Problem, now: Prospect, step: float, inertia: float) -> Prospect:
    scale = step / np.sum(now.shares * now.rate)
    net = _net(now)
    exponent = scale * (net - np.sum(now.shares * net)) + inertia * now.momentum
    exponent = np.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT)
    grown = now.shares * np.exp(exponent)
    balanced = rebalance(grown / grown.sum(), problem.bounds, np.exp(scale * now.prices))
    if not balanced.met:
        return now._replace(variance=np.inf)
    return _prospect(problem, balanced.shares, now.prices - np.log(balanced.factors) / scale, exponent)


def _net(now: Prospect) -> Floats:
    """Return rates less the prices of both contenders, (K, K); at the optimum equal for all pairs in use."""
    net: Floats = now.rate - now.prices[:, None] - now.prices
    return net


def _efficiency(problem: Problem, now: Prospect) -> float:
    """Return a lower bound of the efficiency, by linear programming's weak duality at these prices."""
    low, high = problem.bounds
    tolls = 2 * np.sum(np.maximum(now.prices * low, now.prices * high))
    best = _net(now)[problem.uniform > 0].max() + tolls
    gap = (1 - problem.uniform_share) * (best - np.sum(now.shares * now.rate))
    return float(1 / (1 + max(gap, 0.0) / now.variance))
