"""Do 95 % intervals cover what they claim to, where raters and prompts have tastes of their own?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from elo import fit
from tests.factories_elo import World

SETS = 200
INDEPENDENT = World(rater_sd=0.0, prompt_sd=0.0)


def coverage(world: World, clusters: Sequence[str]) -> float:
    """Share of centred intervals that hold the target, over contenders and data sets."""
    covered = []
    for seed in range(SETS):
        ratings = fit(world.draw(seed), clusters=clusters, scale=1.0)
        margin = ratings.errors.quantile(0.025) * ratings.standard_errors
        covered.append(np.abs(ratings.strengths - world.target) <= margin)
    return float(np.mean(covered))


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(raters=25),
        World(contenders=8, votes=1500, raters=40, prompts=40, rater_sd=0.8),
        INDEPENDENT,
    ],
    ids=["both", "few raters", "few prompts", "independent"],
)
def test_default_intervals_cover(world: World) -> None:
    assert 0.92 <= coverage(world, ("prompt", "rater")) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("ties", [0.0, 0.35])
def test_unclustered_intervals_cover_independent_votes(ties: float) -> None:
    assert 0.93 <= coverage(World(rater_sd=0.0, prompt_sd=0.0, ties=ties), ()) <= 0.97


@pytest.mark.slow
def test_unclustered_intervals_do_not_cover_shared_raters_and_prompts() -> None:
    assert coverage(World(), ()) < 0.85


@pytest.mark.slow
def test_rank_ranges_hold_all_true_ranks_together() -> None:
    world = World()
    truth = (-world.target).argsort().argsort() + 1
    held = []
    for seed in range(SETS):
        places = fit(world.draw(seed), clusters=("prompt", "rater")).ranks().values()
        held.append(all(p.low <= rank <= p.high for p, rank in zip(places, truth, strict=True)))
    assert np.mean(held) >= 0.95
