"""Rules over how answers are given: too few, too fast, in streaks, or on one side."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

import numpy as np
from scipy.stats import binomtest

from arena.screening.evidence import FOR_A, Evidence
from arena.screening.findings import Finding, Rule, whole_rater


def _few_votes(evidence: Evidence, least: float) -> list[Finding]:
    """Return the raters with fewer votes than a least number."""
    return [
        whole_rater(evidence, rater, {"votes": len(votes)})
        for rater, votes in enumerate(evidence.by_rater)
        if len(votes) < least
    ]


def _too_fast(evidence: Evidence, seconds: float) -> list[Finding]:
    """Return the votes given within some seconds of their ballot's issue."""
    votes: dict[int, list[int]] = defaultdict(list)
    for vote in np.flatnonzero(evidence.seconds < seconds).tolist():
        votes[int(evidence.rater[vote])].append(vote)
    return [
        Finding(evidence.raters[rater], own, {"fastest_s": round(float(evidence.seconds[own].min()), 3)})
        for rater, own in votes.items()
    ]


def _streaks(evidence: Evidence, longest: float) -> list[Finding]:
    """Return the raters who gave one answer at least so many times in a row."""
    found = []
    for rater, votes in enumerate(evidence.by_rater):
        answers = [evidence.outcomes[vote] for vote in votes.tolist()]
        run, answer = max((len(list(same)), answer) for answer, same in groupby(answers))
        if run >= longest:
            found.append(whole_rater(evidence, rater, {"streak": run, "answer": answer}))
    return found


def _one_sided(evidence: Evidence, chance: float) -> list[Finding]:
    """Return the raters who chose one side so often that sides drawn at random hardly explain it."""
    found = []
    for rater, votes in enumerate(evidence.by_rater):
        sides = [
            FOR_A[evidence.outcomes[vote]] for vote in votes.tolist() if evidence.outcomes[vote] in FOR_A
        ]
        left = int(sum(sides))
        if sides and (p := float(binomtest(left, len(sides)).pvalue)) < chance:
            found.append(
                whole_rater(
                    evidence, rater, {"left": left, "decided": len(sides), "chance": float(f"{p:.3g}")}
                )
            )
    return found


FEW_VOTES = Rule(
    name="few-votes",
    version=1,
    reason="The rater cast too few votes to be screened.",
    find=_few_votes,
)
TOO_FAST = Rule(
    name="too-fast",
    version=1,
    reason="The answer came too soon after the pair was shown.",
    find=_too_fast,
)
STREAKS = Rule(
    name="streaks",
    version=1,
    reason="The rater gave the same answer too many times in a row.",
    find=_streaks,
)
ONE_SIDED = Rule(
    name="one-sided",
    version=1,
    reason="The rater chose one side more often than sides drawn at random explain.",
    find=_one_sided,
)
