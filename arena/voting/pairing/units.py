"""Units: the clips that may be shown side by side."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count, QuerySet

from arena.runs.models import Job
from arena.voting.models import Study


class Unit(NamedTuple):
    """Prompt, seed and settings that two clips must share. Each contender has one clip of a unit at most."""

    prompt_id: int
    seed: int
    settings_hash: str
    track: str


def study_jobs(study: Study) -> QuerySet[Job]:
    """Return the jobs whose clips the study shows."""
    return Job.objects.filter(
        state=Job.State.SUCCEEDED,
        track__in=study.tracks,
        settings_hash__in=study.settings_hashes,
        contender__studies=study,
        prompt__suite__studies=study,
        clip__rendition__isnull=False,
    )


def has_pair(study: Study) -> bool:
    """Return whether some unit of the study has clips of two contenders."""
    units = study_jobs(study).order_by().values(*Unit._fields).annotate(clips=Count("id"))
    return bool(units.filter(clips__gte=2).exists())
