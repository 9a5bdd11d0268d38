from __future__ import annotations

import pytest

from arena.voting.pairing.goals import goal_of, pairing_text, refuse_odd_pairing
from elo.pairing import Newcomer, TopK, WholeBoard


def test_a_rule_names_a_goal() -> None:
    assert goal_of("uniform") is None
    assert goal_of("whole-board") == WholeBoard()
    assert goal_of("top-10") == TopK(10)
    assert goal_of("newcomer:x+y") == Newcomer(("x", "y"))


@pytest.mark.parametrize("rule", ["", "best", "top-", "top-x", "newcomer:", "newcomer:x+", "Uniform"])
def test_an_unknown_rule_is_refused_with_the_known_ones(rule: str) -> None:
    with pytest.raises(ValueError, match="pairing must be one of uniform, whole-board, top-K"):
        goal_of(rule)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("newcomer:z", "pairing must name contenders of the study; got z. Known: x, y."),
        ("top-2", "pairing must be at most top-1 for 2 contenders; got top-2."),
        ("top-0", "k=0 is out of range"),
    ],
)
def test_a_rule_that_the_contenders_cannot_follow_is_refused(rule: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        refuse_odd_pairing(rule, {"x", "y"})


def test_rules_of_studies_say_how_pairs_are_chosen() -> None:
    assert (
        pairing_text("uniform") == "uniform over units, pairs and orders that the rater can still judge blind"
    )
    assert pairing_text("top-10").startswith("top-10: an exposure plan over prompts")
