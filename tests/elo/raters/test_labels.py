from __future__ import annotations

import pytest

from elo.raters.labels import clusters_of
from tests.factories_elo import Cell, votes_of


def test_a_missing_column_is_named_beside_those_that_are_there() -> None:
    votes = votes_of(Cell("x", "y", "a"))
    with pytest.raises(
        ValueError, match=r"^Severity needs to know each vote's rater.*neither prompt nor rater"
    ):
        clusters_of(votes, "rater", "Severity")


def test_a_single_rater_is_too_few_where_two_are_needed() -> None:
    votes = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"), clustered=True)
    assert len(clusters_of(votes, "rater", "Severity").labels) == 1
    with pytest.raises(ValueError, match="needs 2 raters or more, and all votes have the same rater"):
        clusters_of(votes, "rater", "Severity", at_least=2)


def test_labels_stand_in_the_order_of_their_codes() -> None:
    votes = votes_of(Cell("x", "y", "a", rater=7), Cell("x", "y", "b", rater=3), clustered=True)
    code, labels = clusters_of(votes, "rater", "Severity")
    assert [labels[i] for i in code] == [7, 3]
