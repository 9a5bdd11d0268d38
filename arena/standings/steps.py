"""Steps between neighbours on a board, and the test of its leader."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from analysis.board import Board
from arena.standings.standing import Leader, Step
from elo import Interval, Ratings
from elo.options import ELO_SCALE
from elo.study import StepNeed, plan_steps, top_is_top

PLANNED_ERROR = 20.0
"""Standard error of a difference, in Elo points, at which the leader's test is strongest.

It is the same for all boards: the test is valid only for an error that was fixed before the first vote."""
FEWEST_CLUSTERS = 20
"""Raters and prompts from which the leader's test holds; see `elo.study.difference_sequence`."""


def steps_down(board: Board, ratings: Ratings) -> tuple[Step, ...]:
    """Return the steps from each contender of a board to the next."""
    needs = plan_steps(ratings, board.contenders)
    differences = _differences(board, ratings)
    pairs = pairwise(board.contenders)
    votes = ratings.diagnostics.votes
    return tuple(
        Step(*pair, difference, _needed(need, difference, votes), need.buy)
        for pair, difference, need in zip(pairs, differences, needs, strict=True)
    )


def _differences(board: Board, ratings: Ratings) -> list[Interval]:
    """Return what `Ratings.difference` says of each two neighbours, from one table of variances."""
    errors, asked = ratings.errors, ratings.method.asked
    places = np.array([ratings.contenders.index(name) for name in board.contenders])
    higher, lower = places[:-1], places[1:]
    gaps = asked.scale * (ratings.strengths[higher] - ratings.strengths[lower])
    variances = np.maximum(errors.difference_variances()[higher, lower], 0)
    margins = asked.scale * errors.quantile((1 - asked.level) / 2) * np.sqrt(variances)
    limits = np.stack((gaps, gaps - margins, gaps + margins), axis=1)
    return [Interval(*row) for row in limits.tolist()]


def _needed(need: StepNeed, difference: Interval, votes: float) -> int | None:
    if difference.lower > 0:
        return 0
    return math.ceil((need.growth - 1) * votes) if math.isfinite(need.growth) else None


def judge_leader(ratings: Ratings) -> Leader:
    """Test whether the first contender is really the best."""
    claim = top_is_top(ratings, planned_error=PLANNED_ERROR * ratings.method.asked.scale / ELO_SCALE)
    enough = min(ratings.errors.clusters.values(), default=0) >= FEWEST_CLUSTERS
    return Leader(claim.contender, claim.evidence, claim.shown and enough)
