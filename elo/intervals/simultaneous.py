"""Intervals for all differences at once: the critical value of the largest of all studentised contrasts.

T. Hothorn, F. Bretz, P. Westfall, "Simultaneous inference in general parametric models", Biometrical Journal
50 (2008), 346-363.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.intervals.covariance import Covariance, quantile
from elo.models.bradley_terry import difference_variances, laplacian, win_probabilities

DRAWS = 10_000
"""Directions drawn; the critical value's simulation error is then about 0.2 %."""
BLOCK = 2000
"""Lines of contrasts worked on at once, so that what they need stays in the processor's cache."""
LINES = 100
"""Directions in one matrix product: few enough that BLAS keeps small boards on one thread."""
MOST_STEPS = 60
PRECISION = 1e-12
RADII = 20_000
"""Steps of a table of the radius, which interpolation then makes exact to 1e-7."""
NEGLIGIBLE = 1e-12
"""Share of the largest variance below which a variance is rounding error."""
SEED = 2024
"""Fixed, so that a board recomputed is the same board."""


def simultaneous_margins(strengths: Floats, errors: Covariance, met: Floats, level: float) -> Floats:
    """Return half-widths of the intervals of all differences that jointly cover at `level`.

    Votes that fit their estimate without any scatter (each rater gave the same three wins of four) have a
    sandwich variance of zero, and would certify any difference. A difference without variance gets that of a
    model in which each vote is an independent win or loss. Degrees of freedom are the effective number of
    clusters less one: the tails beyond three errors are heavier the more unequal the clusters.

    Args:
        strengths: shape (K,), log-odds.
        errors: their covariance.
        met: shape (K, K), votes on each pair.
        level: probability that all intervals cover.

    Returns:
        Shape (K, K), log-odds.
    """
    variances = np.maximum(errors.difference_variances(), 0)
    model = _binomial_variances(strengths, met)
    variances = np.where(variances <= NEGLIGIBLE * model, model, variances)
    dof: float | None = errors.degrees_of_freedom
    if dof is not None and errors.effective is not None:
        dof = min(dof, max(errors.effective - 1, 1))
    critical = critical_value(errors.matrix, dof, level, compared=np.isfinite(variances))
    margins: Floats = critical * np.sqrt(variances)
    return margins


def _binomial_variances(strengths: Floats, met: Floats) -> Floats:
    """Return the inverse information about differences, shape (K, K); huge between groups that never met."""
    p = win_probabilities(strengths)
    information = laplacian(met * p * p.T)
    ridge = NEGLIGIBLE**0.5 * np.trace(information) / len(p)
    return difference_variances(np.linalg.inv(information + ridge * np.eye(len(p))))


def critical_value(
    covariance: Floats,
    degrees_of_freedom: float | None,
    level: float,
    *,
    compared: NDArray[np.bool_] | None = None,
) -> float:
    """Return the number c of standard errors for which all intervals of differences jointly cover at `level`.

    P(max over pairs of |x_i - x_j| / se_ij > c) = 1 - level for x ~ N(0, covariance): the studentised range
    (Tukey 1953) for any covariance (Hothorn, Bretz and Westfall, section 3).
    x = r A u has a direction u, uniform on the sphere, and a radius r. Directions are drawn, with a fixed
    seed; the radius is integrated out, since r^2 ~ chi^2(rank). Each difference has a standard error of its
    own, estimated from clusters, so Student's quantile with the tail of c stands in for c: as if the
    estimates had their correlation and the standard errors none. (One chi for all, as in Tukey's range, held
    together in 84 % of simulated boards with 25 raters.) Two contenders get Student's quantile, exactly. The
    result is never above Bonferroni's, and is Bonferroni's where some difference has no variance, because
    nothing is then known of how it moves with the others.

    Args:
        covariance: shape (K, K), positive semidefinite.
        degrees_of_freedom: of Student's t, for each difference; None for normal.
        level: probability that all intervals cover.
        compared: shape (K, K), the pairs whose differences have intervals; None for all.
    """
    size = len(covariance)
    pairs = np.triu(np.ones((size, size), dtype=bool) if compared is None else compared, 1)
    single = (1 - level) / 2
    if pairs.sum() <= 1:
        return quantile(degrees_of_freedom, single)
    bonferroni = single / int(pairs.sum())
    variances = difference_variances(covariance)[pairs]
    if np.min(variances) <= NEGLIGIBLE * np.max(variances):
        return quantile(degrees_of_freedom, bonferroni)
    normal = _joint_normal(covariance, pairs, level, quantile(None, single), quantile(None, bonferroni))
    tail = math.erfc(normal / math.sqrt(2)) / 2
    return normal if degrees_of_freedom is None else quantile(degrees_of_freedom, tail)


