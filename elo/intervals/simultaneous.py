"""Intervals for all differences at once: the critical value of the largest of all studentised contrasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtri

from elo.intervals.sandwich import Covariance, quantile
from elo.models.bradley_terry import difference_variances, laplacian, win_probabilities
from elo.votes.tally import Floats

DRAWS = 10_000
"""Directions drawn; the critical value's simulation error is then about 0.2 %."""
BLOCK = 1000
"""Directions worked on at once, so that what they need stays in the processor's cache."""
GROUP = 20
"""Directions whose largest contrasts are so alike that their mean stands for them."""
NEGLIGIBLE = 1e-12
"""Share of the largest variance below which a variance is rounding error."""
SEED = 2024
"""Fixed, so that a board recomputed is the same board."""


def simultaneous_margins(strengths: Floats, errors: Covariance, met: Floats, level: float) -> Floats:
    """Half the widths of intervals of all differences that cover together at `level`.

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
    """Shape (K, K): inverse information about differences; huge between groups that never met."""
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
    """The number c of standard errors for which all intervals of differences hold together at `level`.

    P(max over pairs of |x_i - x_j| / se_ij > c) = 1 - level for x ~ N(0, covariance): the studentised range
    (Tukey 1953) for any covariance (Hothorn, Bretz and Westfall 2008, Biometrical Journal 50, section 3).
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
    if not pairs.any():
        return quantile(degrees_of_freedom, single)
    bonferroni = single / int(pairs.sum())
    variances = difference_variances(covariance)[pairs]
    known = np.min(variances) > NEGLIGIBLE * np.max(variances)
    tail = _joint_tail(covariance, pairs, level, bonferroni, single) if known else bonferroni
    return quantile(degrees_of_freedom, tail)


def _joint_tail(
    covariance: Floats, pairs: NDArray[np.bool_], level: float, smallest: float, largest: float
) -> float:
    """The tail of each normal difference for which all hold together at `level`."""
    root = _root(covariance)
    # Neighbours in size stand together: the tail below is smooth, and each evaluation costs.
    squared = np.sort(_largest_contrasts(covariance, root, pairs) ** 2).reshape(-1, GROUP).mean(axis=1)

    def excess(tail: float) -> float:
        return float(np.mean(chdtrc(root.shape[1], ndtri(tail) ** 2 / squared))) - (1 - level)

    if excess(largest) <= 0:
        return largest
    return (
        smallest if excess(smallest) >= 0 else float(brentq(excess, smallest, largest, xtol=1e-9, rtol=1e-6))
    )


def _root(covariance: Floats) -> Floats:
    """Shape (K, rank): A with A A' = covariance, which relabelled contenders only permute."""
    values, vectors = np.linalg.eigh(covariance)
    used = values > NEGLIGIBLE * values[-1]
    signs = np.where((vectors**3).sum(axis=0) < 0, -1.0, 1.0)
    root: Floats = (vectors * signs * np.sqrt(np.maximum(values, 0)))[:, used]
    return root


def _largest_contrasts(covariance: Floats, root: Floats, pairs: NDArray[np.bool_]) -> Floats:
    """Shape (DRAWS,): for each random direction u, the largest |(A u)_i - (A u)_j| / se_ij of the pairs."""
    size, rank = root.shape
    directions = np.random.default_rng(SEED).standard_normal((DRAWS, rank))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = (root @ directions.T).astype(np.float32)
    spread = np.where(pairs, difference_variances(covariance), np.inf)
    per_error = (1 / np.sqrt(spread)).astype(np.float32)
    largest = np.zeros(DRAWS, np.float32)
    for start in range(0, DRAWS, BLOCK):
        block = np.ascontiguousarray(points[:, start : start + BLOCK])
        best = largest[start : start + BLOCK]
        for i in range(size - 1):
            contrasts = np.abs(block[i + 1 :] - block[i])
            contrasts *= per_error[i, i + 1 :, None]
            np.maximum(best, contrasts.max(axis=0), out=best)
    return largest.astype(np.float64)
