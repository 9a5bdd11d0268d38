from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from analysis.command import main
from analysis.report.build import build_report
from analysis.report.parts import Report, Table, points, words
from analysis.report.tables import FORMS, export_report, to_latex, to_records
from analysis.subject import rate_frame
from elo import Votes, fit
from tests.factories_frames import Study

FRAME = Study(votes=400, contenders=3, prompts=8, raters=10, ties=0.1).draw(1)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(rate_frame(FRAME), slices=[])


@pytest.mark.slow
def test_every_form_of_every_table_and_figure_is_written(tmp_path: Path, report: Report) -> None:
    names = export_report(report, tmp_path / "out", FORMS)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert {name.partition(".")[2] for name in names} == set(FORMS)
    assert all((tmp_path / "out" / name).stat().st_size > 20 for name in names)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_exported_ratings_are_those_of_the_fit(tmp_path: Path, form: str) -> None:
    FRAME.to_csv(tmp_path / "votes.csv", index=False)
    main(
        [
            "export",
            str(tmp_path / "votes.csv"),
            "--out",
            str(tmp_path / "out"),
            "--formats",
            form,
            "--slices",
            "",
        ]
    )
    path = tmp_path / "out" / f"leaderboard.{form}"
    board = getattr(pd, f"read_{form}")(path)
    rows = fit(Votes.from_frame(FRAME), clusters=["prompt", "rater"]).rows()
    assert board["contender"].tolist() == [row.contender for row in rows]
    assert board["lower"].tolist() == pytest.approx([row.lower for row in rows], abs=1e-9)


def test_latex_escapes_what_it_would_read() -> None:
    table = Table(
        "t", pd.DataFrame({"who": ["a_b & 50 %"], "gap": [-3.0]}), (words("who", "who"), points("gap", "gap"))
    )
    assert to_latex(table).splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"who & gap \\",
        r"\midrule",
        r"a\_b \& 50 \% & $-$3 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_json_has_null_where_a_number_is_not_finite() -> None:
    table = Table("t", pd.DataFrame({"gap": [float("nan"), float("inf"), 1.5]}), (points("gap", "gap"),))
    assert json.loads(to_records(table)) == [{"gap": None}, {"gap": None}, {"gap": 1.5}]


def test_an_unknown_form_and_a_folder_in_use_are_refused(tmp_path: Path, report: Report) -> None:
    with pytest.raises(ValueError, match="got docx"):
        export_report(report, tmp_path / "out", ["csv", "docx"])
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="new or empty folder"):
        export_report(report, tmp_path, ["csv"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_csv_is_read_back_as_it_was(tmp_path: Path, report: Report) -> None:
    export_report(report, tmp_path / "out", ["csv"])
    table = next(table for table in report.tables if table.name == "steps")
    read = pd.read_csv(StringIO((tmp_path / "out" / "steps.csv").read_text()))
    assert read["gap"].tolist() == pytest.approx(table.frame["gap"].tolist())
