"""Twins: byte-equal clips of one unit. Nobody can tell them apart, so that only one of them is drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from arena.catalog.hashing import content_hash
from arena.voting.models import Study
from arena.voting.pairing.units import Unit, drawable_jobs

MOST_PROMPTS = 10
"""Prompts that a line names."""
CLIP = ("contender_id", "clip__rendition__id", "clip__sha256", "clip__rendition__sha256")
"""Lookups from a job to the fields of `UnitClip`."""


class UnitClip(NamedTuple):
    """Clip of a unit, with the hashes of its original and of its rendition."""

    contender: int
    rendition: int
    original_sha256: str
    rendition_sha256: str


def different_clips(unit: Unit, clips: Sequence[UnitClip]) -> list[tuple[int, int]]:
    """Return the clips to draw from, as (contender, rendition), by contender: one of each group of twins.

    Which one is decided by a hash of the unit, so that no contender is favoured over the units.
    """
    chance = int(content_hash(list(unit))[:8], 16)
    chosen = [group[chance % len(group)] for group in groups_of(clips)]
    return sorted((clip.contender, clip.rendition) for clip in chosen)


def groups_of(clips: Sequence[UnitClip]) -> list[list[UnitClip]]:
    """Return the clips in groups that share an original or a rendition, each sorted by contender."""
    groups: list[list[UnitClip]] = []
    for clip in sorted(clips):
        hashes = {clip.original_sha256, clip.rendition_sha256}
        same = [group for group in groups if any(not hashes.isdisjoint(other[2:]) for other in group)]
        groups = [group for group in groups if group not in same]
        groups.append([*(other for group in same for other in group), clip])
    return groups


def describe_twins(study: Study, track: str) -> Iterator[str]:
    """Yield a line for each group of contenders with byte-equal clips, and the prompts of these clips."""
    units: dict[Unit, list[UnitClip]] = defaultdict(list)
    slugs, keys = {}, {}
    columns = (*Unit._fields, *CLIP, "contender__slug", "prompt__key")
    jobs = drawable_jobs(study).filter(track=track).order_by("prompt__suite", "prompt__position", "seed")
    for *row, slug, key in jobs.values_list(*columns):
        unit, clip = Unit(*row[: len(Unit._fields)]), UnitClip(*row[len(Unit._fields) :])
        units[unit].append(clip)
        slugs[clip.contender], keys[unit.prompt_id] = slug, key
    equal: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for unit, clips in units.items():
        for group in groups_of(clips):
            if len(group) > 1:
                equal[tuple(sorted(slugs[clip.contender] for clip in group))][keys[unit.prompt_id]] = None
    for contenders, prompts in sorted(equal.items()):
        yield (
            f"{' and '.join(contenders)}: byte-equal clips on prompts {_listed(list(prompts))}; "
            "one of them is shown, and they never meet"
        )


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - MOST_PROMPTS} more" if len(keys) > MOST_PROMPTS else ""
    return ", ".join(keys[:MOST_PROMPTS]) + more
