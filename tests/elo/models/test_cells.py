from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elo import Votes
from elo.models.cells import Cells, cells_of_tally, cells_of_votes, numbered
from elo.votes.tally import A, B
from tests.factories_elo import World

OUTCOMES = ["a", "b", "tie", "both_bad"]
VOTE = st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz"), st.sampled_from(OUTCOMES)).filter(
    lambda vote: vote[0] != vote[1]
)


def votes_from(rows: list[tuple[str, str, str]], **columns: list[object]) -> Votes:
    a, b, outcome = (list(column) for column in zip(*rows, strict=True))
    return Votes.from_columns(
        contender_a=a,
        contender_b=b,
        outcome=outcome,
        contenders="xyz",
        **columns,  # type: ignore[arg-type]  # columns of any kind
    )


def as_counts(cells: Cells) -> dict[tuple[int, int, tuple[float, ...]], list[float]]:
    """Return the counts of each meeting, by its pair and regressors."""
    keys = zip(
        cells.contender_a.tolist(), cells.contender_b.tolist(), map(tuple, cells.regressors.T), strict=True
    )
    return dict(zip(keys, cells.counts.T.tolist(), strict=True))


@given(rows=st.lists(VOTE, min_size=1, max_size=20))
def test_cells_of_votes_count_like_those_of_their_tally(rows: list[tuple[str, str, str]]) -> None:
    votes = votes_from(rows)
    one_by_one = cells_of_votes(votes, importance=np.ones(len(rows)))
    assert as_counts(one_by_one) == as_counts(cells_of_tally(votes.tally()))


def test_the_contender_that_comes_first_is_a_whatever_its_side() -> None:
    cells = cells_of_tally(votes_from([("y", "x", "a"), ("x", "y", "a")]).tally())
    assert (cells.contender_a.tolist(), cells.contender_b.tolist()) == ([0], [1])
    assert (cells.counts[A, 0], cells.counts[B, 0]) == (1, 1)


def test_side_and_covariates_turn_round_with_the_pair() -> None:
    votes = votes_from([("y", "x", "a"), ("x", "y", "a")], side=["a", "a"])
    assert as_counts(cells_of_votes(votes, ["side"])) == {
        (0, 1, (-1.0,)): [0, 1, 0, 0],
        (0, 1, (1.0,)): [1, 0, 0, 0],
    }


def test_each_row_knows_its_cell() -> None:
    votes = World(contenders=4, votes=200).draw(3)
    for cells in (cells_of_votes(votes), cells_of_votes(votes, ["side"])):
        assert cells.cell is not None
        assert cells.weight is not None
        counted = np.bincount(cells.cell, cells.weight, cells.counts.size)
        np.testing.assert_array_equal(counted.reshape(cells.counts.shape), cells.counts)


def test_prompts_are_kept_apart_where_asked() -> None:
    votes = votes_from([("x", "y", "a")] * 3, prompt=["p", "q", "p"])
    cells = cells_of_votes(votes, by_prompt=True)
    assert cells.prompt is not None
    assert dict(zip(cells.prompt.tolist(), cells.counts[A].tolist(), strict=True)) == {0: 2, 1: 1}
    assert cells_of_votes(votes, rows=False).meetings == 1


def test_importance_multiplies_counts_and_squares() -> None:
    votes = votes_from([("x", "y", "a"), ("x", "y", "a")], weight=[1, 3])
    cells = cells_of_votes(votes, importance=np.array([2.0, 0.5]))
    assert cells.counts[A, 0] == 1 * 2 + 3 * 0.5
    assert cells.squares[A, 0] == 1 * 2**2 + 3 * 0.5**2


def test_without_importance_squares_are_the_counts() -> None:
    cells = cells_of_votes(World(votes=100).draw(4), ["side"])
    np.testing.assert_array_equal(cells.squares, cells.counts)


@pytest.mark.parametrize("name", ["order", "length"])
def test_what_votes_do_not_record_is_refused(name: str) -> None:
    votes = votes_from([("x", "y", "a")], side=["a"], covariates={"size": [1.0]})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"The votes have no column '{name}'. They record: side, size"):
        cells_of_votes(votes, [name])
    with pytest.raises(ValueError, match=f"A tally does not record {name}"):
        cells_of_tally(votes.tally(), [name])


def test_prompts_that_are_not_recorded_are_refused() -> None:
    with pytest.raises(ValueError, match="needs votes that record prompts"):
        cells_of_votes(votes_from([("x", "y", "a")]), by_prompt=True)


@pytest.mark.parametrize("scale", [1, 10**8])
@given(keys=st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_keys_are_numbered_in_order_without_a_gap_however_large(scale: int, keys: list[int]) -> None:
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    assert numbered(np.array(keys) * scale).tolist() == [ranks[key] for key in keys]
