from __future__ import annotations

import itertools
import math

import pytest

from elo import Ratings, fit
from elo.arguments import Cluster
from elo.study import plan_separation, plan_steps
from tests.factories_elo import World

CLUSTERS: tuple[tuple[Cluster, ...], ...] = (("prompt", "rater"), ("rater",))


@pytest.fixture(scope="module", params=CLUSTERS)
def ratings(request: pytest.FixtureRequest) -> Ratings:
    return fit(World(contenders=7, votes=2500, raters=50, prompts=60).draw(2), clusters=request.param)


def test_each_step_is_planned_as_its_pair_alone(ratings: Ratings) -> None:
    order = [row.contender for row in ratings.rows()]
    pairs = itertools.pairwise(order)
    for (higher, lower), need in zip(pairs, plan_steps(ratings, order), strict=True):
        plan = plan_separation(ratings, higher, lower)
        if math.isfinite(plan.growth):
            assert need.growth == pytest.approx(plan.growth, rel=2 / ratings.diagnostics.votes)
        if plan.buy != "nothing":
            assert need.buy == plan.buy


def test_a_step_between_equals_needs_endless_votes(ratings: Ratings) -> None:
    order = [row.contender for row in ratings.rows()]
    assert plan_steps(ratings, order[::-1])[0].growth == math.inf
