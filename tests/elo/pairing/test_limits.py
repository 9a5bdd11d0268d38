from __future__ import annotations

import numpy as np
import pytest

from elo.pairing.assumptions import WIDEST_GAP, assumed_strengths, contenders_of
from elo.pairing.limits import bounds_beside, even_shares
from tests.factories_elo import Cell, votes_of

NAMES = ("w", "x", "y", "z")


def test_allowed_pairs_share_evenly() -> None:
    shares = even_shares(NAMES, [])
    assert shares.sum() == pytest.approx(1)
    assert set(shares[~np.eye(4, dtype=bool)]) == {1 / 12}


def test_excluded_pairs_have_no_share_in_either_order() -> None:
    shares = even_shares(NAMES, [("w", "x")])
    assert shares[0, 1] == shares[1, 0] == 0
    assert shares[0, 2] == pytest.approx(1 / 10)


def test_exclusions_that_part_the_contenders_name_the_parts() -> None:
    cut = [(a, b) for a in "wx" for b in "yz"]
    with pytest.raises(ValueError, match=r"never connect these groups: w, x; y, z\. Exclude fewer pairs"):
        even_shares(NAMES, cut)


def test_an_unknown_contender_cannot_be_excluded() -> None:
    with pytest.raises(ValueError, match="Unknown contender 'v'"):
        even_shares(NAMES, [("v", "x")])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_bounds_beside_the_uniform_part_meet_the_balance_together(share: float) -> None:
    uniform = even_shares(NAMES, [])
    bounds = bounds_beside((0.5, 1.5), uniform, share)
    for part, multiple in ((bounds.low, 0.5), (bounds.high, 1.5)):
        whole = share * uniform.sum(axis=1) + (1 - share) * part
        inside = (part > 0) & (part < 0.5)
        np.testing.assert_allclose(whole[inside], multiple / len(NAMES))


def test_without_room_beside_the_uniform_part_nothing_binds() -> None:
    bounds = bounds_beside((0.0, 2.0), even_shares(NAMES, []), 1.0)
    assert not bounds.bind


@pytest.mark.parametrize("balance", [(-0.1, 2.0), (1.1, 2.0), (0.5, 0.9), (2.0, 1.0)])
def test_a_balance_lies_about_the_even_exposure(balance: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"is out of range\. Allowed: two multiples of the even exposure"):
        bounds_beside(balance, even_shares(NAMES, []), 0.1)


def test_exclusions_may_make_the_uniform_part_too_uneven() -> None:
    uniform = even_shares(NAMES, [("w", "x"), ("w", "y")])
    with pytest.raises(ValueError, match=r"uniform_share=0\.9 alone breaks balance=\(0\.9, 1\.1\)"):
        bounds_beside((0.9, 1.1), uniform, 0.9)


def test_contenders_are_those_of_the_tally_or_of_the_strengths() -> None:
    tally = votes_of(Cell("x", "y", "a")).tally()
    assert contenders_of({"p": 0.0, "q": 1.0}, tally) == ("x", "y")
    assert contenders_of({"p": 0.0, "q": 1.0}, None) == ("p", "q")


def test_a_plan_needs_a_source_and_two_contenders() -> None:
    with pytest.raises(ValueError, match="Nothing to plan from"):
        contenders_of(None, None)
    with pytest.raises(ValueError, match="A pair needs two contenders; there is 1"):
        contenders_of({"x": 0.0}, None)


@pytest.mark.parametrize(
    ("strengths", "fault"),
    [
        ({"x": 0.0}, "No strength for y. Give one to each"),
        ({"x": 0.0, "y": 1.0, "v": 2.0}, "Unknown contender 'v'"),
        ({"x": 0.0, "y": float("nan")}, "Strength of y is nan. Allowed: finite log-odds"),
        ({"x": 0.0, "y": WIDEST_GAP + 1}, "Two neighbours in strength are more than 20 apart"),
    ],
)
def test_strengths_that_no_plan_can_use_are_refused(strengths: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        assumed_strengths(strengths, None, ("x", "y"))


def test_given_strengths_are_taken_in_the_order_of_contenders() -> None:
    assert assumed_strengths({"y": 1.0, "x": 0.5}, None, ("x", "y")).tolist() == [0.5, 1.0]


def test_without_strengths_the_tally_gives_them_pulled_to_the_middle() -> None:
    tally = votes_of(Cell("x", "y", "a", 30), Cell("x", "y", "b", 10)).tally()
    found = assumed_strengths(None, tally, ("x", "y"))
    assert 0 < found[0] - found[1] < np.log(3)


def test_without_any_votes_the_field_is_even() -> None:
    assert assumed_strengths(None, None, NAMES).tolist() == [0, 0, 0, 0]
