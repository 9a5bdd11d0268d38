"""Findings of rules: votes to exclude, with the figures that tell why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from arena.screening.evidence import Evidence

Figures = Mapping[str, float | int | str]


class Finding(NamedTuple):
    """Votes of one rater that a rule excludes."""

    rater: str
    votes: Sequence[int]
    """Numbers of the votes in the evidence."""
    figures: Figures


@dataclass(frozen=True)
class Rule:
    """Screening rule; the study's terms set its threshold."""

    name: str
    version: int
    """Version, raised whenever the same votes and threshold may give other findings."""
    reason: str
    """Sentence for readers of the ledger."""
    find: Callable[[Evidence, float], list[Finding]]


def whole_rater(evidence: Evidence, rater: int, figures: Figures) -> Finding:
    """Return the finding that excludes all votes of a rater."""
    return Finding(evidence.raters[rater], evidence.by_rater[rater].tolist(), figures)