def _joint_normal(
    covariance: Floats, pairs: NDArray[np.bool_], level: float, smallest: float, largest: float
) -> float:
    """Find the critical value for normal differences between `smallest` and `largest`."""
    # A level common to all contenders moves no difference, but would hide which are the far ones.
    centred = covariance - covariance.mean(axis=0) - covariance.mean(axis=1)[:, None] + covariance.mean()
    root = _root(centred)
    contrasts = np.sort(_largest_contrasts(centred, root, pairs))
    radius, beyond = _radius_beyond(root.shape[1])
    return _root_of(
        lambda c: float(np.interp(c / contrasts, radius, beyond).mean()) - (1 - level), smallest, largest
    )


def _root_of(excess: Callable[[float], float], low: float, high: float) -> float:
    """Return where a decreasing function is 0, or the end that is nearest to it.

    The Illinois rule: M. Dowell and P. Jarratt, BIT Numerical Mathematics 11 (1971).
    """
    at_low, at_high = excess(low), excess(high)
    if at_low <= 0 or at_high >= 0:
        return low if at_low <= 0 else high
    found, is_higher = low, None
    for _ in range(MOST_STEPS):
        before, found = found, (low * at_high - high * at_low) / (at_high - at_low)
        value = excess(found)
        if value == 0 or abs(found - before) <= PRECISION * found:
            break
        # An end that stays twice counts half, so that the other one moves.
        if value > 0:
            low, at_low, at_high = found, value, at_high / 2 if is_higher is False else at_high
        else:
            high, at_high, at_low = found, value, at_low / 2 if is_higher is True else at_low
        is_higher = value <= 0
    return found


@lru_cache(maxsize=16)
def _radius_beyond(rank: int) -> tuple[Floats, Floats]:
    """Tabulate radii and the probability of a larger one: the root of chi^2 of `rank` degrees of freedom."""
    edges, step = np.linspace(0, np.sqrt(rank) + 9, RADII + 1, retstep=True)
    middle = edges[:-1] + step / 2
    density = (rank - 1) * np.log(middle) - middle**2 / 2
    mass = np.exp(density - density.max())
    return edges, np.append(np.cumsum(mass[::-1])[::-1], 0.0) / mass.sum()


def _root(covariance: Floats) -> Floats:
    """Return A with A A' = covariance, shape (K, rank); relabelling contenders only permutes it."""
    values, vectors = scipy.linalg.eigh(covariance)  # on one thread, unlike numpy’s
    used = values > NEGLIGIBLE * values[-1]
    signs = np.where((vectors**3).sum(axis=0) < 0, -1.0, 1.0)
    root: Floats = (vectors * signs * np.sqrt(np.maximum(values, 0)))[:, used]
    return root


@lru_cache(maxsize=4)
def _directions(rank: int) -> Floats:
    """Draw random directions on the sphere, shape (DRAWS, rank)."""
    directions: Floats = np.random.default_rng(SEED).standard_normal((DRAWS, rank))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions


def _largest_contrasts(covariance: Floats, root: Floats, pairs: NDArray[np.bool_]) -> Floats:
    """Return the largest |x_i - x_j| / se_ij over pairs, x = A u, for each direction u, shape (DRAWS,).

    With any a > 0 and q the least se_ij / (a_i + a_j), none exceeds max(|x_i| / a_i, |x_j| / a_j) / q.
    So only contenders with |x_i| / a_i above q times a contrast found can be in a larger one: mostly a few of
    all, if a are their own standard errors.
    """
    compared = pairs | pairs.T
    errors = np.sqrt(np.where(compared, difference_variances(covariance), np.inf))

    # a: each contender's own standard error, shape (K,), kept from 0. q: `share`.
    own = np.sqrt(np.diag(covariance))
    own = np.maximum(own, NEGLIGIBLE**0.5 * own.max())
    share = (errors / (own[:, None] + own))[compared].min()

    # The contenders' x = A u in each direction u, shape (DRAWS, K).
    slabs = _directions(root.shape[1]).reshape(-1, LINES, root.shape[1])
    points = (slabs @ root.T).reshape(DRAWS, -1).astype(np.float32)

    per_error = (1 / errors).astype(np.float32)
    largest = np.zeros(DRAWS, np.float32)

    def compare(draw: NDArray[np.intp], contender: NDArray[np.intp]) -> None:
        """Raise `largest` to the contrasts of these contenders against all others in these draws."""
        for start in range(0, len(draw), BLOCK):
            rows = draw[start : start + BLOCK]
            ends = contender[start : start + BLOCK]
            contrasts = np.abs(points[rows] - points[rows, ends][:, None]) * per_error[ends]
            np.maximum.at(largest, rows, contrasts.max(axis=1))

    # First the contender that lies furthest out; then those that could still be in a larger contrast.
    reach = np.abs(points) / own.astype(np.float32)
    compare(np.arange(DRAWS), reach.argmax(axis=1))
    compare(*np.nonzero(reach > share * largest[:, None]))
    return largest.astype(np.float64)
