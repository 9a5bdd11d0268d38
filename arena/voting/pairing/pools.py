"""Pools: a study's units with two clips or more, kept so that a draw reads one of them and not all.

A pool's rows are never edited. When the study's clips change, another pool is built beside it, and draws
take the newest complete one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from statistics import fmean
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from arena.catalog.hashing import content_hash
from arena.runs.models import Rendition
from arena.voting.models import Study
from arena.voting.pairing.models import PairingPlan, Pool, PoolUnit
from arena.voting.pairing.units import Unit, study_jobs

BATCH = 100
"""Units written at a time, so that votes wait a few milliseconds at most where there is one write lock."""
SMALL = 2000
"""Clips up to which a pool is built anew as soon as the study's clips have changed."""
REBUILD_AFTER = timedelta(seconds=30)
"""Age of a larger pool before it is built anew, while a run keeps adding clips."""


class State(NamedTuple):
    """What a pool depends on, as cheap numbers."""

    rules: str
    last_rendition: int


def current_pool(study: Study) -> Pool:
    """Return the study's pool, after building it anew if the study's clips have changed.

    A large pool is built at most every half minute; meanwhile new clips are not drawn yet. A draw checks
    its own two clips, so that a clip taken out of the study is never shown.
    """
    plans = PairingPlan.objects.filter(pool=OuterRef("pk"), pairing=study.pairing).order_by("-pk")
    newest = {name: Subquery(plans.values(name)[:1]) for name in ("pk", "made_at")}
    complete = Pool.objects.filter(study=study, complete=True).annotate(
        plan_now=newest["pk"], plan_made_at=newest["made_at"], **_numbers("study")
    )
    known = complete.order_by("-pk").first()
    if known is None:
        return build_pool(study)
    state = _state(study, vars(known))
    if known.rules != state.rules:
        return _build(study, state)
    if known.last_rendition == state.last_rendition or not _may_rebuild(known):
        return known
    return _build(study, state) if _has_new_clips(study, known) else _confirmed(known, state)


def build_pool(study: Study) -> Pool:
    """Build a pool of the study's clips as they are now."""
    numbers = Study.objects.filter(pk=study.pk).order_by().values(**_numbers("pk")).get()
    return _build(study, _state(study, numbers))


def _numbers(study: str) -> dict[str, Coalesce]:
    """Return expressions for what a pool depends on, for queries in which a study has this name."""
    newest = Rendition.objects.order_by("-pk").values("pk")[:1]
    return {
        "contenders_now": _count(Study.contenders.through, study),
        "suites_now": _count(Study.suites.through, study),
        "rendition_now": Coalesce(Subquery(newest), 0),
    }


def _count(through: type[models.Model], study: str) -> Coalesce:
    """Count a study's rows in the table of a relation."""
    rows = through._default_manager.filter(study=OuterRef(study)).order_by().values("study")
    return Coalesce(Subquery(rows.annotate(rows=Count("pk")).values("rows")), 0)


def _state(study: Study, numbers: Mapping[str, Any]) -> State:
    members = [numbers["contenders_now"], numbers["suites_now"]]
    rules = content_hash([sorted(study.tracks), sorted(study.settings_hashes), members])
    return State(rules, numbers["rendition_now"])


def _may_rebuild(pool: Pool) -> bool:
    return pool.clips <= SMALL or pool.built_at <= timezone.now() - REBUILD_AFTER


def _has_new_clips(study: Study, pool: Pool) -> bool:
    return bool(study_jobs(study).filter(clip__rendition__id__gt=pool.last_rendition).exists())


def _confirmed(pool: Pool, state: State) -> Pool:
    """Record that newer renditions are of other studies."""
    pool.last_rendition = state.last_rendition
    pool.save(update_fields=["last_rendition"])
    return pool


def _build(study: Study, state: State) -> Pool:
    """Write a pool and its units, in short transactions, and drop the pools before the last."""
    found, durations = _units(study)
    pool = Pool.objects.create(
        study=study,
        rules=state.rules,
        last_rendition=state.last_rendition,
        contenders=sorted({contender for clips in found.values() for contender, _ in clips}),
        units=len(found),
        clips=sum(map(len, found.values())),
        most_votes=sum(len(clips) // 2 for clips in found.values()),
        duration_s=fmean(durations) if durations else 0.0,
        built_at=timezone.now(),
    )
    rows = [
        PoolUnit(pool=pool, number=number, **unit._asdict(), clips=len(clips), members=clips)
        for number, (unit, clips) in enumerate(sorted(found.items()))
    ]
    for first in range(0, len(rows), BATCH):
        PoolUnit.objects.bulk_create(rows[first : first + BATCH])
    pool.complete = True
    pool.save(update_fields=["complete"])
    _drop_before(pool)
    return pool


def _units(study: Study) -> tuple[dict[Unit, list[tuple[int, int]]], list[float]]:
    """Return the clips, as (contender, rendition), of each unit with two or more, and all lengths."""
    columns = (*Unit._fields, "contender_id", "clip__rendition__id", "clip__rendition__duration_s")
    units: dict[Unit, list[tuple[int, int]]] = defaultdict(list)
    durations = []
    for *unit, contender, rendition, duration_s in study_jobs(study).order_by().values_list(*columns):
        units[Unit(*unit)].append((contender, rendition))
        durations.append(duration_s)
    return {unit: sorted(clips) for unit, clips in units.items() if len(clips) > 1}, durations


def _drop_before(pool: Pool) -> None:
    """Delete the study's older pools but the last one, which a draw may be reading."""
    older = Pool.objects.filter(study=pool.study, pk__lt=pool.pk).order_by("-pk").values_list("pk", flat=True)
    Pool.objects.filter(pk__in=list(older[1:])).delete()
