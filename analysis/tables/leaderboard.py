"""Leaderboard, win matrix and rank probabilities as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.board import Board, BoardRow
from analysis.subject import Subject
from elo.arrays import Floats
from elo.raters import reliability

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 20_000
"""Draws behind rank probabilities: their error is at most 0.4 points of a hundred."""


def board_frame(board: Board) -> pd.DataFrame:
    """Return one row for each rated contender of a board, best first, with shares of its votes."""
    import pandas as pd  # the web process loads this package and needs no pandas

    frame = pd.DataFrame(board.rows, columns=list(BoardRow._fields))
    for share, count in (("win_share", "wins"), ("tie_share", "ties"), ("both_bad_share", "both_bad")):
        frame[share] = frame[count] / frame["votes"]
    frame["preliminary"] = [row.is_preliminary for row in board.rows]
    return frame


def leaderboard(subject: Subject) -> pd.DataFrame:
    """Return one row for each contender, best first.

    `without_unreliable` is the rating under estimated reliabilities of raters, NaN where they are not
    recorded; unreliable raters count less there and nowhere else.
    """
    frame = board_frame(subject.board)
    frame["without_unreliable"] = frame["contender"].map(_reliable(subject))
    return frame


def _reliable(subject: Subject) -> dict[str, float]:
    """Return ratings under reliabilities, with the mean and the spread of the plain ones.

    Their own spread is wider, since part of the disagreement goes to the raters. Empty where raters are too
    few.
    """
    if (subject.votes.raters or 0) < 2:
        return {}
    try:
        rows = reliability(subject.votes, ties="half").rows(subject.scale)
    except (ValueError, ArithmeticError):
        return {}
    plain, found = subject.ratings.ratings, np.array([row.reliable for row in rows])
    matched = plain.mean() + (found - found.mean()) * plain.std() / found.std()
    return dict(zip((row.contender for row in rows), matched.tolist(), strict=True))


def win_matrix(subject: Subject) -> pd.DataFrame:
    """Return the share of wins of row over column, a tie as half a win; NaN where the two never met."""
    import pandas as pd

    rates = subject.ratings.tally.win_rates[np.ix_(subject.order, subject.order)]
    return pd.DataFrame(rates, index=list(subject.names), columns=list(subject.names))


def rank_probabilities(subject: Subject, draws: int = DRAWS) -> pd.DataFrame:
    """Return the probability of each rank (columns 1 to K) for each contender, best first.

    Strengths are drawn from their normal sampling distribution; with clusters each draw is divided by the
    root of a chi-square over its degrees of freedom, as Student's t of the intervals is.
    """
    import pandas as pd

    ranks = _drawn_ranks(subject, draws)
    size = len(subject.names)
    shares = np.stack([(ranks == rank).mean(axis=0) for rank in range(1, size + 1)], axis=1)
    return pd.DataFrame(shares, index=list(subject.names), columns=range(1, size + 1))


def _drawn_ranks(subject: Subject, draws: int) -> Floats:
    """Return the rank among those listed of each contender, best first, in each draw, shape (draws, K)."""
    rng = np.random.default_rng(subject.seed)
    ratings = subject.ratings
    values, vectors = np.linalg.eigh(ratings.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    noise = rng.standard_normal((draws, len(values))) @ root.T
    freedom = ratings.errors.degrees_of_freedom
    if freedom is not None:
        noise /= np.sqrt(rng.chisquare(freedom, draws) / freedom)[:, None]
    order = np.argsort(-(ratings.strengths + noise)[:, subject.order], axis=1)
    return np.argsort(order, axis=1).astype(np.float64) + 1  # argsort inverts each permutation
