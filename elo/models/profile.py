"""One-sided limits of strengths that have no finite estimate, by the profile likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import scipy

from elo.arrays import Floats
from elo.models.newton import MAX_ITERATIONS, STEP_TOLERANCE, NotConverged, Problem, maximise

RIDGE = 1e-6
"""Precision that keeps strengths finite whose likelihood rises for ever; it moves a limit by 1e-3 at most."""
TOLERANCE = 1e-4
"""Tolerance of a limit, log-odds."""


def profile_limit(problem: Problem, contrast: Floats, *, below: bool, level: float) -> float:
    """Return the one-sided profile limit of a sum of strengths that has no finite estimate.

    It is where the likelihood, at its highest over all other parameters, has fallen by z^2 / 2 below its
    supremum, with P(Z < z) = level (Venzon and Moolgavkar 1988, Applied Statistics 37).

    Args:
        problem: the likelihood, in which strengths need not be finite.
        contrast: shape (P,), the weights of the parameters.
        below: whether the limit is below all likely values, or above them.
        level: probability that the limit holds.

    Raises:
        NotConverged: the optimiser did not meet its tolerance.
    """
    held = replace(problem.without_prompts, ridge=max(problem.ridge, RIDGE))
    found = maximise(held, last_step=TOLERANCE)
    lowest = held.log_likelihood(found.theta) - NormalDist().inv_cdf(level) ** 2 / 2
    estimate, step = float(contrast @ found.theta), -1.0 if below else 1.0

    def excess(value: float) -> float:
        return held.log_likelihood(_maximise_held(held, found.theta, contrast, value)) - lowest

    outside = _outside(excess, estimate, step)
    inside = outside - step
    return float(scipy.optimize.brentq(excess, outside, inside, xtol=TOLERANCE))


def _outside(excess: Callable[[float], float], value: float, step: float) -> float:
    """Step outwards to the first value beyond the limit."""
    for _ in range(MAX_ITERATIONS):
        value += step
        if excess(value) < 0:
            return value
    raise NotConverged(f"No limit was found within {MAX_ITERATIONS} log-odds of the estimate.")


def _maximise_held(problem: Problem, theta: Floats, contrast: Floats, value: float) -> Floats:
    """Return the maximum among parameters whose contrast has this value, shape (P,)."""
    theta = theta + contrast * (value - contrast @ theta) / (contrast @ contrast)
    for _ in range(MAX_ITERATIONS):
        gradient, information = problem.derivatives(theta)
        # A Newton step, less its part along the contrast, whose value is held.
        sides = np.stack((gradient, contrast), axis=1)
        step, along = np.linalg.solve(problem.regular(information), sides).T
        step = step - along * (contrast @ step) / (contrast @ along)
        place, change = problem.design.linear_predictor(theta), problem.design.linear_predictor(step)
        theta = theta + problem.outcomes.share_of_step(place, change) * step
        if float(np.abs(change).max()) < STEP_TOLERANCE**0.5:
            return theta
    raise NotConverged(f"A profile of the likelihood did not settle in {MAX_ITERATIONS} iterations.")
