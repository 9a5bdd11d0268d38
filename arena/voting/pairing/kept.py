"""Units of pools, kept in each process: a pool's rows never change, and most draws meet the same ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import BigIntegerField, Case, F, When

from arena.prepared import Given, Prepared
from arena.voting.pairing.models import Pool, PoolUnit
from arena.voting.pairing.units import Unit

Clips = Sequence[tuple[int, int]]
"""Clips of a unit as (contender, rendition)."""
SMALL_UNIT = 12
"""Clips of a unit up to which they are kept with it: a rater may have judged most of them."""
MOST_POOLS = 16
MOST_PROMPTS = 4096
"""Prompts of one pool whose units are kept."""
MOST_DRAWN = 1024
"""Units that are kept with the words of their prompts."""

DRAWN = Prepared(
    lambda: PoolUnit.objects.select_related("prompt").filter(
        pool=Given("pool", BigIntegerField()), number=Given("number", BigIntegerField())
    )
)


class KeptUnit(NamedTuple):
    """A unit of a pool, with its number."""

    unit: Unit
    number: int
    clips: int
    members: Clips | None
    """Clips of a small unit; None for a large one."""


class PoolChanged(LookupError):
    """Unit or clip that was drawn and is gone from the study."""


def kept_units(pool: Pool, prompts: Collection[int]) -> Iterator[KeptUnit]:
    """Yield a pool's units of these prompts; those of prompts that are new here take one query together."""
    kept = _by_prompt(pool.pk, pool.built_at)
    unknown = [prompt for prompt in prompts if prompt not in kept]
    found = _read(pool, unknown) if unknown else {}
    if len(kept) + len(found) <= MOST_PROMPTS:
        kept |= found
    for prompt in prompts:
        yield from found[prompt] if prompt in found else kept[prompt]


def drawn_unit(pool: Pool, number: int) -> PoolUnit:
    """Return a unit of a pool with its prompt, by its number.

    Raises:
        PoolChanged: the pool's rows are gone.
    """
    return _drawn(pool.pk, pool.built_at, number)


@lru_cache(maxsize=MOST_POOLS)
def _by_prompt(pool: int, built_at: datetime) -> dict[int, list[KeptUnit]]:
    """Return where a pool's units are kept; another database may have another pool of the same key."""
    return {}


def _read(pool: Pool, prompts: Collection[int]) -> dict[int, list[KeptUnit]]:
    members = Case(When(clips__lte=SMALL_UNIT, then=F("members")), default=None)
    rows = PoolUnit.objects.filter(pool=pool, prompt__in=prompts)
    found: dict[int, list[KeptUnit]] = {prompt: [] for prompt in prompts}
    for *unit, number, clips, small in rows.values_list(*Unit._fields, "number", "clips", members):
        one = Unit(*unit)
        found[one.prompt_id].append(KeptUnit(one, number, clips, small))
    return found


@lru_cache(maxsize=MOST_DRAWN)
def _drawn(pool: int, built_at: datetime, number: int) -> PoolUnit:
    unit = DRAWN.first(pool=pool, number=number)
    if unit is None:
        raise PoolChanged
    return unit
