from __future__ import annotations

import time

import evalica
import numpy as np
import pytest

from elo import Votes
from elo.models.online import EloRule, OnlineRatings, online_elo, order_averaged_elo
from tests.factories_elo import Cell, World, votes_of

WINNERS = (evalica.Winner.X, evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.Draw)


def rating(result: OnlineRatings, contender: str) -> float:
    return float(result.ratings[result.contenders.index(contender)])


def test_an_even_win_moves_half_the_k_factor() -> None:
    result = online_elo(votes_of(Cell("x", "y", "a")), EloRule(k_factor=32))
    assert (rating(result, "x"), rating(result, "y")) == (1016, 984)


def test_two_wins_worked_by_hand() -> None:
    # After the first, x leads by 32; 10^(32 / 400) = 1.2022644346, so it is expected to score 0.5459.
    result = online_elo(votes_of(Cell("x", "y", "a"), Cell("y", "x", "b")), EloRule(k_factor=32))
    assert rating(result, "x") == pytest.approx(1016 + 32 * (1 - 1.2022644346 / 2.2022644346), abs=1e-6)


def test_an_upset_at_400_points_moves_ten_elevenths() -> None:
    votes = votes_of(Cell("x", "y", "a"), Cell("y", "x", "a"))
    # A k-factor of 400 makes the first win a lead of 400, odds of ten to one.
    result = online_elo(votes, EloRule(k_factor=400))
    assert rating(result, "y") == pytest.approx(800 + 400 * 10 / 11)


@pytest.mark.parametrize("outcome", ["tie", "both_bad"])
def test_an_even_tie_moves_nothing(outcome: str) -> None:
    assert online_elo(votes_of(Cell("x", "y", outcome))).ratings.tolist() == [1000, 1000]


def test_both_bad_dropped_is_no_vote() -> None:
    first = Cell("x", "y", "a", weight=5)
    dropped = online_elo(votes_of(first, Cell("x", "y", "both_bad")), EloRule(both_bad="drop"))
    assert dropped.votes == 5
    np.testing.assert_array_equal(dropped.ratings, online_elo(votes_of(first)).ratings)
    assert rating(online_elo(votes_of(first, Cell("x", "y", "both_bad"))), "x") < rating(dropped, "x")


def test_weight_is_repetition() -> None:
    once, other = Cell("x", "y", "a"), Cell("y", "z", "tie")
    heavy = online_elo(votes_of(Cell("x", "y", "a", weight=3), other))
    np.testing.assert_array_equal(heavy.ratings, online_elo(votes_of(once, once, once, other)).ratings)


@pytest.mark.parametrize(("k_factor", "initial", "scale"), [(4.0, 1000.0, 400.0), (32.0, 1500.0, 200.0)])
def test_agrees_with_evalica(k_factor: float, initial: float, scale: float) -> None:
    votes = World(ties=0.3).draw(seed=4)
    peer = evalica.elo(
        [votes.contenders[i] for i in votes.contender_a],
        [votes.contenders[i] for i in votes.contender_b],
        [WINNERS[i] for i in votes.outcome],
        k=k_factor,
        initial=initial,
        scale=scale,
    )
    ours = online_elo(votes, EloRule(k_factor, initial, scale))
    np.testing.assert_allclose(ours.ratings, peer.scores[list(votes.contenders)], rtol=0, atol=1e-9)


def test_points_are_kept() -> None:
    result = online_elo(World().draw(seed=1), EloRule(k_factor=40, initial=1200))
    assert result.ratings.mean() == pytest.approx(1200)


def test_one_sided_votes_at_a_wild_k_factor_stay_finite() -> None:
    assert np.isfinite(online_elo(votes_of(Cell("x", "y", "a", 50)), EloRule(k_factor=1e9)).ratings).all()


def test_a_million_votes_take_less_than_a_second() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 20, 1_000_000).astype(np.uint8)
    b = ((a + rng.integers(1, 20, len(a))) % 20).astype(np.uint8)
    outcome = rng.integers(0, 4, len(a)).astype(np.uint8)
    votes = Votes(tuple(f"m{i:02}" for i in range(20)), a, b, outcome, np.ones(len(a)))
    started = time.process_time()
    online_elo(votes)
    assert time.process_time() - started < 1


def test_the_order_moves_one_run_and_not_the_mean() -> None:
    votes, rule = World(votes=600).draw(seed=2), EloRule(k_factor=32)
    backwards = Votes(
        votes.contenders,
        votes.contender_a[::-1],
        votes.contender_b[::-1],
        votes.outcome[::-1],
        votes.weight[::-1],
    )
    forth, back = online_elo(votes, rule), online_elo(backwards, rule)
    mean = order_averaged_elo(votes, rule, orders=400, seed=1)
    other = order_averaged_elo(backwards, rule, orders=400, seed=2)
    assert np.abs(forth.ratings - back.ratings).max() > 20
    error = np.sqrt((mean.order_sd**2 + other.order_sd**2) / 400)
    assert (np.abs(mean.ratings - other.ratings) < 4.5 * error).all()


def test_the_spread_over_orders_grows_with_the_k_factor() -> None:
    votes = World(votes=600).draw(seed=2)
    small, large = (order_averaged_elo(votes, EloRule(k_factor=k)).order_sd for k in (4, 32))
    assert (large > 2 * small).all()
    assert (small > 0).all()


def test_the_same_seed_gives_the_same_ratings() -> None:
    votes = World(votes=200).draw(seed=2)
    first, again, other = (order_averaged_elo(votes, orders=5, seed=seed).ratings for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_refuses_settings_out_of_range(value: float) -> None:
    with pytest.raises(ValueError, match=f"k_factor={value} is out of range. Allowed: finite and above 0."):
        EloRule(k_factor=value)
    with pytest.raises(ValueError, match=f"scale={value} is out of range. Allowed: finite and above 0."):
        EloRule(scale=value)
    with pytest.raises(ValueError, match=f"initial={value} is no rating. Allowed: any finite number."):
        EloRule(initial=value)


def test_refuses_an_unknown_rule_and_a_single_order() -> None:
    with pytest.raises(ValueError, match=r"Unknown both_bad='floor'. Known: tie, drop."):
        EloRule(both_bad="floor")
    with pytest.raises(ValueError, match=r"orders=1 has no spread. Allowed: 2 or more."):
        order_averaged_elo(votes_of(Cell("x", "y", "a")), orders=1)


def test_refuses_a_part_of_a_vote() -> None:
    whole = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"))
    votes = Votes(whole.contenders, whole.contender_a, whole.contender_b, whole.outcome, np.array([1.0, 0.5]))
    with pytest.raises(ValueError, match=r"Weight 0.5 in row 1 is no count of votes"):
        online_elo(votes)
