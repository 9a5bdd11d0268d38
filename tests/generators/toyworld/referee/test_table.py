from __future__ import annotations

import json
import math
from pathlib import Path

from generators.toyworld.referee.scores import Score, wilson
from generators.toyworld.referee.table import render_table, write_csv, write_json


def test_a_table_has_a_row_for_each_score() -> None:
    table = render_table(
        {"a": {"colour": wilson(1.0, 10)}, "b": {"pitch": Score(2.0, math.nan, math.nan, 3)}}
    )
    lines = table.splitlines()
    assert lines[0].split() == ["a", "b"]
    assert lines[1].startswith("colour  1.00 [0.72, 1.00]")
    assert lines[2].split() == ["pitch", "–", "2"]


def test_measures_are_printed_by_their_plain_names() -> None:
    table = render_table({"a": {"count": wilson(1.0, 10), "coherent": wilson(0.5, 10)}})
    assert [line.split("  ")[0] for line in table.splitlines()[1:]] == ["object count", "coherent frames"]


def test_json_has_null_where_no_interval_is_known(tmp_path: Path) -> None:
    write_json(tmp_path / "s.json", {"a": {"mean offset ms": Score(2.0, math.nan, math.nan, 3)}})
    found = json.loads((tmp_path / "s.json").read_text())
    assert found == {"a": {"mean offset ms": {"value": 2.0, "low": None, "high": None, "count": 3}}}


def test_csv_has_a_row_for_each_contender_and_measure(tmp_path: Path) -> None:
    offset = Score(2.0, math.nan, math.nan, 3)
    write_csv(tmp_path / "s.csv", {"a, b": {"colour": Score(1.0, 0.5, 1.0, 4)}, "c": {"offset": offset}})
    assert (tmp_path / "s.csv").read_text().splitlines() == [
        "contender,measure,value,low,high,count",
        '"a, b",colour,1.0,0.5,1.0,4',
        "c,offset,2.0,,,3",
    ]
