"""Pools: a study's units with two clips or more, kept so that a draw reads one of them and not all.

A pool's rows are never edited. When the study's clips change, another pool is built beside it, and draws
take the newest complete one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from statistics import fmean
from threading import Lock
from typing import Any, NamedTuple

from django.db import models
from django.db.models import BigIntegerField, CharField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from arena.catalog.hashing import content_hash
from arena.catalog.models import Commitment
from arena.prepared import Given, Prepared
from arena.runs.models import BrokenFile, Rendition
from arena.voting.models import Study
from arena.voting.pairing.models import PairingPlan, Pool, PoolUnit
from arena.voting.pairing.twins import CLIP, UnitClip, different_clips
from arena.voting.pairing.units import Unit, drawable_jobs

BATCH = 100
"""Units written at a time, so that votes wait a few milliseconds at most where there is one write lock."""
SMALL = 2000
"""Clips up to which a pool is built anew as soon as the study's clips have changed."""
REBUILD_AFTER = timedelta(seconds=30)
"""Age of a larger pool before it is built anew, while a run keeps adding clips."""
ABANDONED_AFTER = timedelta(hours=1)
"""Age of an incomplete pool whose builder must have been killed."""
BUILDING: defaultdict[int, Lock] = defaultdict(Lock)
"""Locks by study, so that the threads of a process build a study's pool once."""


class State(NamedTuple):
    """What a pool depends on, as cheap numbers."""

    rules: str
    last_rendition: int


def current_pool(study: Study) -> Pool:
    """Return the study's pool, after building it anew if the study's clips have changed.

    A large pool is built at most every half minute; meanwhile new clips are not drawn yet. A draw checks
    its own two clips, so that a clip taken out of the study is never shown.
    """
    known = NEWEST.first(study=study.pk, pairing=study.pairing)
    if known is None:
        return build_pool(study)
    state = _state(study, vars(known))
    if known.rules != state.rules:
        return _build(study, state)
    if known.last_rendition == state.last_rendition or not _may_rebuild(known):
        return known
    return _build(study, state) if _has_new_clips(study, known) else _confirmed(known, state)


def _newest() -> QuerySet[Pool]:
    """Return the query for a study's newest complete pool, with the newest plan for it."""
    rule, study = Given("pairing", CharField()), Given("study", BigIntegerField())
    plans = PairingPlan.objects.filter(pool=OuterRef("pk"), pairing=rule).order_by("-pk")
    newest = {name: Subquery(plans.values(name)[:1]) for name in ("pk", "made_at")}
    complete = Pool.objects.filter(study=study, complete=True).order_by("-pk")
    return complete.annotate(plan_now=newest["pk"], plan_made_at=newest["made_at"], **_numbers("study"))[:1]


NEWEST = Prepared(_newest)


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
        "over_now": _over(study),
        "broken_now": _broken(),
        "rendition_now": Coalesce(Subquery(newest), 0),
    }


def _over(study: str) -> Coalesce:
    """Count a study's anonymous contenders that are shown no more."""
    over = Commitment.objects.over().filter(contender__studies=OuterRef(study)).order_by()
    counted = over.values("contender__studies").annotate(rows=Count("pk")).values("rows")
    return Coalesce(Subquery(counted), 0)


def _broken() -> Coalesce:
    """Count the broken files, which are few."""
    rows = BrokenFile.objects.order_by().annotate(all=Value(1)).values("all")
    return Coalesce(Subquery(rows.annotate(rows=Count("pk")).values("rows")), 0)


def _count(through: type[models.Model], study: str) -> Coalesce:
    """Count a study's rows in the table of a relation."""
    rows = through._default_manager.filter(study=OuterRef(study)).order_by().values("study")
    return Coalesce(Subquery(rows.annotate(rows=Count("pk")).values("rows")), 0)


def _state(study: Study, numbers: Mapping[str, Any]) -> State:
    members = [numbers["contenders_now"], numbers["suites_now"]]
    if over := numbers["over_now"]:
        members.append(over)
    if broken := numbers["broken_now"]:
        members.append(f"{broken} broken")
    rules = content_hash([sorted(study.tracks), sorted(study.settings_hashes), members])
    return State(rules, numbers["rendition_now"])


def _may_rebuild(pool: Pool) -> bool:
    return pool.clips <= SMALL or pool.built_at <= timezone.now() - REBUILD_AFTER


def _has_new_clips(study: Study, pool: Pool) -> bool:
    return bool(drawable_jobs(study).filter(clip__rendition__id__gt=pool.last_rendition).exists())


def _confirmed(pool: Pool, state: State) -> Pool:
    """Record that newer renditions are of other studies."""
    pool.last_rendition = state.last_rendition
    pool.save(update_fields=["last_rendition"])
    return pool


def _build(study: Study, state: State) -> Pool:
    """Build a pool, or wait for the thread of this process that does."""
    complete = Pool.objects.filter(study=study, complete=True).order_by("-pk")
    last = complete.values_list("pk", flat=True).first() or 0
    with BUILDING[study.pk]:
        meanwhile = complete.filter(pk__gt=last).first()
        return meanwhile or _written(study, state)


def _written(study: Study, state: State) -> Pool:
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
    columns = (*Unit._fields, *CLIP, "clip__rendition__duration_s")
    units: dict[Unit, list[UnitClip]] = defaultdict(list)
    durations = []
    for *row, duration_s in drawable_jobs(study).order_by().values_list(*columns):
        size = len(Unit._fields)
        units[Unit(*row[:size])].append(UnitClip(*row[size:]))
        durations.append(duration_s)
    found = {unit: different_clips(unit, clips) for unit, clips in units.items()}
    return {unit: clips for unit, clips in found.items() if len(clips) > 1}, durations


def _drop_before(pool: Pool) -> None:
    """Delete the study's older pools but the last, which a draw may read, and those that others build now."""
    others = Pool.objects.filter(study=pool.study, pk__lt=pool.pk)
    older = others.filter(complete=True).order_by("-pk").values_list("pk", flat=True)
    abandoned = others.filter(complete=False, built_at__lt=timezone.now() - ABANDONED_AFTER)
    Pool.objects.filter(pk__in=[*older[1:], *abandoned.values_list("pk", flat=True)]).delete()
