"""Exposure plans: with what probability each pair should be shown next, for a goal.

Optimal designs for paired comparisons (U. Grasshoff, R. Schwabe, "Optimal design for the Bradley-Terry paired
comparison model", Statistical Methods and Applications 17 (2008), 275-289); solved as `design` says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elo.arguments import place_of
from elo.arrays import Floats
from elo.models.bradley_terry import win_probabilities
from elo.pairing.assumptions import Rated, assumed_strengths, contenders_of
from elo.pairing.design import Design, Problem, optimise
from elo.pairing.goals import Goal, WholeBoard
from elo.pairing.limits import bounds_beside, even_shares
from elo.votes.tally import Tally

UNIFORM_SHARE = 0.1
TOLERANCE = 0.005
NO_BALANCE = (0.0, np.inf)
REVIVAL = 1e-3
"""Even share mixed into the plan that a new one starts from: a pair at zero would stay there for ever."""


@dataclass(frozen=True, eq=False)
class ExposurePlan:
    """A distribution over the pairs of K contenders to draw ballots from, and how good it is."""

    contenders: tuple[str, ...]
    probabilities: Floats
    """Probability of i on one side and j on the other, shape (K, K): symmetric, summing to 1."""
    goal: Goal
    strengths: Floats
    """Log-odds that the plan assumed, shape (K,)."""
    uniform_share: float
    """Part of every draw that is even over the allowed pairs."""
    horizon: float
    """Votes that the plan is for."""
    variance: float
    """The goal's mean variance of differences after those votes, log-odds^2, if they are independent."""
    efficiency: float
    """At least this part of what the best plan under the same share, balance and exclusions achieves."""
    free_efficiency: float
    """At least this part of what the best plan without a uniform share and balance achieves."""
    iterations: int

    @property
    def exposure(self) -> Floats:
        """Expected appearances in one vote, shape (K,); sums to 2."""
        exposure: Floats = 2 * self.probabilities.sum(axis=1)
        return exposure

    @property
    def expected_appearances(self) -> Floats:
        """Expected appearances in `horizon` votes, shape (K,)."""
        return self.horizon * self.exposure

    def propensity(self, a: str, b: str) -> float:
        """Return the probability that a draw is this pair, whichever side each is on.

        Raises:
            ValueError: a contender is unknown.
        """
        i, j = place_of(a, self.contenders), place_of(b, self.contenders)
        return 2 * float(self.probabilities[i, j])

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.intp]:
        """Draw n independent pairs: places in `contenders`, the first on the left, shape (n, 2)."""
        cumulative = np.cumsum(self.probabilities)
        drawn = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
        return np.stack(np.unravel_index(drawn, self.probabilities.shape), axis=1)


def plan_exposure(
    strengths: Mapping[str, float] | Rated | None = None,
    tally: Tally | None = None,
    goal: Goal | None = None,
    *,
    uniform_share: float = UNIFORM_SHARE,
    horizon: float | None = None,
    balance: tuple[float, float] = NO_BALANCE,
    excluded: Collection[tuple[str, str]] = (),
    start: ExposurePlan | None = None,
    tolerance: float = TOLERANCE,
) -> ExposurePlan:
    """Choose how often each pair should be shown, so that the goal's differences become sharp soonest.

    Without a tally: the best design from nothing. With one: the best completion of its history by `horizon`
    votes more, so that what is already sharp gets few of them. Ask again as votes come in: each plan rests
    on the strengths known when it is made.

    Args:
        strengths: log-odds by name, or ratings; None: estimated from the tally, pulled towards an even field.
        tally: the votes so far; None for none.
        goal: `WholeBoard()` (the default), `TopK(k)` or `Newcomer(names)`.
        uniform_share: part of the votes kept even over the allowed pairs, above 0, up to 1.
        horizon: votes to be spent by this plan; None: as many as the tally holds, or one without a tally.
        balance: least and greatest exposure of a contender, in multiples of the even one.
        excluded: pairs never to be shown.
        start: the last plan, from which the new one is found faster; contenders may have come or gone.
        tolerance: the plan's efficiency is aimed to be at least one less this.

    Raises:
        ValueError: a contender is unknown or has no strength, an argument is out of range, the allowed pairs
            leave the contenders disconnected, or cannot meet the balance.
    """
    goal = goal or WholeBoard()
    contenders = contenders_of(strengths, tally)
    known = assumed_strengths(strengths, tally, contenders)
    met = _met(tally, len(contenders))
    spent = max(float(met.sum() / 2), 1.0) if horizon is None else horizon
    _check_settings(uniform_share, spent, tolerance)
    uniform = even_shares(contenders, excluded)
    # A vote on a pair tells p (1 - p) about its difference.
    p = win_probabilities(known)
    problem = Problem(
        history=met * p * p.T,
        worth=spent * p * p.T,
        uniform=uniform,
        uniform_share=uniform_share,
        goal=goal.weights(contenders, known),
        bounds=bounds_beside(balance, uniform, uniform_share),
    )
    design = optimise(problem, _start(start, contenders, uniform), tolerance)
    return _plan(design, contenders, goal, known, uniform_share, spent)


def _met(tally: Tally | None, size: int) -> Floats:
    """Return the votes so far on each pair, shape (K, K)."""
    return np.zeros((size, size)) if tally is None else np.asarray(tally.met, dtype=np.float64)


def _plan(
    design: Design,
    contenders: tuple[str, ...],
    goal: Goal,
    strengths: Floats,
    uniform_share: float,
    horizon: float,
) -> ExposurePlan:
    return ExposurePlan(
        contenders=contenders,
        probabilities=design.probabilities,
        goal=goal,
        strengths=strengths,
        uniform_share=uniform_share,
        horizon=horizon,
        variance=design.variance,
        efficiency=design.efficiency,
        free_efficiency=design.free_efficiency,
        iterations=design.iterations,
    )


def _check_settings(uniform_share: float, horizon: float, tolerance: float) -> None:
    if not 0 < uniform_share <= 1:
        raise ValueError(f"uniform_share={uniform_share} is out of range. Allowed: above 0, up to 1.")
    if not (np.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be a finite number of votes above 0; got {horizon}.")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance={tolerance} is out of range. Allowed: above 0 and below 1.")


def _start(start: ExposurePlan | None, contenders: tuple[str, ...], uniform: Floats) -> Floats:
    """Shares to begin with: the last plan's where it has a say on a pair, and a little of all."""
    if start is None:
        return uniform
    shared = [name for name in contenders if name in start.contenders]
    here = [contenders.index(name) for name in shared]
    there = [start.contenders.index(name) for name in shared]
    shares = uniform.copy()
    shares[np.ix_(here, here)] = start.probabilities[np.ix_(there, there)]
    shares[uniform == 0] = 0
    mixed: Floats = (1 - REVIVAL) * shares / max(shares.sum(), REVIVAL) + REVIVAL * uniform
    mixed /= mixed.sum()
    return mixed
