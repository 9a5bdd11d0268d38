from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
import time_machine
from django.core.management import CommandError, call_command

from analysis.export import to_csv
from arena.runs.models import Clip, Rendition
from arena.signing import public_key
from arena.standings.boards import current_standing
from arena.standings.models import Snapshot
from arena.standings.snapshots.making import OtherBoard, StillShown, make_snapshot
from arena.standings.snapshots.package import Folder
from arena.standings.snapshots.verifying import verify_snapshot
from arena.voting.exclusions import exclude_rater, exclude_vote, undo_rule
from arena.voting.ledger import ledger_head
from arena.voting.models import LedgerEntry, Rater, Study, Vote
from arena.voting.openings import close_study
from tests.factories import make_study
from tests.factories_voting import cast_all_pairs, unprotect

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _files(folder: Path) -> dict[str, bytes]:
    package = Folder(folder)
    return {name: package.read(name) for name in package.sizes}


def test_a_snapshot_holds_the_study_and_its_tables(rated_study: Study, tmp_path: Path) -> None:
    robot = Rater.objects.create()
    cast_all_pairs(rated_study, robot, "b")
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="Votes in its sleep.")
    out = tmp_path / "frozen"
    call_command("make_snapshot", "study", f"--out={out}", stdout=StringIO())
    files = _files(out)
    board = current_standing(study=rated_study, track=TRACK).board
    assert board is not None
    assert files[f"tables/{TRACK}/leaderboard.csv"].decode() == to_csv(board)
    assert len(pd.read_parquet(out / "votes.parquet")) == 36
    assert set(pd.read_parquet(out / "excluded.parquet")["excluded_by"]) == {"robot"}
    assert files[f"figures/{TRACK}/forest.svg"].startswith(b"<?xml")
    manifest = json.loads(files["manifest.json"])
    assert manifest["ledger"]["head"] == ledger_head(rated_study)
    assert (manifest["votes"], manifest["excluded"]) == (36, 9)
    assert manifest["files"].keys() | {"manifest.json", "manifest.sig"} == files.keys()
    assert verify_snapshot(out, public_key()).tables == 2


def test_a_snapshot_replays_an_exclusion_that_was_undone(rated_study: Study, tmp_path: Path) -> None:
    robot = Rater.objects.create()
    cast_all_pairs(rated_study, robot, "b")
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="Votes in its sleep.")
    kept = exclude_vote(vote=Vote.objects.counting()[0], rule="withdrawn", reason="Asked to.")
    undo_rule(study=rated_study, rule="robot", reason="It was a night shift.")
    out = tmp_path / "frozen"
    call_command("make_snapshot", "study", f"--out={out}", stdout=StringIO())
    assert verify_snapshot(out, public_key()).tables == 2
    votes, excluded = pd.read_parquet(out / "votes.parquet"), pd.read_parquet(out / "excluded.parquet")
    assert (len(votes), list(excluded["excluded_by"])) == (44, [kept.rule])
    assert votes["vote"].is_monotonic_increasing
    board = current_standing(study=rated_study, track=TRACK).board
    assert board is not None
    assert (out / f"tables/{TRACK}/leaderboard.csv").read_text() == to_csv(board)


def test_a_snapshot_is_kept_as_a_row(rated_study: Study) -> None:
    made = make_snapshot(rated_study, as_zip=True)
    row = Snapshot.objects.get()
    assert row == made
    assert row.ledger_head == ledger_head(rated_study)
    assert row.ledger_entries == rated_study.ledger.count()
    assert [line["contender"] for line in row.boards[TRACK]["rows"]] == list(
        current_standing(study=rated_study, track=TRACK).board.contenders  # type: ignore[union-attr]
    )
    assert verify_snapshot(Path(row.path)).manifest == json.loads(row.manifest)


