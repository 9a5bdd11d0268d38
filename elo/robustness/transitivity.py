"""Whether one scale of strengths fits: a test of Bradley-Terry against each pair having odds of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.special import chdtrc

from elo.arguments import Cluster
from elo.arrays import Floats
from elo.models.bradley_terry import centred_inverse, win_probabilities
from elo.models.cells import cells_of_tally
from elo.models.separation import solve
from elo.models.specification import Specification
from elo.robustness.pairs import PairSums, pair_sums, two_way
from elo.votes.table import Votes

NEGLIGIBLE = 1e-9
"""Variance of a residual, as a share of the pair's votes, below which the fit leaves it no freedom."""


class Surprise(NamedTuple):
    """One pair's share of decided votes, found and as the strengths predict."""

    first: str
    second: str
    votes: float
    share: float
    predicted: float
    statistic: float
    """Standard errors of the difference."""


@dataclass(frozen=True)
class Transitivity:
    """The test, and the pairs that it rests on."""

    statistic: float
    """Pearson's chi-square."""
    expected: float
    """Its mean where Bradley-Terry holds: above the number of free pairs by the design effect of clusters."""
    degrees_of_freedom: float
    """Degrees of freedom of the chi-square that the scaled `statistic` is compared with."""
    p_value: float
    clusters: tuple[str, ...]
    pairs: tuple[Surprise, ...]
    """The most surprising first."""


def transitivity(votes: Votes, *, clusters: Sequence[Cluster] = ()) -> Transitivity:
    """Test Bradley-Terry's transitivity on the decided votes.

    Pearson's statistic sums (wins - n p)^2 / (n p (1 - p)) over pairs, with the p that the strengths predict.
    Its mean and variance come from the residuals' covariance, which allows for the fitted strengths (they are
    M e, with M the projection that the fit implies) and for votes of a cluster going together; it is referred
    to a chi-square with these (Rao and Scott 1984, Annals of Statistics 12: the second-order
    correction). Davidson's model of ties implies Bradley-Terry for decided votes, so ties don't disturb it.

    The variance needs a matrix of pairs by pairs: 84 MB for 81 contenders who all met.

    Args:
        votes: the votes; ties and both_bad are left out.
        clusters: what makes votes depend on each other, of `prompt` and `rater`; () is for nothing.

    Raises:
        ValueError: the votes do not record the clusters, none is decided, or the pairs that met form no ring.
        NotIdentified: the decided votes have no finite ratings.
    """
    sums = pair_sums(votes, clusters)
    size = len(votes.contenders)
    decided = Specification(ties="drop").problem(cells_of_tally(votes.tally()))
    strengths = solve(decided, votes.contenders, "error")[0].strengths
    predicted = win_probabilities(strengths)[sums.first, sums.second]
    total, variance = _covariance(sums, predicted, size)
    free = variance > NEGLIGIBLE * sums.votes
    if not free.any():
        raise ValueError(
            "The pairs that met form no ring, so any shares fit some strengths and there is nothing to test. "
            "Collect votes on more pairs."
        )
    residual = sums.credit - sums.votes * predicted
    weight = sums.votes * predicted * (1 - predicted)
    statistic = float((residual**2 / weight).sum())
    mean, freedom = _reference(total / np.sqrt(weight[:, None] * weight), sums.fewest)
    standard = np.divide(residual, np.sqrt(variance), out=np.zeros_like(residual), where=free)
    return Transitivity(
        statistic=statistic,
        expected=mean,
        degrees_of_freedom=freedom,
        p_value=float(chdtrc(freedom, statistic * freedom / mean)),
        clusters=tuple(clusters),
        pairs=_surprises(sums, predicted, standard, votes.contenders),
    )


def _covariance(sums: PairSums, predicted: Floats, size: int) -> tuple[Floats, Floats]:
    """Return the residuals' covariance (P, P), and their variances (P,) floored at the one-way ones."""
    pairs = np.arange(len(sums.votes))
    ends = (np.concatenate((pairs, pairs)), np.concatenate((sums.first, sums.second)))
    sign = np.repeat([1.0, -1.0], len(pairs))
    contrast = csr_array((sign, ends), shape=(len(pairs), size))
    weight = sums.votes * predicted * (1 - predicted)
    information = (contrast.T @ (contrast * weight[:, None])).toarray()
    pull = weight[:, None] * (contrast @ centred_inverse(information))

    def projected(gram: csr_array) -> Floats:
        half = gram.toarray() - pull @ (contrast.T @ gram).toarray()
        found: Floats = half - (half @ contrast) @ pull.T
        return found

    parts = [projected(gram) for gram in sums.grams(sums.value - predicted[sums.pair])]
    variances = two_way([np.diag(part) for part in parts]).floored
    return two_way(parts).total, variances


def _reference(correlation: Floats, clusters: int | None) -> tuple[float, float]:
    """Return the statistic's mean, and the degrees of freedom of the chi-square that matches it.

    A quadratic form in normals with eigenvalues l has mean sum l and variance 2 sum l^2. From G clusters the
    second sum comes out too large by (sum l)^2 / G, which is taken off; it is no less than for equal l.
    """
    mean = float(np.trace(correlation))
    squares = float((correlation**2).sum())
    if clusters is not None:
        corrected = (squares - mean**2 / clusters) / (1 + 1 / clusters)
        squares = max(corrected, mean**2 / len(correlation))
    return mean, mean**2 / squares


def _surprises(
    sums: PairSums, predicted: Floats, standard: Floats, names: tuple[str, ...]
) -> tuple[Surprise, ...]:
    return tuple(
        Surprise(
            first=names[sums.first[of]],
            second=names[sums.second[of]],
            votes=float(sums.votes[of]),
            share=float(sums.credit[of] / sums.votes[of]),
            predicted=float(predicted[of]),
            statistic=float(standard[of]),
        )
        for of in np.argsort(-np.abs(standard), kind="stable")
    )
