"""Maximum likelihood by damped Newton steps on cells, with a certificate of the optimum.

The damping is that of T. Sun, Q. Tran-Dinh, "Generalized self-concordant functions: a recipe for Newton-type
methods", Mathematical Programming 178 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.design import Design, summed
from elo.models.outcomes import OutcomeModel
from elo.votes.tally import A, B

MAX_ITERATIONS = 500
STEP_TOLERANCE = 1e-9
"""Log-odds. Newton converges quadratically, so what is left after a step this small is rounding error."""
GRADIENT_TOLERANCE = 1e-10
"""Credit left unexplained, as a share of the votes that a parameter is estimated from."""


class NotConverged(ArithmeticError):
    """The optimiser stopped before its result met the tolerance."""


class Placement(NamedTuple):
    """Placement of groups of contenders that the votes do not hold in place."""

    theta: Floats
    """Parameters around which everything is estimated, shape (P,)."""
    precision: Floats
    """Precision of a prior on the groups' levels, on which the votes are silent, shape (P, P)."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A likelihood of meetings, concave in the parameters; only differences of strengths matter."""

    contenders: int
    names: tuple[str, ...]
    """Names of the E extras."""
    design: Design
    outcomes: OutcomeModel
    credit: Floats
    """Votes by outcome, split as the model splits them, shape (4, M)."""
    ridge: float = 0.0
    """Prior precision of the strengths' deviations from their mean, 1 / log-odds^2."""
    prompts: int = 0
    """Number of prompts with a deviation of the tie parameter; deviations follow the extras in theta."""
    tie_precision: float = 1.0
    """Prior precision of these deviations, 1 / log-odds^2."""
    placement: Placement | None = None

    @property
    def shift_direction(self) -> Floats:
        """Direction that adds a constant to all strengths, shape (P,): 1 for what moves along, else 0."""
        floor = [float(name == "floor") for name in self.names]
        return np.concatenate((np.ones(self.contenders), floor, np.zeros(self.prompts)))

    @property
    def votes(self) -> Floats:
        """Votes of each meeting, shape (M,)."""
        total: Floats = self.credit.sum(axis=0)
        return total

    def log_likelihood(self, theta: Floats) -> float:
        """Return the log-likelihood with the priors, up to a constant, at theta, shape (P,)."""
        likelihood = self.outcomes.log_likelihood(self.design.linear_predictor(theta), self.credit)
        moved = self._moved(theta)
        return likelihood - float(moved @ self.prior @ moved) / 2

    def derivatives(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return the gradient (P,) of the likelihood with its priors, and minus its Hessian (P, P)."""
        local = self.outcomes.derivatives(self.design.linear_predictor(theta), self.credit)
        gradient = self.design.gradient(local.gradient) - self.prior @ self._moved(theta)
        return gradient, self.design.information(local.curvature) + self.prior

    @cached_property
    def prior(self) -> Floats:
        """Information that the priors add, shape (P, P)."""
        prior = np.zeros((self.design.parameters, self.design.parameters))
        strengths = slice(self.contenders)
        prior[strengths, strengths] = self.ridge * (np.eye(self.contenders) - 1 / self.contenders)
        deviations = np.arange(self.contenders + len(self.names), self.design.parameters)
        prior[deviations, deviations] = self.tie_precision
        return prior if self.placement is None else prior + self.placement.precision

    @property
    def without_prompts(self) -> Problem:
        """The likelihood where no prompt deviates."""
        if not self.prompts:
            return self
        members, share = self.design.members[:-1], self.design.share[:, :-1]
        design = Design(self.design.parameters - self.prompts, members, share)
        return replace(self, design=design, prompts=0)

    def share_of_priors(self, theta: Floats) -> Floats | None:
        """Return the pull of the deviations' prior, shared out among the votes of each prompt, shape (I, M).

        A prompt's own deviation is at its optimum, so its votes' scores by it must add up to zero.
        """
        if not self.prompts:
            return None
        prompt = self.design.members[-1]
        votes = np.bincount(prompt, self.votes, self.design.parameters)
        adjustment = np.zeros(self.design.members.shape)
        adjustment[-1] = -self.tie_precision * theta[prompt] / votes[prompt]
        return adjustment

    def inverse(self, information: Floats) -> Floats:
        """Return the generalised inverse for strengths whose sum is held, shape (P, P)."""
        shift = self.shift_direction
        constant = np.outer(shift, shift) / (self._level(information) * self.contenders**2)
        inverse: Floats = np.linalg.inv(self.regular(information)) - constant
        return inverse

    def log_determinant(self, information: Floats) -> float:
        """Return the log-determinant of the information (P, P), but for a constant added to strengths."""
        level = self._level(information)
        return float(np.linalg.slogdet(self.regular(information))[1] - np.log(level))

    def step(self, gradient: Floats, information: Floats) -> Floats:
        """Return the Newton step, which leaves the strengths' sum as it is, shape (P,)."""
        return np.linalg.solve(self.regular(information), gradient).astype(np.float64, copy=False)

    def centred(self, theta: Floats) -> Floats:
        """Shift the strengths to mean zero, which leaves the likelihood as it is, shape (P,)."""
        centred: Floats = theta - theta[: self.contenders].mean() * self.shift_direction
        return centred

    def scale_of_gradient(self) -> Floats:
        """Return the votes that each parameter is estimated from, shape (P,)."""
        held = np.abs(self.design.share).max(axis=0) * self.votes
        return summed(self.design.members, held, self.design.parameters) + np.diag(self.prior)

    def regular(self, information: Floats) -> Floats:
        """Make the information (P, P) invertible by a level added among strengths, whose sum is free."""
        regular = information.copy()
        regular[: self.contenders, : self.contenders] += self._level(information)
        return regular

    def _moved(self, theta: Floats) -> Floats:
        return theta if self.placement is None else theta - self.placement.theta

    def _level(self, information: Floats) -> float:
        return float(np.trace(information[: self.contenders, : self.contenders])) / self.contenders**2


@dataclass(frozen=True, eq=False)
class Solution:
    """A certified optimum."""

    theta: Floats
    """Strengths (K, mean zero), extras and prompts' deviations, log-odds, shape (P,)."""
    contenders: int
    names: tuple[str, ...]
    """Names of the E extras."""
    information: Floats
    """Minus the Hessian at the optimum, with the priors, shape (P, P)."""
    inverse: Floats
    """Generalised inverse of the information, for strengths whose sum is held, shape (P, P)."""
    iterations: int
    gradient: float
    """Largest gradient of a parameter, as a share of the votes that it is estimated from."""
    component: NDArray[np.integer] | None = None
    """Group of each contender, where a bound holds groups apart, shape (K + 1,); 0 is the largest.

    The floor's is the last."""
    limit: Floats | None = None
    """Optimum with these groups as good as infinitely far apart, shape (P,)."""
    score_adjustment: Floats | None = None
    """Part of the score of each vote of a meeting that a penalty adds, shape (I, M)."""

    @property
    def optimum(self) -> Floats:
        """Point where the likelihood's derivatives are taken, shape (P,)."""
        return self.theta if self.limit is None else self.limit

    @property
    def strengths(self) -> Floats:
        """Strengths, log-odds with mean zero, shape (K,)."""
        return self.theta[: self.contenders]

    @property
    def extras(self) -> Floats:
        """Parameters besides strengths, log-odds, shape (E,)."""
        return self.theta[self.contenders : self.contenders + len(self.names)]


def maximise(problem: Problem, *, last_step: float = STEP_TOLERANCE) -> Solution:
    """Find the maximum of the likelihood, which exists (see `identification`), by damped Newton steps.

    The outcome model gives the safe share of each step; near the optimum that is all of it.

    Args:
        problem: the likelihood.
        last_step: log-odds, the largest last step to accept. A likelihood that is all but flat needs more
            room than `STEP_TOLERANCE`, since rounding errors of its gradient move the strengths far.

    Raises:
        NotConverged: the tolerance is not met after `MAX_ITERATIONS`.
    """
    theta = starting_point(problem)
    iterations, reach = 0, np.inf
    gradient, information = problem.derivatives(theta)
    while reach >= STEP_TOLERANCE and iterations < MAX_ITERATIONS:
        step = problem.step(gradient, information)
        place, change = problem.design.linear_predictor(theta), problem.design.linear_predictor(step)
        reach = float(np.abs(change).max())
        theta += problem.outcomes.share_of_step(place, change) * step
        iterations += 1
        gradient, information = problem.derivatives(theta)
    centred = problem.centred(theta)
    return certified(problem, centred, gradient, information, iterations, reach, last_step)


def certified(
    problem: Problem,
    theta: Floats,
    gradient: Floats,
    information: Floats,
    iterations: int,
    reach: float,
    last_step: float = STEP_TOLERANCE,
) -> Solution:
    """Return the solution if the last step and the gradient meet the tolerance.

    Args:
        problem: the likelihood.
        theta: shape (P,), where the steps ended.
        gradient: shape (P,).
        information: shape (P, P).
        iterations: number of steps.
        reach: log-odds, the largest change of a coordinate by the last step.
        last_step: log-odds, the largest to accept.

    Raises:
        NotConverged: says by how much the tolerance is missed.
    """
    worst = float(np.max(np.abs(gradient) / problem.scale_of_gradient()))
    if not (reach < last_step and worst < GRADIENT_TOLERANCE):
        raise NotConverged(
            f"The fit did not converge in {iterations} iterations: last step {reach:.1e} log-odds "
            f"(allowed {last_step:.0e}), gradient {worst:.1e} of a parameter's votes "
            f"(allowed {GRADIENT_TOLERANCE:.0e})."
        )
    inverse = problem.inverse(information)
    return Solution(
        theta,
        problem.contenders,
        problem.names,
        information,
        inverse,
        iterations,
        worst,
        score_adjustment=problem.share_of_priors(theta),
    )


def starting_point(problem: Problem) -> Floats:
    """Return weighted least squares on the meetings' log-odds, with half a win added to each side, (P,).

    Contenders that are placed begin there.
    """
    theta = _first_strengths(problem) if problem.placement is None else problem.placement.theta.copy()
    extras = slice(problem.contenders, problem.contenders + len(problem.names))
    guess = problem.outcomes.guess(problem.credit.sum(axis=1))
    theta[extras] += [guess.get(name, 0.0) for name in problem.names]
    return theta


def _first_strengths(problem: Problem) -> Floats:
    a, b = problem.credit[A] + 0.5, problem.credit[B] + 0.5
    gap, weight = np.log(a / b), a * b / (a + b)
    size = problem.contenders
    strengths_only = Design(size, problem.design.members[:2], np.array([[[1.0], [-1.0]]]))
    laplacian = strengths_only.information(weight[None, None]) + problem.prior[:size, :size]
    theta = np.zeros(problem.design.parameters)
    theta[:size] = np.linalg.solve(
        laplacian + laplacian.trace() / size**2, strengths_only.gradient((weight * gap)[None])
    )
    return theta
