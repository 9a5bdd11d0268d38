"""Facts of contenders besides votes: what a minute of their video costs, and how long a clip takes."""

from __future__ import annotations

from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Avg, Case, F, FloatField, Max, Q, Sum, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf

from arena.catalog.models import Contender
from arena.runs.models import Clip
from arena.standings.pages.finding import BoardPage
from arena.voting.pairing import study_jobs

TAKEN_IN = ("folder",)
"""Generators that copy existing clips: their wall time says nothing about the system that made them."""


class Facts(NamedTuple):
    """Price and speed of a contender on one board; None where nothing is recorded."""

    price_per_minute_usd: float | None = None
    seconds_per_clip: float | None = None


UNKNOWN = Facts()


def contender_facts(page: BoardPage) -> dict[str, Facts]:
    """Return the facts of each contender whose identity isn't withheld, by slug.

    A price or a time could name a withheld contender, so it has none.
    """
    measured = _measured(page)
    return {
        slug: _with_list_price(measured.get(slug, UNKNOWN), contender)
        for slug, contender in page.contenders.items()
        if not contender.is_withheld
    }


def _with_list_price(facts: Facts, contender: Contender) -> Facts:
    if facts.price_per_minute_usd is not None:
        return facts
    return facts._replace(price_per_minute_usd=contender.price_per_minute_usd)


def _measured(page: BoardPage) -> dict[str, Facts]:
    """Return the facts that jobs recorded, computed once for each newest clip."""
    newest = Clip.objects.aggregate(newest=Max("pk"))["newest"]
    key = f"facts:{page.study.pk}:{page.track}:{newest}"
    kept: dict[str, Facts] | None = cache.get(key)
    if kept is None:
        kept = _read(page)
        cache.set(key, kept, timeout=None)
    return kept


def _read(page: BoardPage) -> dict[str, Facts]:
    """Add up cost over seconds of video where the cost is known, and average the wall times."""
    cost, duration = _number("provenance__cost_usd"), _number("probe__duration_s")
    paid = Q(_cost__isnull=False, _seconds__gt=0)
    rows = (
        Clip.objects.filter(job__in=study_jobs(page.study).filter(track=page.track))
        .annotate(_cost=cost, _seconds=duration, _wall=_number("provenance__wall_time_s"))
        .annotate(
            _own=Case(When(job__contender__generator__in=TAKEN_IN, then=Value(None)), default=F("_wall"))
        )
        .order_by()
        .values_list("job__contender__slug")
        .annotate(usd=Sum("_cost", filter=paid), video_s=Sum("_seconds", filter=paid), wall_s=Avg("_own"))
    )
    return {
        slug: Facts(None if usd is None else 60 * usd / video_s, wall_s)
        for slug, usd, video_s, wall_s in rows
    }


def _number(key: str) -> Cast:
    """Return a number in JSON as SQL; SQLite reads JSON's null as the text `null`."""
    return Cast(NullIf(KT(key), Value("null")), FloatField())