def test_the_same_votes_give_the_same_bytes_but_for_the_date(rated_study: Study, tmp_path: Path) -> None:
    for name, day in (("one", 1), ("two", 2)):
        with time_machine.travel(datetime(2026, 5, day, tzinfo=UTC), tick=False):
            make_snapshot(rated_study, tmp_path / name)
    one, two = _files(tmp_path / "one"), _files(tmp_path / "two")
    assert {name for name in one if one[name] != two[name]} == {"manifest.json", "manifest.sig"}
    first, second = (json.loads(files["manifest.json"]) for files in (one, two))
    assert first | {"created_at": ""} == second | {"created_at": ""}
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False):
        call_command("make_snapshot", "study", f"--out={tmp_path / 'three.zip'}", "--zip", stdout=StringIO())
        with zipfile.ZipFile(tmp_path / "three.zip") as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == one


def test_an_open_studys_snapshot_unblinds_nobody(rated_study: Study, tmp_path: Path) -> None:
    withheld = rated_study.contenders.earliest("pk")
    withheld.codename, withheld.maker = "Grey Heron", "Heron Works"
    withheld.settings = {"manifest": "/srv/secret-heron/manifest.yaml"}
    withheld.save()
    Clip.objects.update(provenance={"request": {"reference_image": "/srv/drafts/image.png"}, "seed": 3})
    make_snapshot(rated_study, tmp_path / "open")
    everything = b"".join(_files(tmp_path / "open").values()).decode("utf-8", "replace")
    everything += pd.read_parquet(tmp_path / "open" / "votes.parquet").to_string()
    hidden = [withheld.slug, withheld.name, "Heron Works", "secret-heron", "/srv"]
    hidden += Rendition.objects.values_list("sha256", flat=True)
    hidden += Clip.objects.filter(job__contender=withheld).values_list("sha256", flat=True)
    hidden += [str(rater) for rater in Rater.objects.values_list("pk", flat=True)]
    hidden += [str(ballot) for ballot in rated_study.ballots.values_list("pk", flat=True)]
    assert [text for text in hidden if text in everything] == []
    assert "Grey Heron" in everything
    assert '"image.png"' in everything
    assert withheld.public_slug in everything


def test_a_closed_studys_snapshot_names_what_was_shown(rated_study: Study, tmp_path: Path) -> None:
    close_study(study=rated_study)
    withheld = rated_study.contenders.earliest("pk")
    withheld.codename = "Grey Heron"
    withheld.save()
    make_snapshot(rated_study, tmp_path / "closed")
    clips = json.loads((tmp_path / "closed" / "clips.json").read_text())
    shown = {clip["contender"] for clip in clips if "rendition" in clip}
    assert shown == {one.slug for one in rated_study.contenders.exclude(pk=withheld.pk)}


def test_clips_that_another_open_study_shows_stay_blind(rated_study: Study, tmp_path: Path) -> None:
    close_study(study=rated_study)
    other = Study.objects.create(slug="other", title="Other", question="?", tracks=[TRACK])
    other.suites.set(rated_study.suites.all())
    other.contenders.set(rated_study.contenders.all())
    make_snapshot(rated_study, tmp_path / "closed")
    assert b"rendition" not in (tmp_path / "closed" / "clips.json").read_bytes()


def test_a_study_without_votes_is_refused(tmp_path: Path) -> None:
    make_study()
    with pytest.raises(CommandError, match=r"Study 'study' has no votes to freeze yet"):
        call_command("make_snapshot", "study", f"--out={tmp_path / 'none'}")
    assert not (tmp_path / "none").exists()


