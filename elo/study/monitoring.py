"""Limits that hold at every look at once, so that a study may be watched, and stopped when it has enough.

There are two kinds. Limits from fits (`anytime_difference`, `top_is_top`) are asymptotic, with the dependence
that the fit's covariance allows for (Robbins 1970). Limits from the votes on one pair (`win_share_sequence`)
are exact, however few the votes (Waudby-Smith and Ramdas 2024).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from elo.arguments import place_of
from elo.arrays import Floats
from elo.ratings import Interval, Ratings

GRID = np.linspace(0, 1, 1001)
"""Shares of wins that are tried; limits are rounded outwards to them."""
LARGEST_LOG = 700.0
"""Largest log e-value, so that e-values stay finite."""
LARGEST_BET = 0.5
"""Share of what a bet could lose at worst."""
BLOCK = 50
"""Votes worked on at once, so that what they need stays in the processor's cache."""


class ConfidenceSequence(NamedTuple):
    """Lower and upper limits, shape (T,) each, that hold at all looks together."""

    lower: Floats
    upper: Floats


class TopClaim(NamedTuple):
    """Evidence so far for the contender that leads."""

    contender: str
    evidence: float
    """E-value against its being no better than the best other: at most 1 / error by chance, at any look."""
    shown: bool
    """Whether the evidence suffices at the level."""


def difference_sequence(
    estimates: ArrayLike,
    errors: ArrayLike,
    *,
    planned_error: float,
    level: float = 0.95,
    degrees_of_freedom: ArrayLike | None = None,
) -> ConfidenceSequence:
    """Return a confidence sequence of one quantity, from the estimate of each look.

    The normal mixture of Robbins (1970, Annals of Mathematical Statistics 41), in the information
    v = 1 / se^2: b^2 = (1 + r / v) (2 log(1 / (1 - level)) + log(1 + v / r)) standard errors each way, an
    asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, Annals of Statistics
    52, theorem 2.2). It takes estimates whose errors move like a Brownian motion in information: those of
    maximum likelihood and weighted means do (Scharfstein, Tsiatis and Robins 1997, Journal of the American
    Statistical Association 92) as clusters arrive, or as votes of the same clusters do, if the standard
    errors are clustered likewise. It is no guarantee for a few clusters: begin to look when there are 20 or
    so. With degrees of freedom, Student's quantile with the same tail stands in for b.

    Each look's limits depend on that look alone, so looks may be skipped, or added, whatever they show.

    Args:
        estimates: shape (T,).
        errors: shape (T,), their standard errors.
        planned_error: the standard error at which limits are to be tightest, fixed before the first look;
            there they are 1.55 times as wide as an interval for a single look (level 0.95), and within 10 %
            of that from a half to twice the error.
        level: probability that the limits hold at all looks.
        degrees_of_freedom: shape (T,) or one number, of each look; None for normal.
    """
    means = np.asarray(estimates, dtype=np.float64)
    spread = np.asarray(errors, dtype=np.float64)
    reach = _boundary(spread, planned_error, 1 - level)
    if degrees_of_freedom is not None:
        reach = -scipy.special.stdtrit(
            np.asarray(degrees_of_freedom, dtype=np.float64), scipy.special.ndtr(-reach)
        )
    margins = np.full_like(means, np.inf)
    np.multiply(reach, spread, out=margins, where=spread > 0)
    return ConfidenceSequence(means - margins, means + margins)


def anytime_difference(ratings: Ratings, a: str, b: str, *, planned_error: float) -> Interval:
    """Return the difference of two ratings with limits that hold at all looks together.

    Args:
        ratings: the fit of all votes so far, clustered on what votes share.
        a: a contender.
        b: another.
        planned_error: as in `difference_sequence`, in rating points.

    Returns:
        In rating points. The error over all looks at this pair is at most 1 - level; to watch several pairs,
        divide it among them.

    Raises:
        ValueError: a contender is unknown.
    """
    i, j = (place_of(name, ratings.contenders) for name in (a, b))
    estimate = ratings.difference(a, b).estimate
    variance = max(ratings.errors.difference_variances()[i, j], 0)
    error = ratings.method.asked.scale * math.sqrt(variance)
    limits = difference_sequence(
        [estimate],
        [error],
        planned_error=planned_error,
        level=ratings.method.asked.level,
        degrees_of_freedom=ratings.errors.degrees_of_freedom,
    )
    return Interval(estimate, float(limits.lower[0]), float(limits.upper[0]))


def top_is_top(ratings: Ratings, *, planned_error: float) -> TopClaim:
    """Test whether the leader is better than all others; the test holds however often one looks.

    For each challenger, the e-process of the half-normal mixture against "the leader is no better"; the
    smallest counts, because the claim needs them all. Who leads is chosen by the votes: the true top can be
    wronged by any of K - 1 others, so the evidence is divided by K - 1. The probability that a false claim is
    made at any look is then at most 1 - level (Ville 1939), under the conditions of `difference_sequence`.

    Args:
        ratings: the fit of all votes so far, clustered on what votes share.
        planned_error: the standard error of a difference, in rating points, at which the test is to be
            strongest; fixed before the first look.
    """
    error = 1 - ratings.method.asked.level
    challengers = len(ratings.contenders) - 1
    top = int(np.argmax(ratings.strengths))
    others = np.delete(np.arange(challengers + 1), top)
    gaps = ratings.strengths[top] - ratings.strengths[others]
    spread = np.sqrt(np.maximum(ratings.errors.difference_variances()[top, others], 0))
    evidence = _evidence(
        gaps,
        spread,
        planned_error / ratings.method.asked.scale,
        error / challengers,
        ratings.errors.degrees_of_freedom,
    )
    smallest = math.exp(min(float(np.min(evidence)), LARGEST_LOG)) / challengers
    return TopClaim(ratings.contenders[top], smallest, smallest >= 1 / error)


