"""Facts of the renditions that ballots show. Each process reads them once: only variants are added later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import BigIntegerField

from arena.catalog.hashing import prompt_hash
from arena.prepared import Given, Prepared
from arena.runs.models import Rendition
from arena.voting.models import Ballot

KEPT_S = 3600
"""Time for which a process keeps a rendition's facts."""
KEPT_WITHOUT_VARIANTS_S = 60
"""The same for a rendition whose variants may still be made."""

LOOKUPS = (
    "pk",
    "sha256",
    "size_bytes",
    "variants",
    "duration_s",
    "fps",
    "clip__job__seed",
    "clip__job__settings_hash",
    "clip__job__contender__slug",
    "clip__job__contender__commitment",
    "clip__job__prompt__suite__name",
    "clip__job__prompt__suite__version",
    "clip__job__prompt__key",
    "clip__job__prompt__text",
    "clip__job__prompt__reference_sha256",
)
PAIR: list[Any] = [Given(name, BigIntegerField()) for name in "ab"]
FACTS = Prepared(lambda: Rendition.objects.filter(pk__in=PAIR).values_list(*LOOKUPS))


class Shown(NamedTuple):
    """Facts of a rendition and of the job that made its clip."""

    sha256: str
    size_bytes: int
    variants: list[tuple[str, int]]
    """Hash and length of each file that ballots show in its stead."""
    duration_s: float
    fps: float
    seed: int
    settings_hash: str
    contender: str
    """Slug of the contender."""
    commitment: int | None
    """Key of its commitment, if it was entered under a codename."""
    suite: str
    suite_version: int
    prompt: str
    """Key of the prompt within its suite."""
    prompt_hash: str


def shown_renditions(renditions: Sequence[int]) -> list[Shown]:
    """Return the facts of one rendition or two by primary key, in the given order."""
    keys = {_key(pk): pk for pk in renditions}
    kept = {keys[key]: Shown(*facts) for key, facts in cache.get_many(keys).items()}
    unknown = [pk for pk in renditions if pk not in kept]
    if unknown:
        for pk, facts in _read(unknown).items():
            kept[pk] = facts
            cache.set(_key(pk), tuple(facts), KEPT_S if facts.variants else KEPT_WITHOUT_VARIANTS_S)
    return [kept[pk] for pk in renditions]


def shown_on(ballot: Ballot) -> tuple[Shown, Shown]:
    """Return the facts of the renditions on a ballot's sides."""
    a, b = shown_renditions([ballot.rendition_a_id, ballot.rendition_b_id])
    return a, b


def _read(renditions: Sequence[int]) -> dict[int, Shown]:
    found = {}
    for pk, *facts, text, reference in FACTS.rows(a=renditions[0], b=renditions[-1]):
        found[pk] = Shown._make([*facts, prompt_hash(text, reference)])
    return found


def _key(rendition: int) -> str:
    return f"shown:{rendition}"
