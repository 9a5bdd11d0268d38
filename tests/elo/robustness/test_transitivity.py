from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from elo import NotIdentified, Votes
from elo.robustness.transitivity import transitivity
from tests.factories_elo import Cell, Ring, World, votes_of

INDEPENDENT = World(contenders=6, votes=900, rater_sd=0, prompt_sd=0)


def table_of(votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """Wins and losses of each pair, and which contenders these are, as a binomial GLM wants them."""
    beat = votes.tally().beat
    size = len(votes.contenders)
    first, second = np.triu_indices(size, 1)
    design = np.eye(size)[first] - np.eye(size)[second]
    return np.column_stack((beat[first, second], beat[second, first])), design[:, 1:]


def test_the_statistic_is_pearsons_of_a_binomial_glm() -> None:
    votes = INDEPENDENT.draw(1)
    counts, design = table_of(votes)
    peer = sm.GLM(counts, design, family=sm.families.Binomial()).fit(tol=1e-12)
    found = transitivity(votes)
    assert found.statistic == pytest.approx(peer.pearson_chi2)
    # 15 pairs less 5 free strengths.
    assert found.degrees_of_freedom == pytest.approx(10, rel=0.03)
    assert found.expected == pytest.approx(10, rel=0.1)
    assert found.p_value == pytest.approx(chi2.sf(peer.pearson_chi2, 10), abs=0.05)


def test_pairs_are_listed_from_the_most_surprising() -> None:
    found = transitivity(Ring(edge=1.5).draw(1))
    assert {(pair.first, pair.second) for pair in found.pairs[:3]} == {
        ("m0", "m1"),
        ("m0", "m2"),
        ("m1", "m2"),
    }
    sizes = [abs(pair.statistic) for pair in found.pairs]
    assert sizes == sorted(sizes, reverse=True)
    strongest = found.pairs[0]
    assert np.sign(strongest.statistic) == np.sign(strongest.share - strongest.predicted)


Kinds = tuple[Literal["rater", "prompt"], ...]
DESIGNS: dict[str, tuple[World, Kinds]] = {
    "independent": (World(rater_sd=0, prompt_sd=0), ()),
    "ties": (World(rater_sd=0, prompt_sd=0, ties=0.35), ()),
    "sparse": (World(contenders=15, votes=1500, rater_sd=0, prompt_sd=0), ()),
    "rater": (World(prompt_sd=0), ("rater",)),
    "few raters": (World(raters=25, prompt_sd=0), ("rater",)),
    "both": (World(), ("rater", "prompt")),
}


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_a_true_scale_is_rejected_no_more_often_than_promised(design: str) -> None:
    world, clusters = DESIGNS[design]
    p = np.array([transitivity(world.draw(seed), clusters=clusters).p_value for seed in range(150)])
    # Binomial error of the 5 % is 1.8 points.
    assert np.mean(p < 0.05) <= 0.09
    assert 0.4 < p.mean() < 0.6


@pytest.mark.slow
def test_strong_tastes_reject_a_true_scale_unless_raters_are_given() -> None:
    world = World(rater_sd=2.5, prompt_sd=0, raters=40)
    p = np.array([
        [transitivity(world.draw(seed), clusters=clusters).p_value for clusters in ((), ("rater",))]
        for seed in range(80)
    ])  # fmt: skip
    naive, clustered = (p < 0.05).mean(axis=0)
    assert clustered <= 0.1 < naive


def test_a_planted_ring_is_rejected() -> None:
    rejected = [
        transitivity(Ring(edge=0.8).draw(seed), clusters=("rater",)).p_value < 0.05 for seed in range(20)
    ]
    assert np.mean(rejected) >= 0.9


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_votes_and_the_sides_do_not_matter(seed: int) -> None:
    votes = INDEPENDENT.draw(3)
    rng = np.random.default_rng(seed)
    order, swap = rng.permutation(len(votes.weight)), rng.random(len(votes.weight)) < 0.5
    names = np.array(votes.contenders)
    a, b = names[votes.contender_a], names[votes.contender_b]
    same = Votes.from_columns(
        contender_a=np.where(swap, b, a)[order].tolist(),
        contender_b=np.where(swap, a, b)[order].tolist(),
        outcome=np.where((votes.outcome == 0) ^ swap, "a", "b")[order].tolist(),
    )
    one, other = transitivity(votes), transitivity(same)
    assert other.statistic == pytest.approx(one.statistic)
    assert other.p_value == pytest.approx(one.p_value)


def test_votes_that_nothing_can_be_tested_on_are_refused() -> None:
    chain = [Cell(a, b, outcome, 2) for a, b in (("x", "y"), ("y", "z")) for outcome in ("a", "b")]
    with pytest.raises(ValueError, match="form no ring"):
        transitivity(votes_of(*chain))
    with pytest.raises(NotIdentified, match="z lost everything"):
        transitivity(votes_of(*chain[:2], Cell("y", "z", "a", 3)))
