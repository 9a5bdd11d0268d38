from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.hashing import prompt_hash
from arena.runs.models import Clip, Job
from generators.base import file_sha256
from tests.factories import CAPTION, make_contender, make_job, make_run, make_suite
from tests.factories_manifests import export_manifest, make_finished_run, make_two

pytestmark = pytest.mark.django_db


def test_a_manifest_says_how_each_clip_was_made(tmp_path: Path) -> None:
    run = make_finished_run(contenders=make_two())
    head, *jobs = export_manifest(run, tmp_path / "run.jsonl")
    assert (head["paddock_manifest"], head["jobs"], head["run"]) == (1, 2, run.pk)
    assert (head["suite"], head["suite_version"], head["suite_hash"]) == ("suite", 1, run.suite.content_hash)
    assert head["settings"] == run.settings
    stutter = head["contenders"]["stutter"]
    assert (stutter["generator"], stutter["settings"]) == ("toy-world", {"flaw": "stutter"})
    assert stutter["settings_hash"] != head["contenders"]["truth"]["settings_hash"]

    first = jobs[0]
    clip = Clip.objects.get(job=first["job"])
    assert (first["contender"], first["prompt"], first["seed"], first["state"]) == (
        "truth", "p0", 0, "succeeded"
    )  # fmt: skip
    assert (first["text"], first["prompt_hash"]) == (CAPTION, prompt_hash(CAPTION, ""))
    assert (first["clip"]["sha256"], first["clip"]["rendition"]["sha256"]) == (
        clip.sha256, clip.rendition.sha256
    )  # fmt: skip
    provenance = first["clip"]["provenance"]
    assert provenance["generator_version"] == "1"
    assert provenance["library_versions"].keys() == {"av", "numpy", "pillow", "scipy"}
    assert provenance["cost_usd"] == 0.0
    assert provenance["wall_time_s"] > 0
    assert [state for _, state in first["log"]] == ["running", "succeeded"]


def test_a_job_without_a_clip_is_in_the_manifest_with_its_reason(tmp_path: Path) -> None:
    suite, contender = make_suite("suite"), make_contender("truth")
    make_job(
        contender, suite.prompts.get(), state=Job.State.BLOCKED, error_kind="moderation", error_message="No."
    )
    _, job = export_manifest(make_run(suite, [contender]), tmp_path / "run.jsonl")
    assert (job["state"], job["clip"]) == ("blocked", None)
    assert job["error"] == {"kind": "moderation", "message": "No."}


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = make_finished_run()
    export_manifest(run, tmp_path / "one.jsonl")
    export_manifest(run, tmp_path / "two.jsonl")
    assert file_sha256(tmp_path / "one.jsonl") == file_sha256(tmp_path / "two.jsonl")


def test_a_manifest_goes_to_standard_output_without_a_file() -> None:
    suite, contender = make_suite("suite"), make_contender("truth")
    run, out = make_run(suite, [contender]), StringIO()
    call_command("export_run", str(run.pk), stdout=out)
    assert json.loads(out.getvalue())["jobs"] == 0


def test_unknown_runs_and_files_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"^Unknown run '7'. Known: none yet.$"):
        call_command("export_run", "7", output=tmp_path / "run.jsonl")
    assert not (tmp_path / "run.jsonl").exists()
    run = make_run(make_suite("suite"), [make_contender("truth")])
    with pytest.raises(CommandError, match=r"^Can't write .*: No such file or directory. Choose another"):
        call_command("export_run", str(run.pk), output=tmp_path / "missing" / "run.jsonl")


def test_an_earlier_manifest_stays_where_a_new_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, path = make_finished_run(), tmp_path / "run.jsonl"
    export_manifest(run, path)
    before = path.read_bytes()

    def fail(job: Job, contender_hash: str) -> dict[str, object]:
        raise RuntimeError("no connection")

    monkeypatch.setattr("arena.runs.manifests.writing._describe_job", fail)
    with pytest.raises(RuntimeError, match="no connection"):
        export_manifest(run, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.glob("run*")] == ["run.jsonl"]
