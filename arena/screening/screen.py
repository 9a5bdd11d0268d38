"""Screening of a study: ask its rules, exclude what they find, and say what that does to the ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from arena.screening.asking import Objections, ask_rules
from arena.screening.evidence import Evidence
from arena.screening.reading import read_evidence
from arena.screening.rules import RULES
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Exclusion, Study, Vote
from arena.voting.terms import Terms

BATCH = 200
"""Exclusions in one transaction, so that votes wait a moment at most."""


@dataclass(frozen=True, eq=False)
class Screening:
    """Evidence of a study with what each of its rules found in it."""

    evidence: Evidence
    objections: Sequence[Objections]

    @property
    def votes(self) -> set[int]:
        """Numbers of the votes that any rule excludes."""
        return {vote for each in self.objections for vote in each.votes}


def screen_study(study: Study, thresholds: Mapping[str, float] | None = None) -> Screening:
    """Ask the rules of a study's terms about its votes that count; nothing is changed.

    A vote whose exclusion by a rule was undone is not found by that rule again.

    Args:
        study: the study.
        thresholds: rules to try instead of those of the terms.
    """
    asked = Terms.of(study.terms).screening if thresholds is None else thresholds
    evidence = read_evidence(study)
    return Screening(evidence, ask_rules(evidence, asked, _pardoned(study)))


def exclude_found(screening: Screening) -> int:
    """Exclude what a screening found, each vote by the first rule that objects; return their number."""
    entries = list(_entries(screening))
    for start in range(0, len(entries), BATCH):
        _exclude(entries[start : start + BATCH])
    return len(entries)


@dataclass(frozen=True)
class Entry:
    """One vote to exclude."""

    ballot: str
    rule: str
    evidence: Mapping[str, object]


def _entries(screening: Screening) -> Iterator[Entry]:
    seen: set[int] = set()
    for each in screening.objections:
        for finding in each.findings:
            told = {
                "version": RULES[each.rule].version,
                "threshold": each.threshold,
                "figures": dict(finding.figures),
            }
            for vote in finding.votes:
                if vote not in seen:
                    seen.add(vote)
                    yield Entry(screening.evidence.ballots[vote], each.rule, told)


@transaction.atomic
def _exclude(entries: Sequence[Entry]) -> None:
    by_ballot = {entry.ballot: entry for entry in entries}
    votes = (
        Vote.objects.counting()
        .filter(ballot__in=[UUID(ballot) for ballot in by_ballot])
        .select_related("ballot__study")
    )
    for vote in votes.order_by("pk"):
        entry = by_ballot[str(vote.ballot_id)]
        exclude_vote(vote=vote, rule=entry.rule, reason=RULES[entry.rule].reason, evidence=entry.evidence)


def _pardoned(study: Study) -> dict[str, set[str]]:
    """Return the ballots whose exclusion was undone, by rule."""
    undone = Exclusion.objects.filter(vote__ballot__study=study, undoing__isnull=False)
    found: dict[str, set[str]] = {}
    for rule, ballot in undone.values_list("rule", "vote__ballot"):
        found.setdefault(rule, set()).add(str(ballot))
    return found