def test_nothing_is_overwritten_or_half_written(
    rated_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(CommandError, match=r"--out must be a path that does not exist yet; got .*taken"):
        call_command("make_snapshot", "study", f"--out={tmp_path / 'taken'}")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(Snapshot.objects, "get_or_create", lambda **_: 1 / 0)
    for options in ((f"--out={tmp_path / 'new'}",), (f"--out={tmp_path / 'new.zip'}", "--zip")):
        with pytest.raises(ZeroDivisionError):
            call_command("make_snapshot", "study", *options)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_board_that_the_ledger_does_not_give_is_not_signed(rated_study: Study, tmp_path: Path) -> None:
    unprotect("voting_ledgerentry")
    for entry in LedgerEntry.objects.filter(payload__contains='"outcome":"a"'):
        turned = entry.payload.replace('"outcome":"a"', '"outcome":"b"')
        LedgerEntry.objects.filter(pk=entry.pk).update(payload=turned)
    with pytest.raises(OtherBoard, match=r"The board on t2v-audio has .* don't give that"):
        make_snapshot(rated_study, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_studys_own_fit_is_replayed_with_the_public_name_of_its_anchor(
    rated_study: Study, tmp_path: Path
) -> None:
    anchor = rated_study.contenders.earliest("pk")
    anchor.codename = "Grey Heron"
    anchor.save()
    fit = {"ties": "davidson", "anchor": anchor.slug, "anchor_rating": 500.0, "side": True}
    Study.objects.filter(pk=rated_study.pk).update(fit=fit)
    rated_study.refresh_from_db()
    cast_all_pairs(rated_study, Rater.objects.create(), "abt")
    make_snapshot(rated_study, tmp_path / "own")
    recorded = json.loads((tmp_path / "own" / "fit.json").read_text())["tracks"][TRACK]
    assert (recorded["ties"], recorded["effects"]) == ("davidson", ["side"])
    assert recorded["anchor"] == [anchor.public_slug, 500.0]
    assert anchor.slug.encode() not in b"".join(_files(tmp_path / "own").values())
    assert verify_snapshot(tmp_path / "own").tables == 2


def _control_for_duration(study: Study) -> None:
    for number, shown in enumerate(Rendition.objects.order_by("pk")):
        shown.duration_s, shown.motion = 1 + number * 5 % 4, float(number)
        shown.save()
    Study.objects.filter(pk=study.pk).update(fit={"covariates": ["duration"]})
    study.refresh_from_db()


def test_a_fit_with_features_of_clips_is_replayed_once_they_are_no_longer_shown(
    rated_study: Study, tmp_path: Path
) -> None:
    _control_for_duration(rated_study)
    with pytest.raises(CommandError, match=r"while people can be shown them; it needs duration\. Close"):
        call_command("make_snapshot", "study", f"--out={tmp_path / 'open'}")
    assert not (tmp_path / "open").exists()
    close_study(study=rated_study)
    make_snapshot(rated_study, tmp_path / "closed")
    assert json.loads((tmp_path / "closed" / "fit.json").read_text())["tracks"][TRACK]["covariates"] == [
        "duration"
    ]
    board = current_standing(study=rated_study, track=TRACK).board
    assert board is not None
    assert _files(tmp_path / "closed")[f"tables/{TRACK}/leaderboard.csv"].decode() == to_csv(board)
    assert verify_snapshot(tmp_path / "closed").tables == 2
    votes = pd.read_parquet(tmp_path / "closed" / "votes.parquet")
    assert votes["motion"].notna().all()
    assert set(votes["aspect_ratio"]) == {"1:1"}


def test_features_of_clips_that_are_shown_or_withheld_are_told_to_the_organiser_alone(
    rated_study: Study, tmp_path: Path
) -> None:
    _control_for_duration(rated_study)
    out = f"--out={tmp_path / 'own'}"
    call_command("make_snapshot", "study", "--clip-facts", out, stdout=StringIO())
    assert verify_snapshot(tmp_path / "own").tables == 2
    close_study(study=rated_study)
    rated_study.contenders.filter(pk=rated_study.contenders.earliest("pk").pk).update(codename="Heron")
    with pytest.raises(StillShown, match="while a contender is withheld; it needs duration"):
        make_snapshot(rated_study, tmp_path / "withheld")
    Study.objects.update(fit={})
    rated_study.refresh_from_db()
    make_snapshot(rated_study, tmp_path / "withheld")
    votes = pd.read_parquet(tmp_path / "withheld" / "votes.parquet")
    hidden = votes["contender_a"].str.startswith("heron") | votes["contender_b"].str.startswith("heron")
    assert votes["motion"].isna().equals(hidden)
