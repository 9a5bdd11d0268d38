"""Units: the clips that may be shown side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, QuerySet

from arena.catalog.models import Commitment
from arena.prepared import Given, Prepared
from arena.runs.models import Job, Rendition
from arena.voting.models import Study


class Unit(NamedTuple):
    """Prompt, seed and settings that two clips must share. Each contender has one clip of a unit at most."""

    prompt_id: int
    seed: int
    settings_hash: str
    track: str


def study_jobs(study: Study) -> QuerySet[Job]:
    """Return the jobs whose clips the study shows."""
    return _jobs(study.pk, study.tracks, study.settings_hashes)


def shown_pair(study: Study) -> Prepared[Rendition]:
    """Return the query for those of two renditions, `a` and `b`, that may be drawn."""
    return _shown_pair(study.pk, tuple(study.tracks), tuple(study.settings_hashes))


@lru_cache(maxsize=64)
def _shown_pair(study: int, tracks: Sequence[str], settings: Sequence[str]) -> Prepared[Rendition]:
    pair: list[Any] = [Given(side, BigIntegerField()) for side in ("a", "b")]
    jobs = _drawable(_jobs(study, tracks, settings)).filter(clip__rendition__pk__in=pair).order_by()
    return Prepared(lambda: Rendition.objects.filter(pk__in=pair, clip__job__in=jobs))


def _jobs(study: int, tracks: Sequence[str], settings: Sequence[str]) -> QuerySet[Job]:
    return Job.objects.filter(
        state=Job.State.SUCCEEDED,
        track__in=tracks,
        settings_hash__in=settings,
        contender__studies=study,
        prompt__suite__studies=study,
        clip__rendition__isnull=False,
    )


def drawable_jobs(study: Study) -> QuerySet[Job]:
    """Return the jobs whose clips may be drawn: neither broken nor of contenders withdrawn or past a cap."""
    return _drawable(study_jobs(study))


def _drawable(jobs: QuerySet[Job]) -> QuerySet[Job]:
    whole = jobs.filter(clip__rendition__broken__isnull=True)
    return whole.exclude(contender__in=Commitment.objects.over().values("contender"))


def has_pair(study: Study) -> bool:
    """Return whether some unit of the study has clips of two contenders."""
    units = study_jobs(study).order_by().values(*Unit._fields).annotate(clips=Count("id"))
    return bool(units.filter(clips__gte=2).exists())
