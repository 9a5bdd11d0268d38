from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from analysis.subject import rate_frame
from analysis.tables.leaderboard import leaderboard, rank_probabilities, win_matrix
from elo import Votes, fit
from elo.arrays import Floats
from tests.factories_frames import Study, cell

FRAME = Study(ties=0.2).draw(1)


def test_the_leaderboard_has_the_ratings_and_intervals_of_the_fit() -> None:
    rows = fit(Votes.from_frame(FRAME), clusters=["prompt", "rater"]).rows()
    board = leaderboard(rate_frame(FRAME))
    assert board["contender"].tolist() == [row.contender for row in rows]
    for name in ("rating", "lower", "upper", "rank_low", "rank_high", "wins", "votes"):
        assert board[name].tolist() == [getattr(row, name) for row in rows]


def test_shares_are_of_the_contenders_own_votes() -> None:
    board = leaderboard(rate_frame(FRAME)).set_index("contender")
    own = FRAME[(FRAME["contender_a"] == "m0") | (FRAME["contender_b"] == "m0")]
    assert cell(board, "m0", "tie_share") == pytest.approx((own["outcome"] == "tie").mean())
    assert cell(board, "m0", "both_bad_share") == pytest.approx((own["outcome"] == "both_bad").mean())


def test_ratings_under_reliabilities_have_the_mean_and_spread_of_the_board() -> None:
    board = leaderboard(rate_frame(FRAME))
    assert board["without_unreliable"].mean() == pytest.approx(board["rating"].mean())
    assert board["without_unreliable"].std() == pytest.approx(board["rating"].std())


def test_votes_without_raters_have_no_ratings_under_reliabilities() -> None:
    board = leaderboard(rate_frame(FRAME.drop(columns="rater")))
    assert board["without_unreliable"].isna().all()


def test_the_matrix_holds_shares_with_a_tie_as_half_a_win() -> None:
    wins = win_matrix(rate_frame(FRAME))
    pair = FRAME[FRAME["contender_a"].isin(["m0", "m3"]) & FRAME["contender_b"].isin(["m0", "m3"])]
    won = ((pair["contender_a"] == "m0") & (pair["outcome"] == "a")) | (
        (pair["contender_b"] == "m0") & (pair["outcome"] == "b")
    )
    share = won.mean() + pair["outcome"].isin(["tie", "both_bad"]).mean() / 2
    assert cell(wins, "m0", "m3") == pytest.approx(share)
    assert cell(wins, "m3", "m0") == pytest.approx(1 - share)
    assert np.isnan(cell(wins, "m0", "m0"))


def test_rank_probabilities_of_two_contenders_are_students_distribution() -> None:
    subject = rate_frame(Study(contenders=2, votes=200, step=0.1).draw(3))
    first, second = subject.names
    gap = subject.ratings.difference(first, second).estimate / subject.scale
    vector = np.array([1.0, -1.0])
    error = np.sqrt(vector @ subject.ratings.covariance @ vector)
    assert subject.ratings.errors.degrees_of_freedom is not None
    expected = student.cdf(gap / error, subject.ratings.errors.degrees_of_freedom)
    found = rank_probabilities(subject)
    assert cell(found, first, 1) == pytest.approx(expected, abs=0.015)
    assert 0.5 < cell(found, first, 1) < 0.999


def test_rank_probabilities_add_up_over_ranks_and_over_contenders() -> None:
    found = rank_probabilities(rate_frame(FRAME), draws=500)
    assert found.sum(axis=0).to_numpy() == pytest.approx(np.ones(5))
    assert found.sum(axis=1).to_numpy() == pytest.approx(np.ones(5))


def test_the_same_seed_draws_the_same_ranks() -> None:
    subject = rate_frame(FRAME, seed=4)
    assert rank_probabilities(subject, 300).equals(rank_probabilities(subject, 300))


@pytest.mark.slow
def test_raters_who_answer_at_random_disturb_the_ratings_by_reliability_less() -> None:
    """Every third rater tosses a coin; the true strengths are evenly spaced."""
    truth, errors = -np.arange(5.0), []
    for seed in range(6):
        frame = Study(votes=1500, raters=15, step=0.4).draw(seed)
        tosses = np.random.default_rng(100 + seed).choice(["a", "b"], len(frame))
        careless = frame["rater"].str[1:].astype(int) % 3 == 0
        board = leaderboard(rate_frame(frame.assign(outcome=frame["outcome"].where(~careless, tosses))))
        board = board.sort_values("contender")
        errors.append([misfit(board[name].to_numpy(), truth) for name in ("rating", "without_unreliable")])
    plain, reliable = np.mean(errors, axis=0)
    assert reliable < plain


def misfit(found: Floats, truth: Floats) -> float:
    """Return the share of the spread that the truth does not explain, whatever the scale."""
    return 1 - float(np.corrcoef(found, truth)[0, 1]) ** 2


def test_votes_repeated_by_their_raters_have_the_design_effect_of_their_number() -> None:
    """Four equal votes of each rater tell as much as one."""
    frame = Study(votes=500, prompts=500).draw(2)
    frame["rater"] = [f"r{place}" for place in range(len(frame))]
    repeated = frame.loc[frame.index.repeat(4)].drop(columns="prompt").reset_index(drop=True)
    assert rate_frame(repeated).ratings.diagnostics.design_effect == pytest.approx(4, rel=0.1)