def win_share_sequence(credits: ArrayLike, *, level: float = 0.95) -> ConfidenceSequence:
    """Return an exact confidence sequence of one contender's expected credit against another.

    The hedged capital process of Waudby-Smith and Ramdas 2024 (Journal of the Royal Statistical Society B 86,
    theorem 3): a share m is ruled out once bets against it have multiplied their stake by 2 / (1 - level).
    Holds for any number of votes if, whatever came before, the next credit is expected to be the same. Votes
    of one rater are not so: give each rater's mean credit instead; then raters must be alike in expectation.

    Args:
        credits: shape (T,), from 0 to 1 in order of time: 1 for a win, 0.5 for a tie.
        level: probability that the limits hold after all votes.

    Returns:
        Limits of shape (T,), between 0 and 1; a difference of ratings is `scale` times their logit.

    Raises:
        ValueError: a credit is not between 0 and 1.
    """
    shares = np.asarray(credits, dtype=np.float64)
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError("Credits must lie between 0 and 1: 1 for a win, 0.5 for a tie, 0 for a loss.")
    bets = _predictable_bets(shares, 1 - level)
    capital_above, capital_below = np.zeros_like(GRID), np.zeros_like(GRID)
    enough = math.log(2 / (1 - level))
    lower, upper = np.empty_like(shares), np.empty_like(shares)
    for start in range(0, len(shares), BLOCK):
        rows = slice(start, start + BLOCK)
        # Capital of bets on more and on less than each share m, shape (rows, grid).
        surprise = shares[rows, None] - GRID
        bet = bets[rows, None]
        above = capital_above + np.log(1 + _capped(bet, GRID) * surprise).cumsum(axis=0)
        below = capital_below + np.log(1 - _capped(bet, 1 - GRID) * surprise).cumsum(axis=0)
        # Bets on more win where m is too low, and the more so the lower: what is left is one range of m.
        too_low = (above >= enough).sum(axis=1)
        too_high = (below >= enough).sum(axis=1)
        lower[rows] = GRID[np.maximum(too_low - 1, 0)]
        upper[rows] = GRID[np.minimum(len(GRID) - too_high, len(GRID) - 1)]
        capital_above, capital_below = above[-1], below[-1]
    return ConfidenceSequence(lower, upper)


def _capped(bet: Floats, most_to_lose: Floats) -> Floats:
    return np.minimum(bet, LARGEST_BET / np.maximum(most_to_lose, 1e-12))


def _predictable_bets(shares: Floats, error: float) -> Floats:
    """Return the paper's predictable plug-in, from the variance of the votes before, shape (T,)."""
    count = np.arange(1, len(shares) + 1)
    mean = (0.5 + shares.cumsum()) / (count + 1)
    variance = (0.25 + ((shares - mean) ** 2).cumsum()) / (count + 1)
    known = np.concatenate(([0.25], variance[:-1]))
    pace = known * count * np.log(count + 1)
    bets: Floats = np.sqrt(2 * math.log(2 / error) / pace)
    return bets


def _prior_information(planned_error: float, error: float) -> float:
    """Return the mixture's r that makes the boundary nearly smallest at the planned error."""
    if not planned_error > 0:
        raise ValueError(f"planned_error={planned_error} must be above 0: the standard error to plan for.")
    twice = -2 * math.log(error)
    return 1 / (planned_error**2 * (twice + math.log(twice + 1)))


def _boundary(errors: Floats, planned_error: float, error: float) -> Floats:
    """Return the boundary in standard errors; infinite where there is no information."""
    share = _prior_information(planned_error, error) * errors**2
    with np.errstate(divide="ignore"):
        squared = (1 + share) * (2 * math.log(1 / error) + np.log1p(1 / share))
    reach: Floats = np.sqrt(squared)
    return reach


def _evidence(
    gaps: Floats, errors: Floats, planned_error: float, error: float, degrees_of_freedom: int | None
) -> Floats:
    """Return log e-values against gaps of 0 or less; minus infinity where a gap has no variance."""
    known = errors > 0
    ratio = np.divide(gaps, errors, out=np.zeros_like(gaps), where=known)
    if degrees_of_freedom is not None:
        ratio = -scipy.special.ndtri(scipy.special.stdtr(degrees_of_freedom, -ratio))
    shrunk = 1 / (1 + _prior_information(planned_error, error) * errors**2)
    share_of_prior = 0.5 * np.log1p(-shrunk, where=known, out=np.zeros_like(gaps))
    # log(2 sqrt(1 - s) exp(s z^2 / 2) Phi(z sqrt(s))), with z the ratio and s `shrunk`.
    in_favour = scipy.special.log_ndtr(ratio * np.sqrt(shrunk))
    evidence = math.log(2) + share_of_prior + ratio**2 * shrunk / 2 + in_favour
    return np.where(known, evidence, -np.inf)
