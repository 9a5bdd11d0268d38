from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from analysis.published import PublishedBoard, read_published
from analysis.subject import rate_frame
from analysis.tables.published import compare
from tests.factories_frames import Study, cell

SUBJECT = rate_frame(Study(votes=1500, contenders=6, step=0.15).draw(3))
OURS = {row.contender: row for row in SUBJECT.board.rows}


def published(
    tmp_path: Path, *rows: str, head: str = "contender,rating,lower,upper,votes,date,method"
) -> Path:
    path = tmp_path / "boards.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def one(tmp_path: Path, ratings: dict[str, float], margin: float = 10) -> PublishedBoard:
    rows = [
        f"{name},{each},{each - margin},{each + margin},500,2026-05-01,Elo" for name, each in ratings.items()
    ]
    return read_published(published(tmp_path, *rows))[0]


def test_a_file_holds_one_board_for_each_date_and_method(tmp_path: Path) -> None:
    path = published(
        tmp_path,
        "x,1000,990,1010,50,2026-05-01,Elo",
        "y,1100,,,,2026-05-01,Elo",
        "x,1010,,,,2026-04-01,Elo",
    )
    first, second = read_published(path)
    assert (first.date, second.date, second.method) == ("2026-04-01", "2026-05-01", "Elo")
    assert second.rows["contender"].tolist() == ["y", "x"]
    assert np.isnan(second.rows["lower"].iloc[0])
    assert second.rows["votes"].iloc[1] == 50


def test_only_contender_and_rating_are_needed(tmp_path: Path) -> None:
    (board,) = read_published(published(tmp_path, "x,1000", "y,\u22125", head="Contender, Rating"))
    assert board.rows["rating"].tolist() == [1000, -5]
    assert board.name == "the published board"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,high,,,,2026-05-01,Elo", "rating must be a finite number in every row of boards.csv; got 'high'"),
        ("x,,,,,2026-05-01,Elo", "rating must be a finite number"),
        ("x,1,nan,,,2026-05-01,Elo", "lower must be a finite number"),
        ("x,1,2,3,,2026-05-01,Elo", "must lie around rating"),
        ("x,1,,,,May 2026,Elo", "date must be a day such as 2026-05-01 in boards.csv; got 'May 2026'"),
        (",1,,,,2026-05-01,Elo", "contender must be a name"),
        ("y,1,,,,2026-05-01,Elo", "got 'y' twice on 2026-05-01"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_published(published(tmp_path, "y,1100,,,,2026-05-01,Elo", row))


def test_a_missing_column_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"lacks rating\. It has: contender, elo\. Needed: contender, rating"
    ):
        read_published(published(tmp_path, "x,1", head="contender,elo"))
    with pytest.raises(ValueError, match="must hold a row for each contender"):
        read_published(published(tmp_path))


def test_a_board_of_another_zero_is_moved_to_our_mean(tmp_path: Path) -> None:
    found = compare(SUBJECT, one(tmp_path, {name: row.rating - 321 for name, row in OURS.items()}))
    assert found.shift == pytest.approx(321)
    assert found.typical == pytest.approx(0, abs=1e-9)
    assert found.spread == pytest.approx(1)
    assert found.tau == 1
    assert not found.rows["differs"].astype(bool).any()


def test_order_is_compared_as_scipy_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    theirs = dict(zip(OURS, rng.normal(1000, 60, len(OURS)).round(3).tolist(), strict=True))
    found = compare(SUBJECT, one(tmp_path, theirs))
    expected = kendalltau([row.rating for row in OURS.values()], [theirs[name] for name in OURS]).statistic
    assert found.tau == pytest.approx(expected)
    difference = np.array([row.rating for row in OURS.values()]) - [theirs[name] for name in OURS]
    assert found.typical == pytest.approx(difference.std())


def test_a_contender_beyond_both_intervals_differs(tmp_path: Path) -> None:
    theirs = {name: row.rating for name, row in OURS.items()}
    theirs["m0"] += 400
    rows = compare(SUBJECT, one(tmp_path, theirs)).rows.set_index("contender")
    margin = np.hypot(OURS["m0"].upper - OURS["m0"].rating, 10)
    assert cell(rows, "m0", "difference") == pytest.approx(-400 * 5 / 6)
    assert margin < 400 * 5 / 6
    assert cell(rows, "m0", "differs") == 1


def test_contenders_on_one_board_alone_are_listed(tmp_path: Path) -> None:
    found = compare(SUBJECT, one(tmp_path, {"m1": 1000, "m3": 900, "new": 800}))
    assert found.rows["contender"].tolist() == ["m1", "m3"]
    assert found.only_theirs == ("new",)
    assert set(found.only_ours) == {"m0", "m2", "m4", "m5"}


def test_boards_without_common_contenders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there are 1\. Theirs: M1, m0"):
        compare(SUBJECT, one(tmp_path, {"m0": 900, "M1": 1000}))
