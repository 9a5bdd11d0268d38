from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analysis.board import build_board
from analysis.command import main
from arena.runs.models import Rendition
from arena.standings.boards import current_standing
from arena.version import code_version
from arena.voting.exclusions import exclude_rater
from arena.voting.ledger import ledger_head
from arena.voting.models import Rater, Study
from arena.voting.openings import close_study
from arena.voting.rules import rules_hash
from elo import Votes, fit
from tests.factories import make_study
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _export(what: str, form: str, *options: str) -> str:
    out = StringIO()
    call_command("export", "study", f"--what={what}", f"--format={form}", *options, stdout=out)
    return out.getvalue()


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def _votes_of(rows: Sequence[dict[str, Any]]) -> Votes:
    """Read an export of votes as a researcher would, without the arena."""
    return Votes.from_columns(
        contender_a=[row["contender_a"] for row in rows],
        contender_b=[row["contender_b"] for row in rows],
        outcome=[row["outcome"] for row in rows],
        prompt=[(row["suite"], row["suite_version"], row["prompt"]) for row in rows],
        rater=[row["rater"] for row in rows],
    )


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_exported_votes_alone_give_the_same_ratings(rated_study: Study, form: str) -> None:
    robot = Rater.objects.create()
    cast_all_pairs(rated_study, robot, "b")
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="Votes in its sleep.")
    text = _export("votes", form)
    rows = _rows(text) if form == "csv" else json.loads(text)["votes"]
    recomputed = {row.contender: row for row in fit(_votes_of(rows), clusters=("prompt", "rater")).rows()}
    shown = current_standing(study=rated_study, track=TRACK).board
    assert shown is not None
    assert len(rows) == 36
    for row in shown.rows:
        again = recomputed[row.contender]
        expected = pytest.approx((row.rating, row.lower, row.upper), abs=1e-6)
        assert (again.rating, again.lower, again.upper) == expected
        assert (again.rank_low, again.rank_high, again.votes) == (row.rank_low, row.rank_high, row.votes)


def test_the_exported_board_is_that_of_the_votes(rated_study: Study) -> None:
    votes = json.loads(_export("votes", "json"))["votes"]
    board = build_board(_votes_of(votes))
    exported = _rows(_export("board", "csv"))
    assert [row["contender"] for row in exported] == list(board.contenders)
    assert [float(row["rating"]) for row in exported] == pytest.approx(
        [row.rating for row in board.rows], abs=1e-3
    )


