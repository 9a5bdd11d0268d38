"""Twins that a study shows, and the modes of judging in which they are noticed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from arena.media.degrade import Degradation
from arena.voting.controls.models import Twin
from arena.voting.models import Study
from arena.voting.modes import Mode, modes_on
from arena.voting.pairing.units import drawable_jobs
from arena.voting.terms import Terms

UNNOTICED = {
    Degradation.LATE_SOUND: (Mode.MUTED, Mode.SOUND),
    Degradation.MUFFLED_SOUND: (Mode.MUTED,),
    Degradation.DROPPED_FRAMES: (Mode.SOUND,),
    Degradation.BLUR: (Mode.SOUND,),
    Degradation.NOISE: (Mode.SOUND,),
}
"""Modes in which each degradation is not noticed."""


class ShownTwin(NamedTuple):
    """Twin that a study shows."""

    key: int
    degradation: str
    modes: list[str]
    """Modes of judging in which it is noticed, one or more."""


def twins_of(study: Study) -> QuerySet[Twin]:
    """Return the twins that the study shows now."""
    return Twin.objects.in_use().filter(rendition__clip__job__in=drawable_jobs(study))


def shown_twins(study: Study) -> list[ShownTwin]:
    """Return the twins that the study shows now, less those that none of its modes would notice."""
    rows = twins_of(study).order_by("pk").values_list("pk", "degradation", "rendition__clip__job__track")
    modes = Terms.of(study.terms).modes
    found = [ShownTwin(key, kind, judged_in(kind, track, modes)) for key, kind, track in rows]
    return [twin for twin in found if twin.modes]


def judged_in(degradation: str, track: str, modes: Sequence[str]) -> list[str]:
    """Return in which of a study's modes a degradation is noticed on a track."""
    unnoticed = UNNOTICED[Degradation(degradation)]
    return [mode for mode in modes_on(track, tuple(modes)) if mode not in unnoticed]
