"""Rules over what raters do to a rating: alone, or together from one network or device."""

from __future__ import annotations

import numpy as np

from arena.screening.evidence import Evidence
from arena.screening.findings import Figures, Finding, Rule, whole_rater
from arena.screening.strengths import Reals
from elo.options import ELO_SCALE

BEYOND_CHANCE = 4.0
"""Standard errors from which a rater's or group's votes on a contender are no accident."""
LEAST_RATERS = 3
"""Raters from one origin that make a group."""


def _leverage(evidence: Evidence, points: float) -> list[Finding]:
    """Return the raters who alone move a rating by so many points, against what the others expect."""
    moved = evidence.strengths.influence * ELO_SCALE
    odd = _surprise(evidence) >= BEYOND_CHANCE
    large = odd & (np.abs(moved) >= points)
    found = []
    for rater in np.flatnonzero(large.any(axis=1)).tolist():
        most = int(np.where(large[rater], np.abs(moved[rater]), 0).argmax())
        figures: Figures = {
            "points": round(float(moved[rater, most]), 1),
            "contender": evidence.contenders[most].contender,
        }
        found.append(whole_rater(evidence, rater, figures))
    return found


def _shared_origin(evidence: Evidence, z: float) -> list[Finding]:
    """Return groups of raters from one network or device who together move one contender."""
    excess, variance = _by_contender(evidence)
    found: dict[int, Finding] = {}
    for members in evidence.together().values():
        if len(members) < LEAST_RATERS:
            continue
        spread = np.sqrt(np.maximum(variance[members].sum(axis=0), 1e-9))
        by_contender = np.abs(excess[members].sum(axis=0)) / spread
        most = int(by_contender.argmax())
        if by_contender[most] >= z:
            figures: Figures = {
                "raters": len(members),
                "z": round(float(by_contender[most]), 2),
                "contender": evidence.contenders[most].contender,
            }
            found |= {rater: whole_rater(evidence, rater, figures) for rater in members}
    return [found[rater] for rater in sorted(found)]


def _surprise(evidence: Evidence) -> Reals:
    """Return each rater's wins for each contender beyond what others expect, in standard errors, (R, K)."""
    excess, variance = _by_contender(evidence)
    found: Reals = np.abs(excess) / np.sqrt(np.maximum(variance, 1e-9))
    return found


def _by_contender(evidence: Evidence) -> tuple[Reals, Reals]:
    """Return wins less expected wins, and the variance of that, of each rater and contender, (R, K) each."""
    duels, expected = evidence.duels, evidence.mixture.strengths.expected
    excess = np.zeros((duels.raters, duels.contenders))
    variance = np.zeros_like(excess)
    surprise, spread = duels.won - expected, expected * (1 - expected)
    for side, sign in ((duels.a, 1.0), (duels.b, -1.0)):
        np.add.at(excess, (duels.rater, side), sign * surprise)
        np.add.at(variance, (duels.rater, side), spread)
    return excess, variance


LEVERAGE = Rule(
    name="leverage",
    version=1,
    reason="The rater alone moves a rating further than the study allows, against what others prefer.",
    find=_leverage,
)
SHARED_ORIGIN = Rule(
    name="shared-origin",
    version=1,
    reason="Raters from one network or device move one contender together.",
    find=_shared_origin,
)
