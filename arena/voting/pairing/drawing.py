"""Draws of pairs that a rater can still judge blind, with their probability."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np

from arena.runs.models import Rendition
from arena.voting.models import Rater, Study
from arena.voting.pairing.kept import Clips, PoolChanged, drawn_unit
from arena.voting.pairing.models import PoolUnit
from arena.voting.pairing.plans import Plan, Weights, current_plan
from arena.voting.pairing.pools import build_pool, current_pool
from arena.voting.pairing.seen import Outlook, look_at
from arena.voting.pairing.units import shown_pair

TRIES = 5
"""Number of draws before giving up, each after a clip of the last one was taken out of the study."""


@dataclass(frozen=True)
class Pairing:
    """Two renditions of one unit; `a` is shown on the left."""

    unit: PoolUnit
    rendition_a: Rendition
    rendition_b: Rendition
    propensity: float
    order: str | None = None
    """Side heard first where it was drawn before; None where it is still to be drawn."""
    mode: str = ""
    """Mode of judging where it was drawn before; empty where it is still to be drawn."""
    control: str = ""
    """Kind of a control pair; empty for an ordinary one."""
    twin: int | None = None
    """Key of the degraded twin that a gold pair shows."""
    twin_side: str = ""
    """Side that shows it."""


class DrawnUnit(NamedTuple):
    """Number of a unit, and the probability with which it was drawn."""

    number: int
    probability: float


class DrawnPair(NamedTuple):
    """Renditions on the left and on the right, and the probability that they were drawn so in their unit."""

    a: int
    b: int
    probability: float


def outlook_of(study: Study, rater: Rater) -> Outlook:
    """Return the study's pairs as the rater sees them."""
    return look_at(study, rater, current_pool(study))


def draw_pairing(*, study: Study, rater: Rater, random: Random) -> Pairing | None:
    """Draw a pair that this rater can judge blind and hasn't skipped; return None if none is left."""
    return draw_from(outlook_of(study, rater), random)


def draw_from(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw a pair; where a clip is gone, draw again from a pool that is built anew.

    The propensity is exact for the pool that was drawn from. Between a clip's removal and the first draw that
    meets it, it is that of the pool with the clip.

    Raises:
        PoolChanged: the study's clips keep changing.
    """
    for _ in range(TRIES):
        try:
            return _draw(outlook, random)
        except PoolChanged:
            outlook = look_at(outlook.study, outlook.rater, build_pool(outlook.study))
    raise PoolChanged(f"Study '{outlook.study.slug}': its clips changed during each of {TRIES} draws.")


def _draw(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw a unit, then a pair of it, then the sides; the propensity is the product of the probabilities.

    With the rule `uniform`, units with a pair left are equally likely, and so are the pairs left in the unit.
    With a plan, a unit whose prompt the rater has not seen is drawn by its weight, and its pair by the
    pair's. Where they have seen all prompts, units with a pair left are equally likely. A vote in any study
    tells the rater who made both clips, so neither is drawn for them again.
    """
    plan = current_plan(outlook.study, outlook.pool)
    drawn = choose_unit(plan, outlook, random)
    if drawn is None:
        return None
    unit = drawn_unit(outlook.pool, drawn.number)
    pair = choose_pair(plan, outlook, unit, random)
    first, second = find_shown(outlook.study, (pair.a, pair.b))
    return Pairing(unit, first, second, propensity=drawn.probability * pair.probability)


def choose_unit(plan: Plan | None, outlook: Outlook, random: Random) -> DrawnUnit | None:
    """Choose a unit; None if the rater has no pair left."""
    return (_new_prompt(plan, outlook, random) if plan else None) or _any_unit(outlook, random)


def choose_pair(plan: Plan | None, outlook: Outlook, unit: PoolUnit, random: Random) -> DrawnPair:
    """Choose two clips of a unit that the rater can still judge blind and has not seen side by side.

    Raises:
        PoolChanged: the unit has no such pair.
    """
    clips = outlook.blind_clips(unit.number, unit.members)
    own = [contender for contender, _ in clips]
    even = np.ones((len(clips), len(clips)), dtype=np.int64)
    weights = _of_pairs_left(plan.of_pairs(own) if plan else even, clips, outlook.shown(unit.number))
    if not weights.any():
        weights = _of_pairs_left(even, clips, outlook.shown(unit.number))
    if not weights.any():
        raise PoolChanged
    reach = weights.ravel().cumsum()
    total = int(reach[-1])
    chosen = int(np.searchsorted(reach, random.randrange(total), side="right"))
    one, other = divmod(chosen, len(clips))
    a, b = random.sample([clips[one][1], clips[other][1]], 2)
    return DrawnPair(a, b, int(weights[one, other]) / total / 2)


def _of_pairs_left(weights: Weights, clips: Clips, shown: Collection[frozenset[int]]) -> Weights:
    """Keep each pair's weight once, (n, n), above the diagonal, and drop the pairs that were shown."""
    left: Weights = np.triu(weights, 1)
    place = {clip: index for index, (_, clip) in enumerate(clips)}
    for pair in shown:
        if pair <= place.keys():
            left[tuple(sorted(place[clip] for clip in pair))] = 0
    return left


def _new_prompt(plan: Plan, outlook: Outlook, random: Random) -> DrawnUnit | None:
    """Draw a unit of a prompt that the rater has not seen, by weight; None where they have seen all."""
    seen = sorted(outlook.touched)
    left = plan.total - sum(map(plan.weight, seen))
    if left <= 0:
        return None
    place = random.randrange(left)
    for number in seen:  # places are counted over the units not seen alone
        if place < plan.reach[number] - plan.weight(number):
            break
        place += plan.weight(number)
    number = plan.unit_at(place)
    return DrawnUnit(number, plan.weight(number) / left)


def _any_unit(outlook: Outlook, random: Random) -> DrawnUnit | None:
    """Draw one of the units with a pair left, all equally likely; None if there is none."""
    left = outlook.pool.units - len(outlook.finished)
    if left <= 0:
        return None
    number = random.randrange(left)
    for finished in outlook.finished:
        number += finished <= number
    return DrawnUnit(number, 1 / left)


def find_shown(study: Study, pair: Sequence[int]) -> list[Rendition]:
    """Return the renditions of a pair, in order.

    Raises:
        PoolChanged: the study no longer shows one of them.
    """
    found = {row.pk: row for row in shown_pair(study).objects(a=pair[0], b=pair[1])}
    if len(found) < len(set(pair)):
        raise PoolChanged
    return [found[key] for key in pair]
