"""Evidence for screening rules: raters of known kinds, simulated on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit

from arena.screening.evidence import Evidence, Place

RATINGS = np.array([1150, 1110, 1070, 1030, 970, 930, 890, 850])
ELO = 400 / np.log(10)
TRACK = "t2v-audio"
Cast = tuple[str, int, int, str]
"""Vote as rater, contender on side a, on side b, and outcome."""


def make_evidence(
    votes: Sequence[Cast],
    *,
    seconds: Sequence[float] = (),
    origins: Mapping[str, Sequence[str]] | None = None,
) -> Evidence:
    """Make evidence of votes given as rater, contender on side a, on side b, and outcome."""
    raters = list(dict.fromkeys(vote[0] for vote in votes))
    size = max((max(a, b) for _, a, b, _ in votes), default=-1) + 1
    return Evidence(
        ballots=[f"ballot {number}" for number in range(len(votes))],
        outcomes=[vote[3] for vote in votes],
        seconds=np.array(seconds or [9.0] * len(votes)),
        raters=raters,
        rater=np.array([raters.index(vote[0]) for vote in votes], dtype=np.intp),
        contenders=[Place(TRACK, f"c{number}") for number in range(size)],
        a=np.array([vote[1] for vote in votes], dtype=np.intp),
        b=np.array([vote[2] for vote in votes], dtype=np.intp),
        origins=origins or {},
    )


def vote_as(
    rng: np.random.Generator,
    kinds: Mapping[str, int],
    *,
    votes: int = 20,
    target: int = 7,
    taste: float = 0.5,
) -> list[Cast]:
    """Simulate raters: `honest`, `random`, `inverted` or `loyal` to the target; their names begin so."""
    cast: list[Cast] = []
    for kind, number in kinds.items():
        for place in range(number):
            liking = (RATINGS - RATINGS.mean()) / ELO + rng.normal(0, taste, len(RATINGS))
            for _ in range(votes):
                a, b = rng.choice(len(RATINGS), 2, replace=False).tolist()
                prefers_a = rng.random() < expit(liking[a] - liking[b])
                if kind == "random":
                    prefers_a = rng.random() < 0.5
                elif kind == "inverted":
                    prefers_a = not prefers_a
                elif kind == "loyal" and target in (a, b):
                    prefers_a = a == target
                cast.append((f"{kind} {place}", a, b, "a" if prefers_a else "b"))
    return cast
