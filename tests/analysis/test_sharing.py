from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.command import main
from tests.factories_frames import Study

FRAME = Study(votes=200).draw(1)


def test_the_command_writes_a_file_of_votes_for_another_tool(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    votes, out = tmp_path / "votes.csv", tmp_path / "battles.parquet"
    FRAME.to_csv(votes, index=False)
    main(["votes", str(votes), "--layout", "arena-rank", "--out", str(out), "--covariates", "duration"])
    found = pd.read_parquet(out)
    assert found.columns.tolist() == [
        "model_a",
        "model_b",
        "winner",
        "question_id",
        "judge",
        "track",
        "duration",
    ]
    assert len(found) == 200
    assert str(out) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layout", "chess", "--out", "x.csv"], "one of paddock, fastchat, arena-rank, evalica; got chess"),
        (["--layout", "evalica", "--out", "x.xml"], "one of .csv, .json, .jsonl, .parquet; got 'x.xml'"),
        (["--layout", "evalica", "--out", "x.csv", "--track", "i2v"], "--track must be one of t2v; got i2v"),
        (["--layout", "evalica", "--out", "x.csv", "--covariates", "loudness"], "lack loudness"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("votes.csv", index=False)
    with pytest.raises(SystemExit) as stopped:
        main(["votes", "votes.csv", *options])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["votes.csv"]
