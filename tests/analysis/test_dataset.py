from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.command import main
from analysis.dataset import BOARD, CARD, VOTES, write_dataset
from analysis.subject import rate_frame
from tests.factories_frames import Study, draw_modes

FRAME = Study(votes=400, contenders=3, ties=0.1).draw(1).assign(simulated=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hub") / "dataset"
    write_dataset(rate_frame(FRAME), made, title='Spring: "blind" votes', licence="cc-by-4.0")
    return made


def test_the_votes_of_the_folder_give_the_same_board(folder: Path) -> None:
    again, ours = rate_frame(pd.read_parquet(folder / VOTES)).board, rate_frame(FRAME).board
    assert [(row.contender, row.rank) for row in again.rows] == [
        (row.contender, row.rank) for row in ours.rows
    ]
    assert [row.rating for row in again.rows] == pytest.approx([row.rating for row in ours.rows])
    assert pd.read_parquet(folder / BOARD)["contender"].tolist() == list(ours.contenders)


def test_raters_have_pseudonyms_that_keep_them_apart(folder: Path) -> None:
    raters = pd.read_parquet(folder / VOTES)["rater"]
    assert raters.iloc[0] == "rater-00001"
    assert not set(raters) & set(FRAME["rater"])
    pairs = set(zip(FRAME["rater"], raters, strict=True))
    assert len(pairs) == FRAME["rater"].nunique() == raters.nunique()


def test_the_card_is_one_that_the_hub_reads(folder: Path) -> None:
    _, head, text = (folder / CARD).read_text(encoding="utf-8").split("---\n", 2)
    card = yaml.safe_load(head)
    assert card["license"] == "cc-by-4.0"
    assert card["pretty_name"] == 'Spring: "blind" votes'
    assert card["size_categories"] == ["n<1K"]
    assert "simulated" in card["tags"]
    assert all((folder / config["data_files"]).is_file() for config in card["configs"])
    assert "400 of 400 votes are simulated: no people cast them." in text
    named = set(pd.read_parquet(folder / VOTES).columns)
    assert {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")} == named


def test_the_same_votes_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_dataset(rate_frame(FRAME), tmp_path / "again", title='Spring: "blind" votes', licence="cc-by-4.0")
    for name in (CARD, VOTES, BOARD):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_the_command_writes_votes_of_all_modes_and_the_joint_board(tmp_path: Path) -> None:
    votes, out = tmp_path / "votes.csv", tmp_path / "dataset"
    draw_modes(1, contenders=4).to_csv(votes, index=False)
    main(["dataset", str(votes), "--out", str(out), "--title", "Modes", "--license", "other"])
    assert pd.read_parquet(out / VOTES)["mode"].nunique() == 3
    assert np.isclose(pd.read_parquet(out / BOARD)["votes"].sum(), 2 * 1500)


@pytest.mark.parametrize(
    ("out", "licence", "message"),
    [
        ("taken", "cc-by-4.0", "--out must be a new or empty folder"),
        ("new", "Creative Commons", "--license must be an identifier of the Hub"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, licence: str, message: str
) -> None:
    FRAME.to_csv(tmp_path / "votes.csv", index=False)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("mine")
    options = ["--out", str(tmp_path / out), "--title", "x", "--license", licence]
    with pytest.raises(SystemExit) as stopped:
        main(["dataset", str(tmp_path / "votes.csv"), *options])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken", "votes.csv"]
