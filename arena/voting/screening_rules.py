"""Names of the screening rules that a study's terms can set, with the thresholds that they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Threshold(NamedTuple):
    """Threshold of a screening rule."""

    least: float
    most: float
    default: float
    """What `docs/screening.md` recommends."""
    meaning: str


THRESHOLDS: dict[str, Threshold] = {
    "few-votes": Threshold(2, 100, 3, "votes that a rater must cast to count at all"),
    "too-fast": Threshold(0, 3600, 2.0, "seconds after a pair was shown, before which votes don't count"),
    "streaks": Threshold(2, 10_000, 15, "equal answers in a row"),
    "one-sided": Threshold(0, 0.05, 0.001, "chance of so many answers on one side"),
    "gold": Threshold(0, 1, 0.4, "share of gold pairs on which the degraded copy or a tie was chosen"),
    "identical": Threshold(0, 1, 0.5, "share of identical pairs on which one side was preferred"),
    "inconsistent": Threshold(0, 1, 0.7, "share of repeated pairs on which the other clip was preferred"),
    "shared-origin": Threshold(2, 100, 5.0, "standard errors by which raters of one origin move a contender"),
    "loyalty": Threshold(0.5, 1, 0.8, "probability of being loyal to one contender"),
    "disagreement": Threshold(0, 0.05, 0.005, "chance of agreeing so little with the other raters"),
    "leverage": Threshold(0, 10_000, 20.0, "points by which one rater moves a rating"),
}
"""Threshold of each rule by name; `arena.screening.rules` has the rules themselves."""
KNOWN = "; ".join(f"{name} from {rule.least:g} to {rule.most:g}" for name, rule in THRESHOLDS.items())


def faults_of(thresholds: Mapping[Any, object]) -> Iterator[str]:
    """Yield what is wrong with thresholds by rule; nothing if all are known and in range."""
    for name, value in thresholds.items():
        rule = THRESHOLDS.get(name) if isinstance(name, str) else None
        if rule is None:
            yield f"screening must be of known rules, {KNOWN}; got '{name}'. Leave it out."
        elif not _is_within(value, rule):
            bounds = f"from {rule.least:g} to {rule.most:g}"
            yield f"{name} must be a number {bounds} ({rule.meaning}); got {value!r}. Change it."


def _is_within(value: object, rule: Threshold) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return rule.least <= value <= rule.most
