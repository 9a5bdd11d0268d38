"""What is done about votes without a finite maximum: the policies `error`, `firth` and `bounded`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from elo.models.identification import (
    finite_groups,
    require_connected,
    require_finite,
    require_finite_extras,
)
from elo.models.newton import (
    MAX_ITERATIONS,
    STEP_TOLERANCE,
    Problem,
    Solution,
    certified,
    maximise,
    starting_point,
)
from elo.votes.tally import Floats

SEPARATION = ("error", "firth", "bounded")
BOUND = 3 * float(np.log(10))
"""Log-odds from the best contender to the worst under `bounded`: odds of 1,000 to 1, 1200 points of Elo."""
HALVINGS = 40
ROUNDING = 1e-13
"""Share of a log-likelihood that is rounding error."""
STIFFNESS = 1e6
"""Information about what is held, as a multiple of the largest that the votes give."""


def solve(problem: Problem, contenders: Sequence[str], policy: str) -> tuple[Solution, str]:
    """The optimum under a policy, and in words what the policy did.

    `error` refuses votes without a finite maximum. `firth` maximises the likelihood times Jeffreys' prior,
    the root of the determinant of the expected information (D. Firth, Biometrika 80, 1993), which always has
    a finite maximum. `bounded` keeps all strengths within `BOUND` of each other where there is no finite
    maximum: groups that the votes do not limit end up apart as far as that allows, and intervals between
    them are infinite.

    Raises:
        NotIdentified: the votes do not connect all contenders, or the policy gives no answer.
        NotConverged: the optimiser did not meet its tolerance.
    """
    plain = problem.without_prompts
    require_connected(plain, contenders)
    if problem.ridge:
        require_finite_extras(plain, contenders, strengths_held=True)
        return maximise(problem), "none: the ridge keeps strengths finite"
    if policy == "error":
        require_finite(plain, contenders)
        return maximise(problem), "none: a finite maximum exists"
    groups = finite_groups(plain)
    if policy == "firth":
        return maximise_penalised(problem), f"Jeffreys' prior on all parameters; {_named(groups, contenders)}"
    require_finite_extras(plain, contenders, strengths_held=True)
    if len(groups) == 1:
        return maximise(problem), "none: a finite maximum exists"
    held = replace(maximise_within(problem, BOUND), component=_labels(groups, len(contenders)))
    return held, f"strengths kept within {BOUND:.4g} log-odds; {_named(groups, contenders)}"


def maximise_penalised(problem: Problem) -> Solution:
    """Maximise log-likelihood + log det(expected information) / 2 by steps with the likelihood's information.

    A step that does not ascend is halved.

    Raises:
        NotConverged: the tolerance is not met after `MAX_ITERATIONS`.
    """
    theta = starting_point(problem)
    iterations, reach = 0, np.inf
    value, gradient, information = _penalised(problem, theta)
    while reach >= STEP_TOLERANCE and iterations < MAX_ITERATIONS:
        step = problem.step(gradient, information)
        step *= problem.outcomes.share_of_step(problem.design.place(theta), problem.design.place(step))
        for _ in range(HALVINGS):
            found = _penalised(problem, theta + step)
            if found[0] >= value - ROUNDING * abs(value):
                break
            step /= 2
        theta, (value, gradient, information) = theta + step, found
        reach = float(np.abs(problem.design.place(step)).max())
        iterations += 1
    solution = certified(problem, problem.centred(theta), gradient, information, iterations, reach)
    return replace(
        solution, drift=problem.design.pull(_drift(problem, theta, np.ones_like(problem.votes))[1])
    )


def maximise_within(problem: Problem, bound: float) -> Solution:
    """Maximise the likelihood with all strengths within `bound` of each other, by projected Newton steps.

    Strengths at a limit that the likelihood pushes against stay there; the others take a Newton step, cut off
    at the limits and halved until it ascends (Bertsekas 1982, SIAM Journal on Control and Optimization 20).

    Raises:
        NotConverged: the tolerance is not met after `MAX_ITERATIONS`.
    """
    limits = np.full(problem.design.parameters, np.inf)
    limits[: problem.contenders] = bound / 2
    theta = np.clip(starting_point(problem), -limits, limits)
    value, iterations, reach = problem.log_likelihood(theta), 0, np.inf
    while reach >= STEP_TOLERANCE and iterations < MAX_ITERATIONS:
        gradient, information = problem.derivatives(theta)
        free = (np.abs(theta) < limits) | (theta * gradient < 0)
        step = _free_step(problem, gradient, information, free)
        step *= problem.outcomes.share_of_step(problem.design.place(theta), problem.design.place(step))
        for _ in range(HALVINGS):
            trial = np.clip(theta + step, -limits, limits)
            ascended = problem.log_likelihood(trial)
            if ascended >= value - ROUNDING * abs(value):
                break
            step /= 2
        reach = float(np.abs(trial - theta).max())
        theta, value, iterations = trial, ascended, iterations + 1
    gradient, information = problem.derivatives(theta)
    held = (np.abs(theta) == limits) & (theta * gradient > 0)
    return certified(
        problem,
        problem.centred(theta),
        gradient * ~held,
        information + _stiff(information, held),
        iterations,
        reach,
    )


def _penalised(problem: Problem, theta: Floats) -> tuple[float, Floats, Floats]:
    """The penalised log-likelihood, its gradient, and the information of the likelihood."""
    if not np.isfinite(likelihood := problem.log_likelihood(theta)):
        return -np.inf, theta, theta
    gradient, information = problem.derivatives(theta)
    penalty, drift = _drift(problem, theta, problem.votes)
    return likelihood + penalty, gradient + problem.design.gradient(drift), information


def _drift(problem: Problem, theta: Floats, votes: Floats) -> tuple[float, Floats]:
    """Jeffreys' penalty, and its derivative by the coordinates of so many votes in each meeting, (L, M)."""
    design, place = problem.design, problem.design.place(theta)
    expected = problem.outcomes.expected(place, problem.votes)
    information = design.information(problem.outcomes.derivatives(place, expected).curvature)
    spread = design.spread(problem.inverse(information))
    return problem.log_determinant(information) / 2, problem.outcomes.drift(place, votes, spread)


def _free_step(problem: Problem, gradient: Floats, information: Floats, free: NDArray[np.bool_]) -> Floats:
    if free[: problem.contenders].all():
        return problem.step(gradient, information)
    step = np.zeros_like(gradient)
    step[free] = np.linalg.solve(information[np.ix_(free, free)], gradient[free])
    return step


def _stiff(information: Floats, held: NDArray[np.bool_]) -> Floats:
    """Shape (P, P): so much information about differences of the strengths held that nothing moves them."""
    among = np.diag(held.astype(float)) - np.outer(held, held) / max(held.sum(), 1)
    stiff: Floats = STIFFNESS * float(np.abs(information).max()) * among
    return stiff


def _labels(groups: Sequence[NDArray[np.signedinteger]], contenders: int) -> NDArray[np.intp]:
    """Shape (K,): each contender's group, 0 for the largest."""
    label = np.zeros(contenders + 1, dtype=np.intp)
    for place, group in enumerate(sorted(groups, key=len, reverse=True)):
        label[group] = place
    return label[:contenders]


def _named(groups: Sequence[NDArray[np.signedinteger]], contenders: Sequence[str]) -> str:
    if len(groups) == 1:
        return "a finite maximum exists without it"
    names = (*contenders, "the floor")
    apart = sorted(groups, key=len, reverse=True)[1:]
    return f"without it not finite: {'; '.join(', '.join(names[i] for i in group) for group in apart)}"
