"""Screening rules, in the order in which they are asked; the first to object names an exclusion."""

from __future__ import annotations

from arena.screening.findings import Rule
from arena.screening.rules.answering import FEW_VOTES, ONE_SIDED, STREAKS, TOO_FAST
from arena.screening.rules.checking import GOLD, IDENTICAL, INCONSISTENT
from arena.screening.rules.influence import LEVERAGE, SHARED_ORIGIN
from arena.screening.rules.judging import DISAGREEMENT, LOYALTY

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        FEW_VOTES,
        TOO_FAST,
        STREAKS,
        ONE_SIDED,
        GOLD,
        IDENTICAL,
        INCONSISTENT,
        SHARED_ORIGIN,
        LOYALTY,
        DISAGREEMENT,
        LEVERAGE,
    )
}
"""Rules by name."""
