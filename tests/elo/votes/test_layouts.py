"""Files of other tools as they are, and files that are not votes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from elo.votes.columns import find_layout
from elo.votes.table import Votes

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", ["fastchat.json", "fastchat.jsonl", "arena-rank.csv", "evalica.csv"])
def test_files_of_other_tools_are_read_as_they_are(name: str) -> None:
    votes = Votes.read(DATA / name)
    assert votes.contenders == ("claude", "gpt", "llama")
    assert votes.contender_a.tolist() == [1, 0, 2, 1]
    assert votes.contender_b.tolist() == [0, 2, 1, 0]
    assert votes.outcome.tolist()[:3] == [0, 1, 2]


def test_both_bad_is_kept_where_the_tool_has_it() -> None:
    ends = {path.name: Votes.read(path).outcome.tolist()[3] for path in DATA.iterdir()}
    assert ends == {"fastchat.json": 3, "fastchat.jsonl": 3, "arena-rank.csv": 3, "evalica.csv": 2}


def test_the_judge_of_fastchat_is_the_rater() -> None:
    assert Votes.read(DATA / "fastchat.json").rater_labels == ("arena_user_1", "arena_user_2")


def test_only_the_columns_asked_for_are_read() -> None:
    assert Votes.read(DATA / "fastchat.json", optional=()).rater is None


def test_covariates_are_read_by_name() -> None:
    frame = pd.DataFrame({"contender_a": ["x"], "contender_b": ["y"], "outcome": ["a"], "length": [2]})
    votes = Votes.from_frame(frame, covariates=["length"])
    assert {name: values.tolist() for name, values in votes.covariates.items()} == {"length": [2.0]}


def test_a_missing_covariate_is_refused() -> None:
    with pytest.raises(ValueError, match="lack length"):
        find_layout(["contender_a", "contender_b", "outcome"], covariates=["length"])


def test_a_misspelt_column_is_guessed() -> None:
    with pytest.raises(ValueError, match=r"lack outcome\..*Is 'outcom' meant as outcome\?"):
        find_layout(["contender_a", "contender_b", "outcom"])


@pytest.mark.parametrize(
    "names", [["model_a", "left", "model_b", "winner"], ["contender_a", "contender_b", "outcome", "winner"]]
)
def test_two_columns_for_one_thing_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"have both \w+ and \w+\. Keep one of each"):
        find_layout(names)


def test_a_winner_may_only_be_named_by_its_own_column() -> None:
    frame = pd.DataFrame({"model_a": ["x"], "model_b": ["y"], "winner": ["left"]})
    with pytest.raises(ValueError, match=r"Unknown outcome 'left' in row 0\. Known: a, b, tie, both_bad"):
        Votes.from_frame(frame)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("contender_a,contender_b,outcome\n", "no votes"),
        (
            "left,right,winner\nx,y,draw\n",
            r"Unknown outcome 'draw' in row 0\. Known: .*left, right",
        ),
        ("left,right,winner\nx,y\n", "is no table of votes"),
        ("left,right,winner,weight\nx,y,left,many\n", "Column weight holds 'many' in row 0"),
        ("left,right,winner,weight\nx,y,left,\n", "Weight nan in row 0"),
        ("left,right,winner,propensity\nx,y,left,0\n", "Propensity 0 in row 0"),
        ("[1, 2]", "one JSON object for each vote"),
        ('{"left": "x"', "is no JSON"),
        ('[{"left": "x", "right": "y", "winner": "left", "weight": "many"}]', "Column weight .* no number"),
        (
            '[{"left": "x", "right": "y", "winner": ["left"]}]',
            "outcome must be a name; got .'left'. in row 0",
        ),
    ],
)
def test_a_file_that_is_no_table_of_votes_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "votes"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        Votes.read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Votes.read(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ("contender_a", "contender_b", "winner"),
        ("model_a", "model_b", "outcome"),
        ("left", "right", "outcome"),
    ],
)
def test_names_of_columns_and_words_of_outcomes_may_be_mixed(a: str, b: str, outcome: str) -> None:
    words = ["model_a", "b", "tie", "tie (bothbad)", "a", "model_b", "both_bad", a, b]
    votes = Votes.from_frame(pd.DataFrame({a: "x", b: "y", outcome: words}))
    assert votes.outcome.tolist() == [0, 1, 2, 3, 0, 1, 3, 0, 1]


def test_the_words_of_other_columns_are_refused() -> None:
    frame = pd.DataFrame({"contender_a": ["x"], "contender_b": ["y"], "outcome": ["left"]})
    with pytest.raises(ValueError, match="Unknown outcome 'left' in row 0"):
        Votes.from_frame(frame)


def test_one_covariate_is_given_as_several() -> None:
    frame = pd.DataFrame({"contender_a": ["x"], "contender_b": ["y"], "outcome": ["a"], "length": [2]})
    with pytest.raises(ValueError, match=r"give \('length',\)"):
        Votes.from_frame(frame, covariates="length")


def test_votes_are_found_beside_what_an_export_says_of_them(tmp_path: Path) -> None:
    votes = [{"contender_a": "x", "contender_b": "y", "outcome": outcome, "rater": 1} for outcome in "ab"]
    export = tmp_path / "export.json"
    export.write_text(json.dumps({"origin": {"study": "demo"}, "votes": votes}, indent=2))

    assert Votes.read(export).outcome.tolist() == [0, 1]
