"""Find files that were replaced after they had been taken in: the new file becomes a new clip."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from arena.catalog.models import Suite
from arena.runs.models import Job
from arena.runs.survey import FoundClip, Place


@transaction.atomic
def retire_replaced(*, suite: Suite, clips: Sequence[FoundClip]) -> list[Place]:
    """Retire the jobs whose file was replaced, so that a run makes them anew; return their places.

    A retired job's clip is drawn into no more pairs. Its votes stay, and name the rendition that they saw.
    """
    hashes = {clip.place: clip.sha256 for clip in clips}
    retired = []
    jobs = Job.objects.filter(prompt__suite=suite, state=Job.State.SUCCEEDED, clip__isnull=False)
    for job in jobs.select_related("contender", "prompt", "clip"):
        place = Place(job.contender.slug, job.prompt.key, job.seed)
        if hashes.get(place, job.clip.sha256) != job.clip.sha256:
            Job.objects.filter(pk=job.pk).update(state=Job.State.RETIRED)
            retired.append(place)
    return list(dict.fromkeys(retired))
