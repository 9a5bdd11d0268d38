from __future__ import annotations

import csv
import inspect
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pytest

from elo import RatingRow, Votes, fit
from elo.command import main
from elo.formats import FORMATS
from tests.factories_elo import World

LAYOUTS = sorted((Path(__file__).parent / "votes" / "data").iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    votes = World(contenders=4, votes=400).draw(seed=1)
    names = np.array(votes.contenders)
    frame = pd.DataFrame(
        {
            "contender_a": names[votes.contender_a],
            "contender_b": names[votes.contender_b],
            "outcome": np.array(["a", "b"])[votes.outcome],
            "prompt": votes.prompt,
            "rater": votes.rater,
        }
    )
    path = tmp_path / "votes.csv"
    frame.to_csv(path, index=False)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    main([str(argument) for argument in arguments])
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    with pytest.raises(SystemExit) as exit_:
        run(capsys, *arguments)
    assert exit_.value.code == 2
    return capsys.readouterr().err


def test_csv_holds_the_table_of_the_same_fit(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, path, "--clusters", "prompt,rater", "--anchor", "m01=1200", "--format", "csv")
    rows = list(csv.reader(io.StringIO(text)))
    ratings = fit(Votes.read(path), clusters=("prompt", "rater"), anchor=("m01", 1200))
    assert rows == [list(RatingRow._fields), *([str(value) for value in row] for row in ratings.rows())]


def test_the_table_is_in_line_and_says_what_was_estimated(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, notes = run(capsys, path, "--level", "0.9").split("\n\n")
    head, *lines = table.splitlines()
    assert head.split()[:5] == ["rank", "contender", "rating", "lower", "upper"]
    assert len(lines) == 4
    assert len({len(line) for line in [head, *lines]}) == 1
    assert "half a win to each side" in notes
    assert "Intervals: 90 %" in notes


def test_json_holds_method_and_diagnostics(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, path, "--clusters", "rater", "--format", "json"))
    assert len(document["ratings"]) == 4
    assert document["method"]["clusters"] == ["rater"]
    assert document["diagnostics"]["votes"] == 400


def test_columns_that_no_option_needs_are_not_read(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diagnostics = json.loads(run(capsys, path, "--clusters", "rater", "--format", "json"))["diagnostics"]
    assert diagnostics["raters"] is not None
    assert diagnostics["prompts"] is None


def test_latex_is_a_tabular_with_names_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("left,right,winner\na_1,b & c,left\nb & c,a_1,left\n")
    text = run(capsys, path, "--format", "latex")
    assert r"a\_1 & $1000.0$ & [$" in text
    assert r"b \& c" in text
    assert text.count(r"\\") == 3
    assert text.endswith("\\bottomrule\n\\end{tabular}\n")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.name)
def test_files_of_other_tools_are_rated(
    layout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "claude" in run(capsys, layout)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--clusters", "judge"], "Cannot cluster by 'judge'"),
        (["--anchor", "nobody=1000"], "Unknown contender 'nobody'. Known: m00, m01, m02, m03."),
        (["--ties", "split"], "Unknown ties='split'. Known: "),
        (["--level", "95"], "level must be a probability above 0 and below 1; got 95.0"),
    ],
)
def test_options_that_allow_no_ratings_are_refused_in_one_line(
    options: list[str], message: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, path, *options)
    assert error.startswith(f"elo: {message}")
    assert error.count("\n") == 1


def test_votes_that_allow_no_ratings_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("left,right,winner\nx,y,left\n")
    assert refused(capsys, path).startswith("elo: No finite ratings exist: ")


def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.csv" in refused(capsys, "nowhere.csv")


