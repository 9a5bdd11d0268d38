"""Policies for votes without a finite maximum: `apart`, `error`, `firth` and `bounded`.

D. Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80 (1993); C. J. Geyer, "Likelihood
inference in exponential families and directions of recession", Electronic Journal of Statistics 3 (2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.graphs import levels, strong_groups
from elo.models.identification import (
    finite_groups,
    require_connected,
    require_finite,
    require_finite_extras,
    require_shown_within,
)
from elo.models.newton import (
    MAX_ITERATIONS,
    STEP_TOLERANCE,
    Placement,
    Problem,
    Solution,
    certified,
    maximise,
    starting_point,
)

BOUND = 3 * float(np.log(10))
"""Log-odds from the best contender to the worst where `bounded` sets groups apart: odds of 1,000 to 1, 1200
points of Elo."""
HALVINGS = 40
ROUNDING = 1e-13
"""Share of a log-likelihood that is rounding error."""
FAR = 1000.0
"""Log-odds between groups that the votes do not limit: a vote between them is then certain."""


def solve(problem: Problem, contenders: Sequence[str], policy: str) -> tuple[Solution, str]:
    """Return the optimum under a policy, and a sentence on what the policy did.

    `error` refuses votes without a finite maximum, as does `apart`, whose callers give it only contenders
    that the votes hold together. `firth` maximises the likelihood times Jeffreys' prior, the root of the
    determinant of the expected information, which always has a finite maximum. `bounded` takes the
    likelihood's limit as the groups that the votes do not hold together move apart (Geyer): within a group
    strengths are those of its own votes, each group stands above those it took credit from, and intervals
    between groups are infinite. The places where groups are shown are a convention, see `_shown`.

    Raises:
        NotIdentified: the votes do not connect all contenders, or the policy gives no answer.
        NotConverged: the optimiser did not meet its tolerance.
    """
    plain = problem.without_prompts
    require_connected(plain, contenders)
    if problem.ridge:
        require_finite_extras(plain, contenders, held=len(contenders))
        return maximise(problem), "none: the ridge keeps strengths finite"
    if policy in ("apart", "error"):
        require_finite(plain, contenders)
        return maximise(problem), "none: a finite maximum exists"
    groups = finite_groups(plain)
    if policy == "firth":
        return maximise_penalised(problem), f"Jeffreys' prior on all parameters; {_named(groups, contenders)}"
    if len(groups) == 1:
        return maximise(problem), "none: a finite maximum exists"
    done = f"groups set apart, {BOUND:.4g} log-odds from best to worst"
    return maximise_apart(problem, contenders), f"{done}; {_named(groups, contenders)}"


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
        place, change = problem.design.linear_predictor(theta), problem.design.linear_predictor(step)
        step *= problem.outcomes.share_of_step(place, change)
        for _ in range(HALVINGS):
            found = _penalised(problem, theta + step)
            if found[0] >= value - ROUNDING * abs(value):
                break
            step /= 2
        theta, (value, gradient, information) = theta + step, found
        reach = float(np.abs(problem.design.linear_predictor(step)).max())
        iterations += 1
    solution = certified(problem, problem.centred(theta), gradient, information, iterations, reach)
    adjustment = _firth_adjustment(problem, theta, np.ones_like(problem.votes))[1]
    return replace(solution, score_adjustment=problem.design.chain_gradient(adjustment))


def maximise_apart(problem: Problem, contenders: Sequence[str]) -> Solution:
    """Maximise the likelihood in the limit where the groups of contenders are infinitely far apart.

    Raises:
        NotIdentified: a parameter besides strengths separates votes, or only those between groups show it.
        NotConverged: the optimiser did not meet its tolerance.
    """
    size = problem.contenders + ("floor" in problem.names)
    label = strong_groups(problem.without_prompts)
    level = levels(problem, label)
    placed = replace(problem, placement=_placement(problem.design.parameters, label, level))
    require_shown_within(placed.without_prompts, label, contenders)
    found = maximise(placed)
    shown = found.theta.copy()
    shown[:size] = _shown(found.theta[:size] - FAR * level, level)
    component = _labels([np.flatnonzero(label == group) for group in range(label.max() + 1)], size)
    return replace(found, theta=problem.centred(shown), limit=found.theta, component=component)


def _placement(parameters: int, label: NDArray[np.integer], level: NDArray[np.intp]) -> Placement:
    """Hold each group's mean strength where its level puts it; differences within a group stay free."""
    size = len(label)
    members = np.eye(int(label.max()) + 1)[label]
    theta = np.zeros(parameters)
    theta[:size] = FAR * level

    # The projection on the groups' means, less that on the mean of all, shape (size, size).
    precision = np.zeros((parameters, parameters))
    precision[:size, :size] = members @ members.T / members.sum(axis=0)[label] - 1 / size
    return Placement(theta, precision)


def _shown(within: Floats, level: NDArray[np.intp]) -> Floats:
    """Stack groups by level with equal gaps, `BOUND` from top to bottom; without gaps if they need more.

    Args:
        within: shape (K,), strengths less what holds their group in place.
        level: shape (K,), the level of each contender's group.
    """
    each = [within[level == height] for height in range(level.max() + 1)]
    spread = np.array([np.ptp(values) for values in each])
    gap = max(BOUND - spread.sum(), 0) / max(len(each) - 1, 1)
    start = np.cumsum(spread) - spread + gap * np.arange(len(each))
    shown: Floats = within + (start - [values.min() for values in each])[level]
    return shown


def _penalised(problem: Problem, theta: Floats) -> tuple[float, Floats, Floats]:
    """Return the penalised log-likelihood, its gradient, and the information of the likelihood."""
    if not np.isfinite(likelihood := problem.log_likelihood(theta)):
        return -np.inf, theta, theta
    gradient, information = problem.derivatives(theta)
    penalty, firth_adjustment = _firth_adjustment(problem, theta, problem.votes)
    return likelihood + penalty, gradient + problem.design.gradient(firth_adjustment), information


def _firth_adjustment(problem: Problem, theta: Floats, votes: Floats) -> tuple[float, Floats]:
    """Return Jeffreys' penalty, and the Firth adjustment of so many votes of each meeting, shape (L, M)."""
    design, place = problem.design, problem.design.linear_predictor(theta)
    expected = problem.outcomes.expected(place, problem.votes)
    information = design.information(problem.outcomes.derivatives(place, expected).curvature)
    spread = design.predictor_covariance(problem.inverse(information))
    return problem.log_determinant(information) / 2, problem.outcomes.firth_adjustment(place, votes, spread)


def _labels(groups: Sequence[NDArray[np.signedinteger]], size: int) -> NDArray[np.intp]:
    """Return each contender's group, 0 for the largest, shape (size,)."""
    label = np.zeros(size, dtype=np.intp)
    for place, group in enumerate(sorted(groups, key=len, reverse=True)):
        label[group] = place
    return label


def _named(groups: Sequence[NDArray[np.signedinteger]], contenders: Sequence[str]) -> str:
    if len(groups) == 1:
        return "a finite maximum exists without it"
    names = (*contenders, "the floor")
    apart = sorted(groups, key=len, reverse=True)[1:]
    return f"without it not finite: {'; '.join(', '.join(names[i] for i in group) for group in apart)}"