@pytest.mark.parametrize("what", ["board", "votes"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_two_exports_are_byte_identical(rated_study: Study, what: str, form: str) -> None:
    assert _export(what, form) == _export(what, form)


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("what", ["board", "votes"])
def test_every_export_says_whether_votes_are_simulated(what: str, simulated: bool) -> None:
    study = make_study(simulated=simulated, prompts=3)
    for outcomes in ("aab", "aba"):
        cast_all_pairs(study, Rater.objects.create(simulated=simulated), outcomes)
    flags = {row["simulated"] for row in _rows(_export(what, "csv"))}
    assert flags == {str(simulated).lower()}
    document = json.loads(_export(what, "json"))
    assert (document if what == "board" else document["origin"])["simulated"] is simulated


@pytest.mark.parametrize("what", ["board", "votes"])
def test_a_json_export_says_what_its_numbers_follow_from(rated_study: Study, what: str) -> None:
    document = json.loads(_export(what, "json"))
    origin = document if what == "board" else document["origin"]
    assert origin["study"] == "study"
    assert origin["track"] == TRACK
    assert origin["ledger_head"] == ledger_head(rated_study)
    assert origin["rules_hash"] == rules_hash(rated_study)
    assert origin["code"] == code_version()


def test_a_csv_board_carries_its_ledger_head(rated_study: Study) -> None:
    assert {row["ledger_head"] for row in _rows(_export("board", "csv"))} == {ledger_head(rated_study)}


def test_the_measures_of_playback_are_columns() -> None:
    study = make_study(prompts=2)
    cast(study, playback={"drift_s": 0.02, "played_a": [[0.0, 1.0]]})
    cast(study, prompt=1)
    first, second = _rows(_export("votes", "csv"))
    assert (first["drift_s"], first["played_a"]) == ("0.02", "0-1")
    assert (second["drift_s"], second["played_a"]) == ("", "")
    assert "stalls" not in first


def test_a_csv_of_no_votes_is_a_header() -> None:
    make_study()
    header, *rows = _export("votes", "csv").splitlines()
    assert rows == []
    for column in ("study", "ballot", "rater", "simulated", "prompt_hash", "propensity", "outcome"):
        assert column in header.split(",")


def test_a_board_that_isnt_there_yet_says_what_it_needs() -> None:
    make_study()
    with pytest.raises(CommandError, match=r"has no board on t2v-audio yet\. There are no votes yet\."):
        _export("board", "csv")


def test_an_export_goes_to_a_file(rated_study: Study, tmp_path: Path) -> None:
    target = tmp_path / "board.csv"
    assert _export("board", "csv", f"--output={target}") == ""
    assert target.read_text() == _export("board", "csv")


def test_each_track_is_exported_by_itself() -> None:
    study = make_study(tracks=["t2v", TRACK])
    cast(study)
    with pytest.raises(
        CommandError, match=r"--track must be one of t2v, t2v-audio for study 'study'; got none\. Choose"
    ):
        _export("votes", "csv")
    assert len(_rows(_export("votes", "csv", f"--track={TRACK}"))) == 1
    assert _rows(_export("votes", "csv", "--track=t2v")) == []


def test_an_unknown_study_is_named_with_the_known() -> None:
    make_study("there")
    with pytest.raises(CommandError, match=r"Unknown study 'study'\. Known: there\."):
        _export("votes", "csv")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_hashes_of_what_raters_see_are_exported_once_the_study_is_closed(
    rated_study: Study, form: str
) -> None:
    """While it is open, they would name the clip behind each file that a rater receives."""
    hashes = Rendition.objects.values_list("sha256", flat=True)
    text = _export("votes", form)
    assert [digest for digest in hashes if digest in text] == []
    assert "rendition_a" not in text
    close_study(study=rated_study)
    told = _export("votes", form)
    assert any(digest in told for digest in hashes)
    assert "rendition_a" in told


def _measure_all() -> dict[str, Rendition]:
    for number, rendition in enumerate(Rendition.objects.order_by("pk")):
        rendition.motion, rendition.duration_s = float(number * 7 % 11), 1.0 + number * 5 % 4
        rendition.save()
    return {each.sha256: each for each in Rendition.objects.all()}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_votes_have_columns_for_slices_and_features_of_clips(rated_study: Study, form: str) -> None:
    rated_study.suites.get().prompts.filter(position=0).update(tags=["rain", "night"], language="de")
    shown = _measure_all()
    close_study(study=rated_study)
    text = _export("votes", form)
    rows = _rows(text) if form == "csv" else json.loads(text)["votes"]
    assert {(row["prompt"], row["language"], row["tags"], row["aspect_ratio"]) for row in rows} == {
        ("p0", "de", "rain|night", "1:1"),
        ("p1", "en", "", "1:1"),
        ("p2", "en", "", "1:1"),
    }
    for row in rows:
        a, b = shown[row["rendition_a"]], shown[row["rendition_b"]]
        assert float(row["motion"]) == (a.motion or 0) - (b.motion or 0)
        assert float(row["duration"]) == a.duration_s - b.duration_s
    assert ("loudness" in rows[0]) == (form == "json")  # a column of nothing is left out


def test_features_of_clips_that_are_still_shown_need_an_option(rated_study: Study) -> None:
    _measure_all()
    assert {"motion", "rendition_a"}.isdisjoint(_rows(_export("votes", "csv"))[0])
    assert {"motion", "rendition_a"} <= _rows(_export("votes", "csv", "--clip-facts"))[0].keys()
    with pytest.raises(CommandError, match="--clip-facts must come with --what votes; got board"):
        _export("board", "csv", "--clip-facts")


@pytest.mark.slow
def test_a_report_on_exported_votes_has_slices_and_controlled_ratings(
    rated_study: Study, tmp_path: Path
) -> None:
    rated_study.suites.get().prompts.filter(position__lt=2).update(tags=["rain"])
    _measure_all()
    votes, report = tmp_path / "votes.json", tmp_path / "report.md"
    votes.write_text(_export("votes", "json", "--clip-facts"), encoding="utf-8")
    main(["report", str(votes), "--out", str(report)])
    text = report.read_text(encoding="utf-8")
    assert "Covariates held equal" in text
    assert "With duration and motion held equal" in text
