"""Plans: how often each two contenders of a study should meet, made in the background.

A plan belongs to one pool and is never edited. Its numbers are whole, so that the probability of a draw is
exact: a unit's weight is the sum of the weights of its pairs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from arena.catalog.models import Contender
from arena.voting.models import Study
from arena.voting.pairing.counting import count_pairs
from arena.voting.pairing.goals import UNIFORM, goal_of
from arena.voting.pairing.models import PairingPlan, Pool
from arena.voting.pairing.pools import current_pool
from elo.pairing import ExposurePlan, plan_exposure

WHOLE = 1 << 30
"""Sum of the weights of all pairs, up to rounding."""
LEAST_HORIZON = 500
"""Votes that a plan looks ahead at least."""

Weights = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan in memory."""

    contenders: Sequence[int]
    """Ids of the contenders, in the order of the weights."""
    weights: Weights
    """Weight of each two contenders, shape (K, K), symmetric with zero diagonal."""
    reach: Sequence[int]
    """Summed weight of the pool's units up to each one."""

    @cached_property
    def total(self) -> int:
        """Summed weight of all units."""
        return self.reach[-1] if self.reach else 0

    @cached_property
    def places(self) -> dict[int, int]:
        """Place of each contender among the weights, by its id."""
        return {key: place for place, key in enumerate(self.contenders)}

    def of_pairs(self, contenders: Sequence[int]) -> Weights:
        """Return the weights of the pairs of these contenders, shape (n, n); 0 for one it does not know."""
        known = [self.places.get(key, -1) for key in contenders]
        weights: Weights = self.weights[np.ix_(known, known)]
        unknown = np.array(known) < 0
        return np.where(unknown[:, None] | unknown, 0, weights)

    def weight(self, number: int) -> int:
        """Return the weight of a unit."""
        return self.reach[number] - (self.reach[number - 1] if number else 0)

    def unit_at(self, place: int) -> int:
        """Return the number of the unit that holds a place from 0 to `total` less one."""
        return bisect_right(self.reach, place)


def current_plan(study: Study, pool: Pool) -> Plan | None:
    """Return the newest plan for a pool, or None where the study draws uniformly.

    A pool without a plan gets that of the pool before, or an even one, until the next is made.
    """
    if study.pairing == UNIFORM:
        return None
    with_pool = vars(pool).get("plan_now"), vars(pool).get("plan_made_at")
    if with_pool[0] is not None and with_pool[1] is not None:
        return load_plan(*with_pool)
    plans = PairingPlan.objects.filter(pool=pool, pairing=study.pairing).order_by("-pk")
    newest = plans.first() or _carry_over(study, pool)
    return load_plan(newest.pk, newest.made_at)


@lru_cache(maxsize=16)
def load_plan(key: int, made_at: datetime) -> Plan:
    """Read a plan, whose row never changes; another database may have another plan of the same key."""
    row = PairingPlan.objects.get(pk=key, made_at=made_at)
    return Plan(row.contenders, np.array(row.weights, dtype=np.int64), row.reach)


def make_plan(study: Study) -> PairingPlan | None:
    """Make a plan from the study's votes so far; None where the study draws uniformly.

    It holds no lock while it reads the votes and computes.
    """
    goal = goal_of(study.pairing)
    if goal is None:
        return None
    pool = current_pool(study)
    slugs = dict(Contender.objects.filter(pk__in=pool.contenders).values_list("pk", "slug"))
    contenders = [pk for pk in pool.contenders if pk in slugs]
    tally = count_pairs(study, contenders, [slugs[pk] for pk in contenders])
    votes = int(tally.met.sum() / 2)
    plan = plan_exposure(tally=tally, goal=goal, horizon=max(votes, LEAST_HORIZON))
    return _store(study, pool, contenders, _whole(plan), votes=votes, efficiency=plan.efficiency)


def _whole(plan: ExposurePlan) -> Weights:
    weights: Weights = np.rint(plan.probabilities * WHOLE).astype(np.int64)
    return np.maximum(weights, (plan.probabilities > 0).astype(np.int64))


def _carry_over(study: Study, pool: Pool) -> PairingPlan:
    """Store the plan of an older pool for this one; contenders that it does not know get even weights."""
    size = len(pool.contenders)
    even = WHOLE // max(size * (size - 1), 1)
    weights = np.full((size, size), even, dtype=np.int64)
    last = PairingPlan.objects.filter(study=study, pairing=study.pairing).order_by("-pk").first()
    if last is not None:
        shared = [pk for pk in pool.contenders if pk in last.contenders]
        here = [pool.contenders.index(pk) for pk in shared]
        there = [last.contenders.index(pk) for pk in shared]
        known = np.array(last.weights, dtype=np.int64)
        weights[np.ix_(here, here)] = known[np.ix_(there, there)]
    np.fill_diagonal(weights, 0)
    votes, efficiency = (last.votes, last.efficiency) if last is not None else (0, 0.0)
    return _store(study, pool, pool.contenders, weights, votes=votes, efficiency=efficiency)


def _store(
    study: Study, pool: Pool, contenders: list[int], weights: Weights, *, votes: int, efficiency: float
) -> PairingPlan:
    plan = PairingPlan.objects.create(
        study=study,
        pool=pool,
        pairing=study.pairing,
        votes=votes,
        contenders=contenders,
        weights=weights.tolist(),
        reach=list(accumulate(_unit_weights(pool, contenders, weights))),
        efficiency=efficiency,
        made_at=timezone.now(),
    )
    older = (
        PairingPlan.objects.filter(study=study, pk__lt=plan.pk).order_by("-pk").values_list("pk", flat=True)
    )
    PairingPlan.objects.filter(pk__in=list(older[1:])).delete()
    return plan


def _unit_weights(pool: Pool, contenders: list[int], weights: Weights) -> list[int]:
    """Return the summed weight of the pairs of each unit, in the order of their numbers."""
    place = {pk: index for index, pk in enumerate(contenders)}
    found = []
    for members in pool.members.order_by("number").values_list("members", flat=True):
        own = [place[contender] for contender, _ in members]
        found.append(int(weights[np.ix_(own, own)].sum()) // 2)
    return found