def test_an_anchor_without_a_rating_is_refused(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'m01' is not NAME=RATING, such as x=1000" in refused(capsys, path, "--anchor", "m01")


@pytest.mark.parametrize("name", ["side", "order"])
def test_votes_without_a_circumstance_count_but_not_for_its_effect(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "votes.csv"
    known = "x,y,a,a\nx,y,a,b\nx,y,b,b\nx,y,b,a\n" * 3 + "x,y,a,a\n"
    path.write_text(f"contender_a,contender_b,outcome,{name}\n" + known + "x,y,a,\nx,y,b,\n" * 2)
    options = (path, "--effects", name, "--format", "json")
    main([str(option) for option in options])
    out, err = capsys.readouterr()
    effect = json.loads(out)["parameters"][name]
    assert json.loads(out)["diagnostics"]["votes"] == 17
    assert f"4 votes without {name}: it has no effect on them." in err
    # The blank votes are even, so only a sign made up for them would move the effect.
    path.write_text(f"contender_a,contender_b,outcome,{name}\n" + known)
    assert json.loads(run(capsys, *options))["parameters"][name] == pytest.approx(effect, abs=0.02)
    path.write_text(f"contender_a,contender_b,outcome,{name}\nx,y,a,\nx,y,b,\n")
    assert f"{name}" in refused(capsys, *options)


def test_each_keyword_of_fit_is_an_option_with_its_words_and_its_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    types = get_type_hints(fit)
    keywords = [each for each in inspect.signature(fit).parameters.values() if each.kind is each.KEYWORD_ONLY]
    assert len(keywords) > 15
    for keyword in keywords:
        assert f"--{keyword.name.replace('_', '-')} " in shown
        if get_origin(types[keyword.name]) is Literal:
            assert f"{', '.join(get_args(types[keyword.name]))} ({keyword.default})" in shown


def test_a_process_starts_without_pandas(path: Path) -> None:
    code = "import sys; from elo.command import main; main(sys.argv[1:]); sys.exit('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "m03" in done.stdout


def test_the_module_runs_and_explains_itself() -> None:
    done = subprocess.run([sys.executable, "-m", "elo", "--help"], capture_output=True, text=True, check=True)
    assert "contender_a, contender_b" in done.stdout
    assert "--clusters" in done.stdout


FLOORED = "left,right,winner\n" + "x,y,left\nx,y,right\n" * 6 + "x,y,both_bad\nx,y,tie\n" * 3


@pytest.fixture
def floored(tmp_path: Path) -> Path:
    path = tmp_path / "floored.csv"
    path.write_text(FLOORED)
    return path


UNBEATEN = "left,right,winner\n" + "x,y,left\nx,y,right\n" * 6 + "new,x,left\n" * 4


@pytest.mark.parametrize("form", FORMATS)
def test_who_has_no_finite_rating_is_named_in_each_format_and_on_standard_error(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(UNBEATEN)
    main([str(path), "--format", form])
    out, err = capsys.readouterr()
    assert "new" in out
    assert err.startswith("elo: new has no finite rating yet: it won all its 4 votes. Its rating is above 1")
    [each] = fit(Votes.read(path)).unrated
    assert (str(each.lower) if form in ("csv", "json") else f"{each.lower:.1f}") in out
    if form == "csv":
        assert out.splitlines()[-1] == f"new,,{each.lower},,,,,,,4,4,0,0,0"


def test_the_variance_floor_is_passed_on(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--clusters", "rater", "--correction", "CR1", "--format", "json")
    assert json.loads(run(capsys, path, *options))["method"]["variance_floor"] == "off"
    floored = json.loads(run(capsys, path, *options, "--variance-floor", "on"))["method"]
    assert floored["variance_floor"] == "on"
    assert "floored at" in floored["covariance"]
    assert "Known: auto, on, off." in refused(capsys, path, "--variance-floor", "yes")


def test_both_bad_has_a_column_of_its_own_where_there_are_any(
    path: Path, floored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(capsys, floored).splitlines()
    assert lines[0].endswith("votes  wins  losses  ties  both bad")
    assert lines[1].split()[-5:] == ["18", "6", "6", "3", "3"]
    assert "both bad" not in run(capsys, path)


def test_the_floor_and_other_estimates_are_shown_with_limits(
    floored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--both-bad", "floor", "--ties", "davidson", "--anchor", "x=1200")
    ratings = fit(Votes.read(floored), both_bad="floor", ties="davidson", anchor=("x", 1200))
    assert ratings.floor is not None
    estimate, lower, upper = ratings.floor
    notes = run(capsys, floored, *options)
    assert f"Floor: {estimate:.1f} [{lower:.1f}, {upper:.1f}]" in notes
    assert f"log_nu {ratings.parameters['log_nu']:+.4f} [{ratings.parameter('log_nu').lower:+.4f}, " in notes
    document = json.loads(run(capsys, floored, *options, "--format", "json"))
    assert document["floor"] == pytest.approx(ratings.floor._asdict())
    assert document["parameter_intervals"]["log_nu"] == pytest.approx(ratings.parameter("log_nu")._asdict())
    assert json.loads(run(capsys, floored, "--format", "json"))["floor"] is None


def test_the_precision_of_ties_and_the_kind_of_bootstrap_are_passed_on(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--intervals", "bootstrap", "--bootstrap", "bayesian", "--rounds", "20", "--format", "json")
    assert json.loads(run(capsys, path, *options))["method"]["bootstrap"] == "bayesian"
    ties = tmp_path / "ties.csv"
    ties.write_text("left,right,winner,prompt\n" + "x,y,left,1\nx,y,right,2\nx,y,tie,1\nx,y,tie,2\n" * 3)
    options = ("--ties", "davidson", "--tie-effects", "prompt", "--tie-precision", "4", "--format", "json")
    assert json.loads(run(capsys, ties, *options))["method"]["tie_precision"] == 4
