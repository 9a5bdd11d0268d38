from __future__ import annotations

import pytest

from elo.arguments import place_of, require_known, several, shortened


def test_several_names_become_a_tuple() -> None:
    assert several("effects", ["side", "order"]) == ("side", "order")
    assert several("effects", ()) == ()


def test_one_name_is_not_taken_for_its_letters() -> None:
    with pytest.raises(ValueError, match=r"effects='side' is one name.*give \('side',\)"):
        several("effects", "side")


@pytest.mark.parametrize(("value", "text"), [("x", "'x'"), ([1, 2], "[1, 2]"), ("y" * 99, f"'{'y' * 59}...")])
def test_values_in_messages_are_short(value: object, text: str) -> None:
    assert shortened(value) == text


def test_known_names_pass_and_the_first_unknown_one_is_named() -> None:
    require_known("ties", ["half"], ("half", "drop"))
    with pytest.raises(ValueError, match=r"Unknown ties='full'\. Known: half, drop\."):
        require_known("ties", ["half", "full", "none"], ("half", "drop"))


def test_a_contender_has_a_place_among_those_known() -> None:
    assert place_of("y", ("x", "y")) == 1
    with pytest.raises(ValueError, match=r"Unknown contender 'z'\. Known: x, y\."):
        place_of("z", ("x", "y"))
