from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.subject import rate_frame
from analysis.tables.history import history
from tests.factories_frames import Study, cell

FRAME = Study(votes=1200, ties=0.1).draw(1)
FRAME["at"] = pd.Timestamp("2026-02-01", tz="UTC") + pd.to_timedelta(np.arange(len(FRAME)), unit="min")
SHUFFLED = FRAME.sample(frac=1, random_state=1)


def test_the_last_point_is_the_board_and_earlier_ones_are_boards_of_the_votes_until_then() -> None:
    table = history(rate_frame(SHUFFLED), moments=4)
    assert table["votes"].unique().tolist() == [300, 600, 900, 1200]
    for count, rows in table.groupby("votes"):
        alone = {row.contender: row for row in rate_frame(FRAME.head(int(str(count)))).board.rows}
        found = rows.set_index("contender")
        assert set(found.index) == set(alone)
        for name, row in alone.items():
            assert cell(found, name, "rating") == pytest.approx(row.rating)
            assert cell(found, name, "upper") == pytest.approx(row.upper)


def test_a_newcomer_moves_nobody_else() -> None:
    late = FRAME.assign(
        contender_a=FRAME["contender_a"].where(FRAME.index >= 600, FRAME["contender_a"].replace("m4", "m3")),
        contender_b=FRAME["contender_b"].where(FRAME.index >= 600, FRAME["contender_b"].replace("m4", "m2")),
    )
    late = late[late["contender_a"] != late["contender_b"]]
    subject = rate_frame(late)
    table = history(subject, moments=4)
    first = table[table["moment"] == table["moment"].min()].set_index("contender")
    assert "m4" not in first.index
    final = {row.contender: row.rating for row in subject.board.rows}
    assert first["rating"].mean() == pytest.approx(np.mean([final[str(name)] for name in first.index]))


def test_an_anchor_stays_where_it_is() -> None:
    table = history(rate_frame(FRAME, anchor=("m1", 1000)), moments=3)
    assert table.loc[table["contender"] == "m1", "rating"].tolist() == [1000.0] * 3


def test_points_before_the_first_finite_ratings_are_left_out() -> None:
    frame = pd.DataFrame({"contender_a": ["x"] * 8, "contender_b": ["y"] * 8, "outcome": list("aaaabbbb")})
    table = history(rate_frame(frame.assign(tstamp=range(8))), moments=4)
    assert table["votes"].unique().tolist() == [6, 8]


def test_votes_of_the_same_moment_are_taken_together() -> None:
    table = history(rate_frame(FRAME.assign(at=FRAME["at"].dt.floor("12h"))), moments=8)
    assert table["votes"].unique().tolist() == [720, 1200]


def test_times_are_needed_and_must_differ() -> None:
    with pytest.raises(ValueError, match="the time of each vote"):
        history(rate_frame(FRAME.drop(columns="at")))
    with pytest.raises(ValueError, match="all have the same"):
        history(rate_frame(FRAME.assign(at="2026-01-01")))
