"""Which pair a rater sees next: uniform over what they haven't seen, with its probability."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from random import Random

from arena.production.models import Job, Rendition
from arena.voting.models import Ballot, Rater, Study

Unit = tuple[int, int, str]
"""What two clips must share to be compared: prompt, seed, and the hash of the settings asked for."""


@dataclass(frozen=True)
class Pairing:
    """Two renditions of one prompt and seed by different contenders; `a` is shown on the left."""

    prompt_id: int
    track: str
    rendition_a: int
    rendition_b: int
    propensity: float


def draw_pairing(*, study: Study, rater: Rater, random: Random) -> Pairing | None:
    """Draws a pair that this rater hasn't seen; None when they have seen all.

    Uniform over the units with a pair left, then over their pairs left, then over the two orders: the
    propensity is the product of the three probabilities.
    """
    pairs = _unseen_pairs(study, rater)
    if not pairs:
        return None
    unit = random.choice(sorted(pairs))
    pair = random.choice(pairs[unit])
    propensity = 1 / len(pairs) / len(pairs[unit]) / 2
    a, b = random.sample(pair, 2)
    track = Rendition.objects.values_list("clip__job__track", flat=True).get(pk=a)
    return Pairing(unit[0], track, a, b, propensity)


def _unseen_pairs(study: Study, rater: Rater) -> dict[Unit, list[tuple[int, int]]]:
    seen = {
        frozenset(pair)
        for pair in Ballot.objects.filter(study=study, rater=rater).values_list("rendition_a", "rendition_b")
    }
    pairs: dict[Unit, list[tuple[int, int]]] = {}
    for unit, renditions in _renditions_by_unit(study).items():
        left = [pair for pair in combinations(renditions, 2) if frozenset(pair) not in seen]
        if left:
            pairs[unit] = left
    return pairs


def _renditions_by_unit(study: Study) -> dict[Unit, list[int]]:
    jobs = Job.objects.filter(
        state=Job.State.DONE,
        track__in=study.tracks,
        contender__studies=study,
        prompt__suite__studies=study,
        clip__rendition__isnull=False,
    ).order_by("clip__rendition")
    units: dict[Unit, list[int]] = defaultdict(list)
    rows = jobs.values_list("prompt_id", "seed", "settings_hash", "clip__rendition__id")
    for prompt, seed, settings_hash, rendition in rows:
        units[prompt, seed, settings_hash].append(rendition)
    return units
