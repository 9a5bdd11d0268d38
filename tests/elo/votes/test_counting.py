"""Counting by numpy and by compiled loops agrees with counting by hand."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from elo.votes import counting

Columns = tuple[NDArray[np.unsignedinteger], NDArray[np.unsignedinteger], NDArray[np.uint8]]


def columns(contenders: int, rows: int = 3 * counting.BLOCK + 7) -> Columns:
    rng = np.random.default_rng(contenders)
    dtype = np.min_scalar_type(contenders - 1)
    a, b = rng.integers(0, contenders, (2, rows)).astype(dtype)
    return a, b, rng.integers(0, 4, rows, dtype=np.uint8)


def by_hand(votes: Columns, weight: NDArray[np.float64], contenders: int) -> NDArray[np.float64]:
    counts = np.zeros((contenders, contenders, 4))
    np.add.at(counts, votes, weight)
    return counts


@pytest.fixture(params=["numpy", "numba"])
def road(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(counting, "MANY", 0)
    monkeypatch.setattr(counting, "can_compile", lambda: request.param == "numba")
    return str(request.param)


@pytest.mark.parametrize("contenders", [3, 300])
@pytest.mark.parametrize("weights", ["one", "whole", "fractions"])
def test_counts_are_those_by_hand(road: str, contenders: int, weights: str) -> None:
    votes = columns(contenders)
    rng = np.random.default_rng(1)
    weight = {
        "one": np.broadcast_to(np.float64(1), votes[0].shape),
        "whole": rng.integers(1, 5, len(votes[0])).astype(np.float64),
        "fractions": rng.random(len(votes[0])),
    }[weights]
    counts = counting.count(*votes, weight, contenders)
    expected = by_hand(votes, weight, contenders)
    if weights == "fractions":
        np.testing.assert_allclose(counts, expected, rtol=1e-12)
    else:
        np.testing.assert_array_equal(counts, expected)


@pytest.mark.usefixtures("road")
def test_columns_that_are_not_contiguous_are_counted() -> None:
    votes = columns(5)
    strided = votes[0][::2], votes[1][::2], votes[2][::2]
    weight = np.broadcast_to(np.float64(1), strided[0].shape)
    np.testing.assert_array_equal(counting.count(*strided, weight, 5), by_hand(strided, weight, 5))


def test_few_votes_do_not_wait_for_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elo.votes.kernels", None)
    votes = columns(4, rows=1000)
    weight = np.broadcast_to(np.float64(1), votes[0].shape)
    np.testing.assert_array_equal(counting.count(*votes, weight, 4), by_hand(votes, weight, 4))
