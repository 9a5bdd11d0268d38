"""Contenders without a finite rating are named; the others keep theirs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit

from elo import NotIdentified, Unrated, fit
from elo.arguments import Circumstance, Cluster, Ties
from tests.factories_elo import Cell, votes_of

FOUR = [
    Cell(a, b, outcome, weight, prompt=weight, rater=i % 7)
    for i, (a, b) in enumerate(itertools.combinations("pqrs", 2))
    for outcome, weight in (("a", 5), ("b", 3), ("tie", 2))
]


def unrated(*cells: Cell, anchor: tuple[str, float] | None = None) -> dict[str, Unrated]:
    return {each.contender: each for each in fit(votes_of(*cells), anchor=anchor).unrated}


@pytest.mark.parametrize("outcome", ["a", "b"])
@pytest.mark.parametrize("clusters", [(), ("rater",), ("prompt", "rater")])
def test_who_won_or_lost_everything_leaves_the_others_as_they_are(
    outcome: str, clusters: tuple[Cluster, ...]
) -> None:
    new = [Cell("new", other, outcome, 3, prompt=9, rater=9) for other in "pq"]
    alone = fit(votes_of(*FOUR, clustered=True), clusters=clusters)
    found = fit(votes_of(*FOUR, *new, clustered=True), clusters=clusters)
    assert found.rows() == alone.rows()
    assert found.method == alone.method
    [each] = found.unrated
    assert each.contender == "new"
    assert each.reason == f"it {'won' if outcome == 'a' else 'lost'} all its 6 votes"
    assert each[4:] == (6, *((6, 0) if outcome == "a" else (0, 6)), 0, 0)
    assert np.isfinite(each.lower) == (outcome == "a")
    assert np.isfinite(each.upper) == (outcome == "b")
    assert found.diagnostics.separation == "left without a finite rating: new"


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper", "drop"])
@pytest.mark.parametrize("effects", [(), ("side",)])
def test_so_it_is_in_each_model(ties: Ties, effects: tuple[Circumstance, ...]) -> None:
    sides = [Cell(cell.b, cell.a, cell.outcome, cell.weight) for cell in FOUR]
    alone = fit(votes_of(*FOUR, *sides), ties=ties, effects=effects)
    found = fit(votes_of(*FOUR, *sides, Cell("new", "p", "a", 4)), ties=ties, effects=effects)
    assert found.rows() == alone.rows()
    assert found.unrated[0].lower > 900


def test_one_unbeaten_in_a_tally_is_named_too() -> None:
    tally = votes_of(*FOUR, Cell("new", "p", "a", 4)).tally()
    assert fit(tally).rows() == fit(votes_of(*FOUR)).rows()
    assert fit(tally).unrated[0].contender == "new"


def test_the_bound_against_an_anchor_has_a_closed_form() -> None:
    """For n wins of n, the likelihood p^n has fallen by z^2 / 2 at p = exp(-z^2 / 2n)."""
    cells = [Cell("x", "y", "a", 9), Cell("x", "y", "b", 9), Cell("new", "x", "a", 12)]
    p = np.exp(-(1.6448536**2) / 24)
    assert unrated(*cells, anchor=("x", 1200.0))["new"].lower == pytest.approx(
        1200 + 400 * np.log10(p / (1 - p)), abs=0.1
    )


def test_the_bound_is_where_the_profile_likelihood_has_fallen() -> None:
    cells = [
        Cell("x", "y", "a", 9),
        Cell("x", "y", "b", 5),
        Cell("new", "x", "a", 6),
        Cell("new", "y", "a", 2),
    ]
    bound = (unrated(*cells)["new"].lower - 1000) * np.log(10) / 400

    def loss(x: float, new: float) -> float:
        """Minus the log-likelihood with x and y at +x and -x, so that their mean is zero."""
        wins = [(9, 2 * x), (5, -2 * x), (6, new - x), (2, new + x)]
        return -sum(n * float(np.log(expit(gap))) for n, gap in wins)

    def least(new: float) -> float:
        return float(minimize_scalar(lambda x: loss(float(x), new)).fun)

    fallen, highest = least(bound), least(40.0)
    assert fallen - highest == pytest.approx(1.6448536**2 / 2, abs=1e-3)


def test_a_pair_that_won_everything_against_the_others_is_named_and_claims_no_more() -> None:
    found = unrated(*FOUR, Cell("u", "v", "a", 2), Cell("v", "u", "a", 2), Cell("u", "p", "a", 5))
    assert set(found) == {"u", "v"}
    for each in found.values():
        assert each.reason == "no rated contender has won a vote against it, directly or through others"
        assert np.isfinite(each.lower)
    assert found["v"].lower < found["u"].lower


def test_a_chain_downwards_is_bounded_through_its_links() -> None:
    found = unrated(*FOUR, Cell("p", "u", "a", 5), Cell("u", "v", "a", 5))
    assert found["u"].reason == "it has won no vote against a rated contender, directly or through others"
    assert found["v"].reason == "it lost all its 5 votes"
    assert found["v"].upper < found["u"].upper < 1000


def test_groups_that_never_met_leave_the_largest_its_board() -> None:
    apart = [Cell("u", "v", "a", 2), Cell("u", "v", "b", 2)]
    assert fit(votes_of(*FOUR, *apart)).rows() == fit(votes_of(*FOUR)).rows()
    found = unrated(*FOUR, *apart)
    assert {each.reason for each in found.values()} == {"no votes connect it to the rated contenders"}
    assert {each[2:4] for each in found.values()} == {(-np.inf, np.inf)}


def test_of_two_equal_groups_the_one_with_more_votes_is_rated() -> None:
    one = [Cell("a", "b", outcome, 2) for outcome in "ab"]
    other = [Cell("c", "d", outcome, 3) for outcome in "ab"]
    assert fit(votes_of(*one, *other)).contenders == ("c", "d")


def test_who_beat_the_losers_of_the_rated_stays_open() -> None:
    found = unrated(*FOUR, Cell("p", "low", "a", 5), Cell("new", "low", "a", 5))
    assert found["new"].reason == "its votes leave open on which side of the rated contenders it stands"
    assert found["new"][2:4] == (-np.inf, np.inf)


def test_an_anchor_without_a_rating_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(
        NotIdentified, match=r"'new' must have a finite rating.*it won.*Anchor on one of: p, q, r, s"
    ):
        fit(votes_of(*FOUR, Cell("new", "p", "a", 4)), anchor=("new", 1000))


@pytest.mark.parametrize("cells", [[Cell("x", "y", "a")], [Cell("x", "y", "a"), Cell("y", "z", "a")]])
def test_without_two_contenders_that_compare_there_are_no_ratings(cells: list[Cell]) -> None:
    with pytest.raises(NotIdentified, match="x won everything"):
        fit(votes_of(*cells))


@given(
    st.lists(
        st.tuples(st.permutations("uvwxyz"), st.sampled_from(["a", "b", "tie"]), st.integers(1, 3)),
        min_size=1,
        max_size=14,
    )
)
@settings(deadline=None, max_examples=25)
def test_any_votes_are_rated_or_refused_and_nobody_is_said_to_have_lost_what_they_won(
    drawn: list[tuple[list[str], str, int]],
) -> None:
    votes = votes_of(*[Cell(names[0], names[1], end, weight) for names, end, weight in drawn])
    try:
        found = fit(votes)
    except NotIdentified as error:
        lost = [part for part in str(error).split("; ") if "lost everything" in part]
        said = {name for name in "uvwxyz" for part in lost if f"{name} lost" in part}
        tally = votes.tally()
        assert not any((tally.wins + tally.ties)[votes.contenders.index(name)] for name in said)
        return
    assert {*found.contenders, *(each.contender for each in found.unrated)} == set(votes.contenders)
    for each in found.unrated:
        if "lost all" in each.reason:
            assert each.wins == each.ties == 0
        if "won all" in each.reason:
            assert each.losses == each.ties == 0
        assert each.lower == -np.inf or each.upper == np.inf
    assert np.isfinite(found.standard_errors).all()
