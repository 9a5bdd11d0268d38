"""Bootstrap: the fit repeated on resampled votes, started from the fit of all votes.

B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979), 1-26.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import scipy
from numpy.typing import NDArray

from elo.arguments import Resampling
from elo.arrays import Floats
from elo.intervals.resampling import resampled_cells
from elo.models.cells import Cells
from elo.models.graphs import strong_groups
from elo.models.newton import NotConverged, Problem, Solution, maximise
from elo.models.outcomes import MultinomialLogit, OutcomeModel
from elo.models.specification import Specification

STEP_TOLERANCE = 1e-4
"""Log-odds. What is left after a step this small is a fraction of it: far below any standard error."""
MAX_STEPS = 50
LARGEST_LOG = 300.0
"""Largest log-odds, so that odds stay finite."""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Estimates from resampled votes."""

    draws: Floats
    """Parameters, strengths with mean zero, shape (rounds, P)."""
    contenders: int
    one_step: int
    """Rounds whose resample has no finite optimum: one Newton step from the full fit stands in for it."""
    recipe: str

    @property
    def covariance(self) -> Floats:
        """Covariance of the draws about their mean, shape (P, P)."""
        covariance: Floats = np.atleast_2d(np.cov(self.draws, rowvar=False))
        return covariance

    @property
    def standard_errors(self) -> Floats:
        """Standard deviations of the draws, shape (P,); their own relative error is 1 / sqrt(2 rounds)."""
        errors: Floats = self.draws.std(axis=0, ddof=1)
        return errors

    def limits(self, contrasts: Floats, level: float) -> tuple[Floats, Floats]:
        """Return percentile limits of sums of parameters, shape (n,) each, from weights of shape (n, P).

        They need about 1,000 rounds.
        """
        tail = (1 - level) / 2
        lower, upper = np.quantile(self.draws @ contrasts.T, (tail, 1 - tail), axis=0)
        return lower, upper


def bootstrap(
    specification: Specification,
    cells: Cells,
    solution: Solution,
    *,
    clusters: Mapping[str, NDArray[np.integer]] | None = None,
    kind: Resampling = "resample",
    rounds: int = 1000,
    seed: int = 0,
) -> Bootstrap:
    """Refit resampled votes by Newton steps with the information of the full fit (chord steps).

    A round that these steps do not settle is fitted by Newton's method proper. A separable resample has its
    optimum at infinity: one Newton step from the full fit stands in, and `one_step` counts it. The spread of
    such steps is the sandwich's.

    Args:
        specification: the model fitted.
        cells: the votes fitted.
        solution: their fit.
        clusters: for each kind, shape (N,), as in `resampled_cells`; None or empty resamples votes.
        kind: `resample` (with replacement) or `bayesian` (exponential weights).
        rounds: number of resamples.
        seed: of the generator; the same seed gives the same draws.

    Raises:
        ValueError: an unknown kind, or fewer than two rounds.
    """
    if kind not in get_args(Resampling) or rounds < 2:
        known = ", ".join(get_args(Resampling))
        raise ValueError(f"Got kind={kind!r}, rounds={rounds}. Known kinds: {known}; rounds from 2.")
    refit = _Refit(specification.problem(cells), solution)
    labels, merged = _merged(specification.labels, cells)
    blocks = [
        refit.fit(_combined(labels.T, block.swapaxes(0, 1)))
        for block in resampled_cells(merged, clusters or {}, kind, rounds, seed)
    ]
    unit = " and ".join(clusters) if clusters else "votes"
    one_step = sum(count for _, count in blocks)
    return Bootstrap(
        draws=np.concatenate([draws for draws, _ in blocks]),
        contenders=solution.contenders,
        one_step=one_step,
        recipe=_recipe(kind, unit, rounds, one_step),
    )


def _recipe(kind: Resampling, unit: str, rounds: int, one_step: int) -> str:
    name = "Bayesian bootstrap" if kind == "bayesian" else "bootstrap"
    aside = f", {one_step} of them, without a finite maximum, by one step" if one_step else ""
    return f"{name} by {unit}, {rounds} rounds{aside}"


