"""Drawing pairs: uniformly among those that a rater can still judge blind, with their probability."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain, combinations
from math import comb
from random import Random
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from arena.runs.models import Job
from arena.voting.models import Ballot, Rater, Study


class Unit(NamedTuple):
    """Prompt, seed and settings that two clips must share. Each contender has one clip of a unit at most."""

    prompt_id: int
    seed: int
    settings_hash: str
    track: str


@dataclass(frozen=True)
class Pairing:
    """Two renditions of one unit; `a` is shown on the left."""

    unit: Unit
    rendition_a: int
    rendition_b: int
    propensity: float


def draw_pairing(*, study: Study, rater: Rater, random: Random) -> Pairing | None:
    """Draw a pair that this rater can judge blind and hasn't skipped; return None if none is left.

    The draw is uniform over the units with a pair left, then over the pairs left in the unit, then over the
    two orders of the sides. The propensity is the product of the three probabilities. A vote in any study
    tells the rater who made both clips, so neither is drawn for them again.
    """
    renditions = _renditions_by_unit(study, _revealed_to(rater))
    seen = _seen_pairs(study, rater)
    left = _units_with_pairs_left(renditions, seen)
    if not left:
        return None
    unit = random.choice(left)
    pairs = [pair for pair in combinations(renditions[unit], 2) if frozenset(pair) not in seen]
    a, b = random.sample(random.choice(pairs), 2)
    return Pairing(unit, a, b, propensity=1 / len(left) / len(pairs) / 2)


def has_pair(study: Study) -> bool:
    """Return whether some unit of the study has clips of two contenders."""
    units = study_jobs(study).order_by().values(*Unit._fields).annotate(clips=Count("id"))
    return bool(units.filter(clips__gte=2).exists())


def votes_left(*, study: Study, rater: Rater | None) -> int:
    """Return how many votes a rater can still give in a study, besides the one on their open ballot.

    A vote reveals both of its clips, so a unit of n blind clips has n // 2 votes left. This is an upper
    limit: skipped pairs can leave fewer where three or more contenders share a unit.
    """
    revealed = _revealed_to(rater) if rater else set()
    seen = _seen_pairs(study, rater) if rater else set()
    renditions = _renditions_by_unit(study, revealed)
    left = _units_with_pairs_left(renditions, seen)
    return sum(len(renditions[unit]) // 2 for unit in left)


def _units_with_pairs_left(renditions: dict[Unit, list[int]], seen: set[frozenset[int]]) -> list[Unit]:
    """Return the units with pairs left; it counts pairs, since 50 contenders have 1,225 of them."""
    unit_of = {rendition: unit for unit, members in renditions.items() for rendition in members}
    blind = [pair for pair in seen if pair <= unit_of.keys()]
    seen_in = Counter(unit_of[min(pair)] for pair in blind)
    left = []
    for unit, members in renditions.items():
        if comb(len(members), 2) > seen_in[unit]:
            left.append(unit)
    return sorted(left)


def _seen_pairs(study: Study, rater: Rater) -> set[frozenset[int]]:
    ballots = Ballot.objects.filter(study=study, rater=rater)
    pairs = ballots.values_list("rendition_a", "rendition_b")
    return {frozenset(pair) for pair in pairs}


def _revealed_to(rater: Rater) -> set[int]:
    """Return the renditions on ballots that the rater has voted on or has open, in any study."""
    voted = Q(state=Ballot.State.VOTED)
    open_now = Q(state=Ballot.State.OPEN, expires_at__gt=timezone.now())
    ballots = Ballot.objects.filter(voted | open_now, rater=rater)
    return set(chain.from_iterable(ballots.values_list("rendition_a", "rendition_b")))


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


def _renditions_by_unit(study: Study, revealed: set[int]) -> dict[Unit, list[int]]:
    jobs = study_jobs(study).order_by("clip__rendition")
    units: dict[Unit, list[int]] = defaultdict(list)
    for *unit, rendition in jobs.values_list(*Unit._fields, "clip__rendition__id"):
        if rendition not in revealed:
            units[Unit(*unit)].append(rendition)
    return units
