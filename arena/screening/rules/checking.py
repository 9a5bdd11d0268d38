"""Rules over control pairs: gold ones, identical ones, and those that were repeated."""

from __future__ import annotations

from arena.screening.evidence import Evidence
from arena.screening.findings import Finding, Rule, whole_rater

LEAST = {"gold": 3, "identical": 3, "repeat": 5}
"""Control pairs of each kind below which a rater's answers on them tell nothing."""


def _more_wrong(evidence: Evidence, kind: str, share: float) -> list[Finding]:
    """Return the raters whose share of wrong answers on a kind of control pairs is above a threshold."""
    found = []
    for number, rater in enumerate(evidence.raters):
        right, wrong = evidence.controls.get(kind, {}).get(rater, (0, 0))
        answered = right + wrong
        if answered >= LEAST[kind] and wrong > share * answered:
            found.append(whole_rater(evidence, number, {"wrong": wrong, "answered": answered}))
    return found


GOLD = Rule(
    name="gold",
    version=1,
    reason="The rater too often did not prefer a clip to its degraded copy.",
    find=lambda evidence, share: _more_wrong(evidence, "gold", share),
)
IDENTICAL = Rule(
    name="identical",
    version=1,
    reason="The rater too often preferred one side where both showed the same clip.",
    find=lambda evidence, share: _more_wrong(evidence, "identical", share),
)
INCONSISTENT = Rule(
    name="inconsistent",
    version=1,
    reason="The rater too often preferred the other clip when a pair was shown again.",
    find=lambda evidence, share: _more_wrong(evidence, "repeat", share),
)