def _merged(labels: Floats, cells: Cells) -> tuple[Floats, Cells]:
    """Add up the outcomes that the model does not tell apart; return the remaining labels and cells."""
    kept, group = np.unique(labels, axis=0, return_inverse=True)
    add = (group == np.arange(len(kept))[:, None]).astype(np.float64)
    place = cells.cell
    if place is not None:
        place = group[place // cells.meetings] * cells.meetings + place % cells.meetings
    return kept, replace(cells, counts=add @ cells.counts, squares=add @ cells.squares, cell=place)


@dataclass(frozen=True, eq=False)
class _Refit:
    """Fits of many resamples at once."""

    problem: Problem
    solution: Solution
    jacobians: list[scipy.sparse.csr_array] = field(init=False)
    """Derivatives of each coordinate by the parameters, shape (M, P)."""

    def __post_init__(self) -> None:
        design = self.problem.design
        meeting = np.broadcast_to(np.arange(design.members.shape[1]), design.members.shape)
        shape = (design.members.shape[1], design.parameters)
        places = (meeting.ravel(), design.members.ravel())
        object.__setattr__(
            self,
            "jacobians",
            [scipy.sparse.csr_array((share.ravel(), places), shape=shape) for share in design.share],
        )

    def fit(self, credit: Floats) -> tuple[Floats, int]:
        """Return parameters (rounds, P) from credit (4, rounds, M), and the number that took one step."""
        theta = np.tile(self.solution.optimum, (credit.shape[1], 1))
        first = theta + self._steps(theta, credit)
        theta[:] = first
        moving = np.arange(len(theta))
        for _ in range(MAX_STEPS):
            step = self._steps(theta[moving], credit if len(moving) == len(theta) else credit[:, moving])
            theta[moving] += step
            moving = moving[np.abs(step).max(axis=1) >= STEP_TOLERANCE]
            if not len(moving):
                break
        one_step = 0
        for round_ in moving:
            found = self._alone(credit[:, round_])
            one_step += found is None
            theta[round_] = first[round_] if found is None else found
        theta -= (
            theta[:, : self.problem.contenders].mean(axis=1, keepdims=True) * self.problem.shift_direction
        )
        return theta, one_step

    def _steps(self, theta: Floats, credit: Floats) -> Floats:
        """Return Newton steps with the full fit's information, shape (rounds, P)."""
        place = np.stack([theta @ jacobian.T for jacobian in self.jacobians])
        pulls = _pulls(self.problem.outcomes, place, credit)
        gradient = sum(pull @ jacobian for pull, jacobian in zip(pulls, self.jacobians, strict=True))
        steps: Floats = (gradient - theta @ self.problem.prior) @ self.solution.inverse
        return steps

    def _alone(self, credit: Floats) -> Floats | None:
        """Return one resample's optimum, shape (P,), by damped Newton steps; None without a finite one."""
        problem = replace(self.problem, credit=credit)
        if self.problem.ridge == 0 and strong_groups(problem).any():
            return None
        try:
            return maximise(problem).theta
        except (NotConverged, np.linalg.LinAlgError):
            return None


def _pulls(outcomes: OutcomeModel, place: Floats, credit: Floats) -> Floats:
    """Return the gradient by the coordinates, shape (L, rounds, M); logits skip the costly curvature."""
    if not isinstance(outcomes, MultinomialLogit):
        flat = outcomes.derivatives(place.reshape(len(place), -1), credit.reshape(len(credit), -1))
        return flat.gradient.reshape(place.shape)
    # Relative to the first outcome: residuals of the others are all that is needed.
    first, *others = outcomes.outcomes
    utilities = outcomes.utilities[1:] - outcomes.utilities[0]
    odds = _combined(utilities, place)
    np.exp(np.minimum(odds, LARGEST_LOG, out=odds), out=odds)
    odds *= sum((credit[other] for other in others), credit[first]) / (1 + odds.sum(axis=0))
    pulls: Floats = _combined(utilities.T, np.subtract(credit[others], odds, out=odds))
    return pulls


def _combined(weights: Floats, parts: Floats) -> Floats:
    """Return weights @ parts by plain sums: for few large parts and mostly zero weights, without BLAS."""
    combined = np.zeros((len(weights), *parts.shape[1:]))
    for target, row in zip(combined, weights, strict=True):
        for weight, part in zip(row, parts, strict=True):
            if weight != 0:
                target += part if weight == 1 else weight * part
    return combined
