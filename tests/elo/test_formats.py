from __future__ import annotations

import csv
import io
import json
import math

import pytest

from elo import Ratings, fit
from elo.formats import FORMATS, remarks
from tests.factories_elo import Cell, votes_of

VOTES = (
    Cell("a&b", "y", "a", 30),
    Cell("a&b", "y", "b", 20),
    Cell("y", "z_1", "a", 25),
    Cell("y", "z_1", "b", 25),
    Cell("a&b", "z_1", "tie", 6),
)
HELD = fit(votes_of(*VOTES))
WITH_NEWCOMER = fit(votes_of(*VOTES, Cell("new", "y", "a", 3)))
UNBOUNDED = fit(votes_of(*VOTES, Cell("p", "q", "a", 2)))


def test_a_table_has_a_line_for_each_contender_in_line() -> None:
    head, *lines = FORMATS["table"](HELD).split("\n\n")[0].splitlines()
    assert head.split() == [
        *("rank", "contender", "rating", "lower", "upper", "ranks", "tier"),
        *("votes", "wins", "losses", "ties"),
    ]
    assert [line.split()[1] for line in lines] == [row.contender for row in HELD.rows()]
    assert {line.rstrip().rindex(line.split()[-1]) + len(line.split()[-1]) for line in lines} == {len(head)}


def test_both_bad_is_a_column_only_where_there_is_one() -> None:
    bad = fit(votes_of(*VOTES, Cell("y", "z_1", "both_bad", 2)))
    assert "both bad" in FORMATS["table"](bad)
    assert "both bad" not in FORMATS["table"](HELD)


@pytest.mark.parametrize("kind", list(FORMATS))
def test_every_format_names_every_contender(kind: str) -> None:
    text = FORMATS[kind](WITH_NEWCOMER).replace("\\", "")
    assert all(name in text for name in ("a&b", "y", "z_1", "new"))


def test_the_notes_say_model_estimand_and_intervals() -> None:
    notes = FORMATS["table"](HELD).split("\n\n")[1].splitlines()
    assert notes[0] == "Model: bradley-terry, ties: half; 106 votes."
    assert notes[1].startswith("Estimated: Bradley-Terry strengths")
    assert notes[2].startswith("Intervals: 95 %, sandwich for independent votes")


def test_other_estimates_have_limits_in_log_odds() -> None:
    note = next(
        line
        for line in FORMATS["table"](fit(votes_of(*VOTES), ties="davidson")).splitlines()
        if "log_nu" in line
    )
    assert note.startswith("Other estimates: log_nu ")
    assert note.endswith("] (log-odds).")


def test_csv_has_the_columns_of_the_table_and_bounds_for_the_unrated() -> None:
    rows = {row["contender"]: row for row in csv.DictReader(io.StringIO(FORMATS["csv"](WITH_NEWCOMER)))}
    best = WITH_NEWCOMER.rows()[0]
    assert float(rows[best.contender]["rating"]) == best.rating
    assert (rows["new"]["rating"], rows["new"]["rank"], rows["new"]["upper"]) == ("", "", "")
    assert float(rows["new"]["lower"]) == WITH_NEWCOMER.unrated[0].lower
    assert rows["new"]["wins"] == "3"


def test_json_has_null_for_what_is_not_finite() -> None:
    document = json.loads(FORMATS["json"](WITH_NEWCOMER))
    (new,) = document["unrated"]
    assert new["upper"] is None
    assert new["lower"] == WITH_NEWCOMER.unrated[0].lower
    assert document["floor"] is None
    assert [row["contender"] for row in document["ratings"]] == [
        row.contender for row in WITH_NEWCOMER.rows()
    ]


def test_json_without_intervals_has_null_limits() -> None:
    rows = json.loads(FORMATS["json"](fit(votes_of(*VOTES), intervals="none")))["ratings"]
    assert {row["lower"] for row in rows} == {None}
    assert all(math.isfinite(row["rating"]) for row in rows)


@pytest.mark.parametrize(("name", "written"), [("a&b", r"a\&b"), ("z_1", r"z\_1")])
def test_latex_escapes_names(name: str, written: str) -> None:
    text = FORMATS["latex"](HELD)
    assert f"{written} & $" in text
    assert f"\n{name} &" not in text


def test_latex_is_a_tabular_with_rules() -> None:
    lines = FORMATS["latex"](HELD).splitlines()
    assert lines[0].startswith("% Model: bradley-terry")
    assert lines[1:3] == [r"\begin{tabular}{lrcrr}", r"\toprule"]
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]
    assert all(line.endswith(r" \\") for line in lines if line.count("&") == 4)


@pytest.mark.parametrize(
    ("ratings", "said"),
    [
        (WITH_NEWCOMER, "new has no finite rating yet: it won all its 3 votes. Its rating is above "),
        (UNBOUNDED, "no votes connect it to the rated contenders. The votes set no bound."),
    ],
)
def test_contenders_without_a_rating_are_remarked_on(ratings: Ratings, said: str) -> None:
    assert any(said in remark for remark in remarks(ratings))


def test_nothing_is_remarked_on_where_all_are_rated() -> None:
    assert remarks(HELD) == []
