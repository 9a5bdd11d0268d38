from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from elo.robustness.cycles import cycles
from tests.factories_elo import Cell, Ring, World, votes_of


def ring(wins: int, losses: int, rater: int = 0) -> list[Cell]:
    pairs = (("x", "y"), ("y", "z"), ("z", "x"))
    return [
        Cell(a, b, outcome, weight, 0, rater)
        for a, b in pairs
        for outcome, weight in (("a", wins), ("b", losses))
    ]


def test_a_ring_is_found_with_its_shares() -> None:
    found = cycles(votes_of(*ring(30, 10)))
    (only,) = found.rings
    assert only.contenders == ("x", "y", "z")
    assert only.shares == (0.75, 0.75, 0.75)
    # 10 more wins than half of 40 votes; their sum has a variance of 40 / 4 where both win alike.
    assert only.statistic == pytest.approx(10 / np.sqrt(10))
    assert only.p_value == pytest.approx(norm.sf(np.sqrt(10)))
    # Two ways round.
    assert only.adjusted == pytest.approx(2 * only.p_value)
    assert found.tested == 2
    assert found.significant() == (only,)


def test_an_order_shows_no_ring() -> None:
    votes = votes_of(
        Cell("x", "y", "a", 9), Cell("x", "y", "b"), Cell("y", "z", "a", 9), Cell("x", "z", "a", 9)
    )
    assert cycles(votes).rings == ()


def test_adjusted_values_are_holms() -> None:
    votes = World(contenders=8, votes=300, spread=0.1).draw(2)
    found = cycles(votes)
    assert len(found.rings) > 3
    shown = [each.p_value for each in found.rings]
    # The rings not shown have a majority the wrong way, so p of at least one half.
    every = shown + [0.5] * (found.tested - len(shown))
    expected = multipletests(every, method="holm")[1][: len(shown)]
    assert [each.adjusted for each in found.rings] == pytest.approx(expected)


def test_votes_of_few_raters_show_less_than_independent_ones() -> None:
    votes = votes_of(*(cell for rater in range(3) for cell in ring(30, 10, rater)), clustered=True)
    alone, together = cycles(votes).rings[0], cycles(votes, clusters=("rater",)).rings[0]
    assert together.statistic == pytest.approx(np.sqrt(3))
    assert alone.statistic > 3 * together.statistic
    assert not cycles(votes, clusters=("rater",)).significant()


def test_both_clusters_are_never_surer_than_one() -> None:
    votes = World(contenders=5, spread=0.1, votes=600, raters=20, prompts=20).draw(5)
    for each in cycles(votes, clusters=("rater", "prompt")).rings:
        for one in (("rater",), ("prompt",)):
            (same,) = [r for r in cycles(votes, clusters=one).rings if r.contenders == each.contenders]
            assert each.statistic <= same.statistic + 1e-9


def test_contenders_that_never_met_are_in_no_ring() -> None:
    votes = votes_of(Cell("w", "x", "a", 2), Cell("w", "x", "b", 2), *ring(3, 1))
    assert cycles(votes).tested == 2


@pytest.mark.slow
def test_false_rings_are_as_rare_as_promised_where_all_are_equal() -> None:
    world = World(contenders=8, spread=0.0, votes=800, rater_sd=0, prompt_sd=0)
    false = [bool(cycles(world.draw(seed)).significant()) for seed in range(200)]
    assert np.mean(false) <= 0.07


def test_a_planted_ring_is_found_as_the_strongest() -> None:
    hits = 0
    for seed in range(20):
        rings = cycles(Ring(edge=1.2).draw(seed), clusters=("rater",)).significant()
        hits += bool(rings) and rings[0].contenders == ("m0", "m1", "m2")
    assert hits >= 19


def test_the_table_has_a_line_for_each_ring() -> None:
    assert cycles(votes_of(*ring(3, 1))).table()["contenders"].tolist() == [("x", "y", "z")]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="All votes are ties or both_bad"):
        cycles(votes_of(Cell("x", "y", "tie")))
    with pytest.raises(ValueError, match=r"Unknown clusters \['page'\]. Known: prompt, rater"):
        cycles(votes_of(*ring(3, 1)), clusters=("page",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^Clustering needs to know each vote's rater"):
        cycles(votes_of(*ring(3, 1)), clusters=("rater",))
