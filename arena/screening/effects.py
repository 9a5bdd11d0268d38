"""Effects of screening: each contender's rating with and without the votes that a rule excludes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from arena.screening.evidence import Evidence
from arena.screening.screen import Screening
from arena.voting.fit_settings import FitSettings
from elo import NotIdentified, Votes, fit


class Effect(NamedTuple):
    """Ratings of one contender on one track."""

    track: str
    contender: str
    everything: float | None
    """Rating by the votes that count now; None if it has no finite one."""
    without: dict[str, float | None]
    """Rating without the votes that each rule excludes, by its name."""
    screened: float | None
    """Rating without all of them."""


def effects_of(screening: Screening, settings: FitSettings) -> Iterator[Effect]:
    """Yield the effect on each contender, by track and falling rating.

    Args:
        screening: what the rules found.
        settings: those of the study's ratings; covariates are left out.
    """
    evidence = screening.evidence
    whole = _ratings(evidence, (), settings)
    without = {each.rule: _ratings(evidence, each.votes, settings) for each in screening.objections}
    screened = _ratings(evidence, screening.votes, settings)
    for place in sorted(evidence.contenders, key=lambda one: (one.track, -whole.get(one, -np.inf))):
        by_rule = {rule: ratings.get(place) for rule, ratings in without.items()}
        yield Effect(*place, whole.get(place), by_rule, screened.get(place))


def _ratings(
    evidence: Evidence, excluded: Collection[int], settings: FitSettings
) -> dict[tuple[str, str], float]:
    kept = np.ones(len(evidence.ballots), dtype=bool)
    kept[list(excluded)] = False
    ratings = {}
    for track in sorted({place.track for place in evidence.contenders}):
        on_track = np.array([place.track == track for place in evidence.contenders])
        for slug, rating in _fitted(evidence, np.flatnonzero(kept & on_track[evidence.a]), settings).items():
            ratings[track, slug] = rating
    return ratings


def _fitted(evidence: Evidence, votes: np.ndarray, settings: FitSettings) -> dict[str, float]:
    slugs = np.array([place.contender for place in evidence.contenders])
    if not len(votes):
        return {}
    read = Votes.from_columns(
        contender_a=slugs[evidence.a[votes]].tolist(),
        contender_b=slugs[evidence.b[votes]].tolist(),
        outcome=[evidence.outcomes[vote] for vote in votes.tolist()],
    )
    anchor = settings.fixed if settings.anchor in read.contenders else None
    try:
        ratings = fit(
            read,
            intervals="none",
            ties=settings.ties,
            both_bad=settings.both_bad,
            effects=settings.specification.effects,
            anchor=anchor,
            scale=settings.scale,
        )
    except NotIdentified:
        return {}
    return dict(zip(ratings.contenders, ratings.ratings.tolist(), strict=True))
