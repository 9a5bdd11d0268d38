"""Steps between neighbours on a board, and the test of its leader."""

from __future__ import annotations

import math
from itertools import pairwise

from analysis.board import Board
from arena.standings.standing import Leader, Step
from elo import Ratings
from elo.intervals.ranks import EQUAL
from elo.options import ELO_SCALE
from elo.study import plan_separation, top_is_top

PLANNED_ERROR = 20.0
"""Standard error of a difference, in Elo points, at which the leader's test is strongest.

It is the same for all boards: the test is valid only for an error that was fixed before the first vote."""
FEWEST_CLUSTERS = 20
"""Raters and prompts from which the leader's test holds; see `elo.study.difference_sequence`."""


def steps_down(board: Board, ratings: Ratings) -> tuple[Step, ...]:
    """Return the steps from each contender of a board to the next."""
    return tuple(_step(ratings, *two) for two in pairwise(board.contenders))


def _step(ratings: Ratings, higher: str, lower: str) -> Step:
    difference = ratings.difference(higher, lower)
    equal = difference.estimate <= EQUAL * ratings.method.asked.scale
    if equal or not math.isfinite(difference.upper):
        return Step(higher, lower, difference, None, "votes")
    plan = plan_separation(ratings, higher, lower)
    needed = None
    if math.isfinite(plan.growth):
        needed = math.ceil((plan.growth - 1) * ratings.diagnostics.votes)
    return Step(higher, lower, difference, 0 if difference.lower > 0 else needed, plan.buy)


def judge_leader(ratings: Ratings) -> Leader:
    """Test whether the first contender is really the best."""
    claim = top_is_top(ratings, planned_error=PLANNED_ERROR * ratings.method.asked.scale / ELO_SCALE)
    enough = min(ratings.errors.clusters.values(), default=0) >= FEWEST_CLUSTERS
    return Leader(claim.contender, claim.evidence, claim.shown and enough)
