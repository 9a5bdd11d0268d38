"""Asking rules about evidence, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arena.screening.evidence import Evidence
from arena.screening.findings import Finding
from arena.screening.rules import RULES
from arena.screening.strengths import Numbers


@dataclass(frozen=True, eq=False)
class Objections:
    """What one rule found."""

    rule: str
    threshold: float
    findings: Sequence[Finding]

    @property
    def votes(self) -> set[int]:
        """Numbers of the votes that the rule excludes."""
        return {vote for finding in self.findings for vote in finding.votes}


def ask_rules(
    evidence: Evidence, thresholds: Mapping[str, float], pardoned: Mapping[str, Collection[str]] | None = None
) -> list[Objections]:
    """Ask each rule about the votes that the rules before it left.

    So a crowd of odd raters whom a simple rule finds does not change what later rules take for usual.

    Args:
        evidence: the votes.
        thresholds: threshold of each rule to ask, by its name.
        pardoned: ballots that a rule must leave alone, by its name.
    """
    objections: list[Objections] = []
    left = np.arange(len(evidence.ballots))
    for name in (name for name in RULES if name in thresholds):
        found = _asked_about(evidence, left, name, thresholds[name])
        findings = list(_without_pardoned(evidence, found, (pardoned or {}).get(name, ())))
        objections.append(Objections(name, thresholds[name], findings))
        left = np.setdiff1d(left, list(objections[-1].votes))
    return objections


def _asked_about(evidence: Evidence, left: Numbers, rule: str, threshold: float) -> list[Finding]:
    """Return what a rule finds in the votes that are left, with their numbers in the whole evidence."""
    if not len(left):
        return []
    found = RULES[rule].find(evidence.only(left), threshold)
    return [finding._replace(votes=left[list(finding.votes)].tolist()) for finding in found]


def _without_pardoned(
    evidence: Evidence, findings: Iterable[Finding], pardoned: Collection[str]
) -> Iterator[Finding]:
    for finding in findings:
        votes = [vote for vote in finding.votes if evidence.ballots[vote] not in pardoned]
        if votes:
            yield finding._replace(votes=votes)
