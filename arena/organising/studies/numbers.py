"""Numbers of a study while it runs: votes, raters, exclusions, and the votes that a precision takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from arena.screening.effects import Effect, effects_of
from arena.screening.screen import Screening, screen_study
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Exclusion, Study, Vote
from elo.study import width_appearances

WIDTHS = (100, 50, 25)
"""Half-widths of intervals, in rating points, for which the votes are told."""
DESIGN_EFFECT = 2.0
"""Variance over that of independent votes, assumed before there are any: raters and prompts repeat."""


@dataclass(frozen=True)
class Counts:
    """Votes and raters of a study."""

    votes: int
    counting: int
    raters: int
    excluded: Mapping[str, int]
    """Number of votes that each rule excludes."""


def count_study(study: Study) -> Counts:
    """Return how many votes and raters a study has, and what is excluded by which rule."""
    votes = Vote.objects.after_training().filter(ballot__study=study)
    held = Exclusion.objects.holding().filter(vote__ballot__study=study).order_by("rule")
    return Counts(
        votes=votes.count(),
        counting=Vote.objects.counting().filter(ballot__study=study).count(),
        raters=votes.values("ballot__rater").distinct().count(),
        excluded=dict(held.values_list("rule").annotate(votes=Count("vote", distinct=True))),
    )


def votes_needed(study: Study, half_width: float) -> int:
    """Return the votes that a study needs for intervals of this half-width in rating points."""
    return votes_for(half_width, contenders=study.contenders.count(), boards=len(study.tracks))


def votes_for(half_width: float, *, contenders: int, boards: int) -> int:
    """Return the votes that intervals of this half-width in rating points take on some boards.

    Each vote counts for two contenders. Contenders are taken to be even, and a third of the votes to be ties.
    """
    each = width_appearances(half_width, tie_rate=1 / 3, design_effect=DESIGN_EFFECT)
    return each * contenders * boards // 2


def screening_effects(study: Study) -> tuple[Screening, Sequence[Effect]]:
    """Return what the rules of a study's terms object to now, and the ratings with and without it."""
    screening = screen_study(study)
    return screening, list(effects_of(screening, FitSettings.of(study.fit)))
