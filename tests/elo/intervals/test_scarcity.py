"""Few votes, or votes of few clusters, never look certain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elo import Ratings, Votes, fit
from elo.arguments import Cluster, Intervals, Ties
from elo.fit import ELO_SCALE
from elo.intervals.covariance import rows_by
from elo.intervals.scarcity import _concentration
from elo.intervals.scores import Fitted
from elo.models.cells import cells_of_votes
from elo.models.separation import solve
from elo.models.specification import Specification
from tests.factories_elo import Cell, World, votes_of

BOTH: tuple[Cluster, ...] = ("prompt", "rater")


def crowd(*more: Cell, ties: float = 0.0) -> list[Cell]:
    """Three contenders with 120 votes each, of 20 raters on 15 prompts."""
    pairs = [("x", "y"), ("y", "z"), ("x", "z")]
    ends = ["a", "b", "a", "tie", "b", "both_bad"] if ties else ["a", "b", "a", "a", "b", "b"]
    return [
        Cell(*pairs[i % 3], ends[(i // 3) % 6], 1, prompt=i % 15, rater=i % 20) for i in range(180)
    ] + list(more)


def width(ratings: Ratings, a: str, b: str) -> float:
    gap = ratings.difference(a, b)
    return gap.upper - gap.lower


@pytest.mark.parametrize("clusters", [(), ("rater",), BOTH])
@pytest.mark.parametrize("intervals", ["sandwich", "bootstrap"])
@pytest.mark.parametrize("votes", [1, 3, 8])
def test_a_few_ties_have_the_variance_of_the_model(
    clusters: Sequence[Cluster], intervals: Intervals, votes: int
) -> None:
    ties = [Cell("rare", "x", "tie", prompt=i, rater=i) for i in range(votes)]
    found = fit(votes_of(*crowd(*ties), clustered=True), clusters=clusters, intervals=intervals, rounds=30)
    even_votes = 2 * 1.96 * ELO_SCALE * np.sqrt(4 / votes)
    assert width(found, "rare", "x") > 0.99 * even_votes
    assert found.ranks()["rare"][1:] == (1, 4)
    if intervals == "bootstrap":
        assert found.percentile_difference("rare", "x") == found.difference("rare", "x")
        assert found.percentile_difference("y", "x") != found.difference("y", "x")
    rows = {row.contender: row for row in found.rows()}
    assert rows["rare"].se > 2 * rows["x"].se


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_so_have_they_in_each_model_of_ties(ties: Ties) -> None:
    rare = [Cell("rare", "x", "tie", prompt=i, rater=i) for i in range(3)]
    votes = votes_of(*crowd(*rare, ties=0.3), clustered=True)
    bare, model = fit(votes, ties=ties, variance_floor="off"), fit(votes, ties=ties, intervals="model")
    assert width(bare, "rare", "x") < width(model, "rare", "x") / 2
    assert width(fit(votes, ties=ties), "rare", "x") > 0.95 * width(model, "rare", "x")


def test_a_bridge_of_three_ties_between_two_crowds_is_as_unsure_as_three_votes() -> None:
    other = [cell._replace(a=cell.a.upper(), b=cell.b.upper()) for cell in crowd()]
    bridge = [Cell("x", "X", "tie", prompt=i, rater=i) for i in range(3)]
    found = fit(votes_of(*crowd(*other, *bridge), clustered=True), clusters=BOTH)
    for a in "xyz":
        for b in "XYZ":
            assert width(found, a, b) > 2 * 1.96 * ELO_SCALE * np.sqrt(4 / 3)
    assert width(found, "x", "y") < 200


def test_votes_of_one_rater_have_the_variance_of_the_model_whatever_their_number() -> None:
    ties = [Cell("rare", "x", "tie", prompt=i % 15, rater=99) for i in range(60)]
    votes = votes_of(*crowd(*ties), clustered=True)
    found, model = fit(votes, clusters=("rater",)), fit(votes, intervals="model")
    assert width(found, "rare", "x") > 0.99 * width(model, "rare", "x")


def test_many_votes_of_many_raters_are_left_to_their_own_scatter() -> None:
    """With a third of ties the model's variance is too large, and must not widen what is well known."""
    votes = World(rater_sd=0, prompt_sd=0, ties=0.35).draw(1)
    each: tuple[tuple[Cluster, ...], ...] = ((), BOTH)
    for clusters in each:
        bare, floored = (
            fit(votes, clusters=clusters, variance_floor="off"),
            fit(votes, clusters=clusters),
        )
        if not clusters:
            np.testing.assert_allclose(floored.standard_errors, bare.standard_errors)
        model = fit(votes, intervals="model").standard_errors
        assert (fit(votes).standard_errors < 0.9 * model).all()


@given(st.lists(st.sampled_from(["a", "b", "tie"]), min_size=1, max_size=12), st.integers(1, 4))
@settings(deadline=None, max_examples=15)
def test_no_interval_of_few_votes_is_narrower_than_the_models(ends: list[str], raters: int) -> None:
    rare = [Cell("rare", "xyz"[i % 3], end, prompt=i, rater=i % raters) for i, end in enumerate(ends)]
    votes = votes_of(*crowd(*rare, Cell("rare", "x", "tie", rater=0)), clustered=True)
    model = fit(votes, intervals="model")
    each: tuple[tuple[Cluster, ...], ...] = ((), ("rater",), BOTH)
    for clusters in each:
        found = fit(votes, clusters=clusters)
        assert width(found, "rare", "x") > 0.8 * width(model, "rare", "x")


def test_a_bound_on_the_share_of_clusters_stands_in_for_it_only_where_it_is_small() -> None:
    """Many raters: each contender's share is below what would matter, and the errors are those without it."""
    votes: Votes = World(contenders=4, votes=6000, raters=2500, prompts=900).draw(2)
    on, off = (fit(votes, clusters=BOTH, variance_floor=floor) for floor in ("on", "off"))
    np.testing.assert_allclose(on.standard_errors, off.standard_errors, rtol=0.1)


def test_the_concentration_of_a_scarce_contender_is_exact_among_many() -> None:
    """Twelve votes of two raters, six each: two effective clusters; the others have some two thousand."""
    crowd_votes = World(contenders=4, votes=3000, raters=400, prompts=9).draw(3)
    names = np.array(crowd_votes.contenders)
    rater = [*map(int, crowd_votes.rater if crowd_votes.rater is not None else ()), *[900, 901] * 6]
    votes = Votes.from_columns(
        contender_a=[*names[crowd_votes.contender_a], *["rare"] * 12],
        contender_b=[*names[crowd_votes.contender_b], *["m00"] * 12],
        outcome=[*np.array(["a", "b"])[crowd_votes.outcome], *"abbaabbaabba"],
        rater=rater,
    )
    cells = cells_of_votes(votes)
    problem = Specification().problem(cells)
    fitted = Fitted(problem, solve(problem, votes.contenders, "error")[0], cells, Specification().labels)
    found = _concentration(fitted, rows_by(fitted, np.unique(rater, return_inverse=True)[1], "rater"))
    assert found[votes.contenders.index("rare")] == pytest.approx(0.5)
    assert (found[:4] < 0.02).all()
