"""Rules over what raters prefer: against the others, or for one contender."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit
from scipy.stats import norm

from arena.screening.evidence import Evidence
from arena.screening.findings import Figures, Finding, Rule, whole_rater
from arena.screening.mixture import TASTE

LEAST_DECIDED = 5
"""Decided votes below which agreement tells nothing."""


def _loyal(evidence: Evidence, probability: float) -> list[Finding]:
    """Return the raters who are loyal to one contender with at least this probability."""
    loyal = evidence.mixture.loyal
    found = []
    for rater in np.flatnonzero(loyal.sum(axis=0) >= probability).tolist():
        favourite = evidence.contenders[int(loyal[:, rater].argmax())]
        figures: Figures = {"loyal": _short(loyal[:, rater].sum()), "contender": favourite.contender}
        found.append(whole_rater(evidence, rater, figures))
    return found


def _disagreeing(evidence: Evidence, chance: float) -> list[Finding]:
    """Return the raters who contradict the others more than an honest rater would by chance.

    The statistic is the log-likelihood of their decided votes under the others' strengths, in standard
    errors from its mean. Tastes widen the differences, so margins are shrunk as for a logistic regression
    with a normal effect: by 1 / sqrt(1 + 0.346 v), S. L. Zeger, K.-Y. Liang, P. S. Albert, Biometrics 44
    (1988), 1049-1060, with v the variance of two tastes.
    """
    duels = evidence.duels
    margin = evidence.mixture.strengths.margin / np.sqrt(1 + 0.346 * 2 * TASTE**2)
    toward = 2 * duels.won - 1
    # Mean and variance of log p(outcome): -H and p q (log p / q)^2 = p q margin^2.
    p = np.exp(log_expit(margin))
    mean = p * log_expit(margin) + (1 - p) * log_expit(-margin)
    excess = duels.per_rater(log_expit(toward * margin) - mean)
    variance = duels.per_rater(p * (1 - p) * margin**2)
    agreed = duels.per_rater((toward * margin > 0).astype(float))
    decided = np.bincount(duels.rater, minlength=duels.raters)
    z = excess / np.sqrt(np.maximum(variance, 1e-9))
    odd = (norm.cdf(z) < chance) & (decided >= LEAST_DECIDED) & (agreed < decided / 2)
    return [
        whole_rater(
            evidence,
            rater,
            {"agreed": int(agreed[rater]), "decided": int(decided[rater]), "z": _short(z[rater])},
        )
        for rater in np.flatnonzero(odd).tolist()
    ]


def _short(value: float) -> float:
    return round(float(value), 3)


LOYALTY = Rule(
    name="loyalty",
    version=1,
    reason="The rater's votes fit loyalty to one contender better than judgement of the clips.",
    find=_loyal,
)
DISAGREEMENT = Rule(
    name="disagreement",
    version=1,
    reason="The rater contradicts the other raters more often than not, and more than chance explains.",
    find=_disagreeing,
)
