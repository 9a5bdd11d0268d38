"""A pair of a study as its raters see it, for whoever made the study."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from arena.runs.models import Rendition
from arena.standings.pages.clips import clip_address
from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing.units import Unit, study_jobs
from arena.voting.terms import Terms
from generators.base import Track


def preview_context(study: Study) -> dict[str, Any] | None:
    """Return the first pair of clips of one prompt, for the preview; None without one."""
    jobs = study_jobs(study).select_related("prompt").order_by("prompt__position", "seed", "pk")
    units: dict[Unit, list[int]] = {}
    for job in jobs[:200]:
        unit = Unit(job.prompt_id, job.seed, job.settings_hash, job.track)
        units.setdefault(unit, []).append(job.pk)
    pair = next((keys[:2] for keys in units.values() if len(keys) >= 2), None)
    if pair is None:
        return None
    shown = Rendition.objects.filter(clip__job__in=pair).select_related("clip__job__prompt").order_by("?")
    first, second = shown
    now = timezone.now()
    ballot = Ballot(
        study=study,
        rater=Rater(),
        prompt=first.clip.job.prompt,
        track=first.clip.job.track,
        rendition_a=first,
        rendition_b=second,
        propensity=1.0,
        issued_at=now,
        expires_at=now,
    )
    return {
        "ballot": ballot,
        "rendition": first,
        "with_sound": Track(ballot.track).with_sound,
        "sides": [{"name": "A", "src": clip_address(first)}, {"name": "B", "src": clip_address(second)}],
        "answers": [(name, LABELS[name]) for name in Terms.of(study.terms).answers],
    }


LABELS = {"a": "A is better", "tie": "Tie", "both_bad": "Both bad", "b": "B is better"}
