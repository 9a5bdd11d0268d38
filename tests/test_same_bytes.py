from __future__ import annotations

import csv
import json
from random import Random

import pytest

from tests.benchmarks.same_bytes import (
    OF_ONE_RUN,
    differences,
    made_votes,
    without_columns,
    without_run,
)


def test_equal_hashes_differ_nowhere() -> None:
    assert differences({"board": "1", "votes": "2"}, {"votes": "2", "board": "1"}) == []


@pytest.mark.parametrize("after", [{"board": "1", "votes": "3"}, {"board": "1"}, {"board": "1", "vote": "2"}])
def test_what_changed_went_or_came_is_named(after: dict[str, str]) -> None:
    changed = differences({"board": "1", "votes": "2"}, after)
    assert "votes" in changed
    assert "board" not in changed


def test_a_board_is_compared_without_its_commit_and_ledger() -> None:
    board = {"rows": [1.5], "code": "0.1.0+abc", "ledger_head": "f00"}
    assert json.loads(without_run(board)) == {"rows": [1.5]}
    assert without_run(board) != without_run(board | {"rows": [1.6]})


def test_votes_are_compared_without_random_ids_and_the_clock() -> None:
    votes = "at,ballot,outcome,prompt\n12:00,u-u-i-d,a,red\n"
    assert json.loads(without_columns(votes, OF_ONE_RUN)) == [{"outcome": "a", "prompt": "red"}]
    assert without_columns(votes, OF_ONE_RUN) == without_columns(votes.replace("12:00", "13:00"), OF_ONE_RUN)
    assert without_columns(votes, OF_ONE_RUN) != without_columns(votes.replace(",a,", ",b,"), OF_ONE_RUN)


def test_made_votes_follow_from_the_seed_alone_and_hold_every_outcome() -> None:
    votes = list(csv.DictReader(made_votes(Random(0))))
    assert votes == list(csv.DictReader(made_votes(Random(0))))
    assert {vote["outcome"] for vote in votes} == {"a", "b", "tie", "both_bad"}
