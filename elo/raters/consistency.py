"""Self-consistency: how often a rater who meets the same two clips again answers the same."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from elo.arrays import Floats
from elo.raters.items import ANSWERS, BOTH_BAD, TIE, answers_of
from elo.votes.table import Votes


class Share(NamedTuple):
    """A share of repeats with its Wilson interval; NaN where there are no repeats."""

    share: float
    lower: float
    upper: float
    repeats: float
    """Answers to an item beyond the rater's first: n equal answers are n - 1 agreeing repeats."""


class RaterConsistency(NamedTuple):
    """One rater's line."""

    rater: Hashable
    same: Share


@dataclass(frozen=True)
class Consistency:
    """Share of repeats in which raters agree with themselves, and the ceilings that follow for others."""

    same: Share
    """Share of all repeats with the same answer."""
    unswapped: Share
    """Share of same answers among repeats with both contenders on the side they had before."""
    swapped: Share
    """Share of same answers among repeats with the sides changed: lower as far as raters follow the side."""
    chance: float
    """The share expected of raters who keep their shares of ties and both_bad and toss for the winner."""
    raters: tuple[RaterConsistency, ...]
    """Raters with repeats, the least consistent first."""
    level: float

    @property
    def beyond_chance(self) -> float:
        """(share - chance) / (1 - chance): 1 is always the same answer, 0 no more often than by chance."""
        return (self.same.share - self.chance) / (1 - self.chance)

    @property
    def rater_ceiling(self) -> float:
        """The highest share of agreement to expect between two raters.

        A rater who gives item u the answers c with probabilities p_uc repeats himself with probability
        E sum_c p_uc^2, and agrees with another's q with E sum_c p_uc q_uc, by Cauchy-Schwarz at most the
        geometric mean of the two self-consistencies.
        """
        return self.same.share

    @property
    def judge_ceiling(self) -> float:
        """The highest share of single votes that any predictor, human or not, can expect to match.

        It always gives the likeliest answer, of probability m. Where the C answers' squares sum to s, m is
        largest when the other answers are equally likely: m^2 + (1 - m)^2 / (C - 1) = s. That is concave in
        s, so by Jensen the mean share bounds the mean of m.
        """
        options = len(ANSWERS)
        excess = max(options * self.same.share - 1, 0.0)
        return (1 + math.sqrt((options - 1) * excess)) / options


def consistency(votes: Votes, *, level: float = 0.95) -> Consistency:
    """Compare each rater's answers to the same prompt and pair of contenders, in either order of sides.

    m answers of a rater to an item hold m (m - 1) / 2 comparisons but only m - 1 repeats: each comparison
    weighs 2 / m. Intervals take repeats as independent (Wilson 1927, Journal of the American Statistical
    Association 22).

    Raises:
        ValueError: prompts or raters are not recorded, no rater met an item twice, or a weight is no count.
    """
    answers = answers_of(votes, "Self-consistency")
    if (votes.weight != np.floor(votes.weight)).any():
        raise ValueError("Self-consistency counts repeats, so weights must be whole: 1, 2, 3, ...")
    both = np.stack((answers.rater, answers.item))
    (rater, _), group = np.unique(both, axis=1, return_inverse=True)
    counts = np.zeros((len(rater), 2, len(ANSWERS)))
    np.add.at(counts, (group, answers.swapped, answers.answer), votes.weight)
    size = counts.sum(axis=(1, 2))
    if (size < 2).all():
        raise ValueError(
            "No rater answered the same pair of clips twice, so there are no repeats to compare. "
            "Show raters some of their own ballots again."
        )
    weight = 2 / size
    agreed, total = _pairs(counts, weight), _pairs(counts.sum(axis=2, keepdims=True), weight)
    by_rater = np.stack([np.bincount(rater, weights=of.sum(axis=1)) for of in (agreed, total)])
    shares = [
        RaterConsistency(label, _wilson(same, repeats, level))
        for label, same, repeats in zip(answers.raters, *by_rater, strict=True)
        if repeats > 0
    ]
    return Consistency(
        same=_wilson(agreed.sum(), total.sum(), level),
        unswapped=_wilson(agreed[:, 0].sum(), total[:, 0].sum(), level),
        swapped=_wilson(agreed[:, 1].sum(), total[:, 1].sum(), level),
        chance=_chance(counts[size >= 2].sum(axis=(0, 1))),
        raters=tuple(sorted(shares, key=lambda row: (row.same.share, -row.same.repeats))),
        level=level,
    )


def _pairs(counts: Floats, weight: Floats) -> Floats:
    """Return weighted pairs of equal answers, shape (G, 2): with the same sides, and with sides changed."""
    unswapped = (counts * (counts - 1) / 2).sum(axis=(1, 2))
    swapped = (counts[:, 0] * counts[:, 1]).sum(axis=1)
    return np.stack((unswapped, swapped), axis=1) * weight[:, None]


def _chance(answers: Floats) -> float:
    """Return chance agreement from the number of each answer; which contender is first is arbitrary."""
    share = answers / answers.sum()
    decided = 1 - share[TIE] - share[BOTH_BAD]
    return float(decided**2 / 2 + share[TIE] ** 2 + share[BOTH_BAD] ** 2)


def _wilson(successes: float, trials: float, level: float) -> Share:
    if trials == 0:
        return Share(math.nan, math.nan, math.nan, 0.0)
    z2 = float(ndtri((1 + level) / 2)) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    variance = share * (1 - share) / trials + z2 / (4 * trials**2)
    margin = math.sqrt(z2 * variance) / (1 + z2 / trials)
    lower, upper = max(middle - margin, 0), min(middle + margin, 1)
    return Share(float(share), float(lower), float(upper), float(trials))
