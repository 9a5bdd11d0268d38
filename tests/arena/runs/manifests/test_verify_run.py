from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.catalog.hashing import prompt_hash
from arena.catalog.models import Suite
from arena.catalog.suites import load_suite
from arena.runs.manifests import replay
from arena.runs.models import Clip, Job, Run
from generators.base import Track
from tests.factories import CAPTION, make_contender, make_job, make_run, make_suite
from tests.factories_catalog import draw_image, write_suite
from tests.factories_manifests import export_manifest, make_finished_run, make_two, verify, write_lines

pytestmark = pytest.mark.django_db
OTHER = "f" * 64


@pytest.mark.slow
def test_clips_made_again_are_equal_and_need_no_row_of_the_run(
    tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = tmp_path / "run.jsonl"
    export_manifest(make_finished_run(contenders=make_two()), path)
    with django_assert_num_queries(0):
        said = verify(path)
    assert said[1:] == [
        "equal: stutter, 1 clips and 1 renditions",
        "equal: truth, 1 clips and 1 renditions",
        "clips: 2 equal, 0 different, 0 not repeated; renditions: 2 equal, 0 different, 0 not repeated",
    ]


def test_a_clip_from_an_image_is_equal_and_needs_its_image(tmp_path: Path) -> None:
    draw_image(tmp_path / "first.png")
    suite, _ = load_suite(path=write_suite(tmp_path, f"id: p0, text: {CAPTION}, image: first.png"))
    run = make_finished_run(suite, [make_contender("truth")], track=Track.I2V_AUDIO)
    path = tmp_path / "run.jsonl"
    head, job = export_manifest(run, path)
    assert "clips: 1 equal" in verify(path)[-1]
    job["reference_sha256"] = OTHER
    job["prompt_hash"] = prompt_hash(job["text"], OTHER)
    write_lines(path, [head, job])
    assert "not repeated: truth: clip: its reference image is not here; load the suite by" in verify(path)[1]


@pytest.mark.parametrize(
    ("field", "line"),
    [("clip", "different: truth, prompt p0, seed 0: clip: SHA-256 ffff"),
     ("rendition", "different: truth, prompt p0, seed 0: rendition: SHA-256 ffff")],
)  # fmt: skip
def test_a_difference_is_told_with_both_hashes_and_ends_in_an_error(
    field: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.jsonl"
    lines = export_manifest(make_finished_run(), path)
    clip = lines[1]["clip"]
    (clip if field == "clip" else clip["rendition"])["sha256"] = OTHER
    write_lines(path, lines)
    with pytest.raises(CommandError, match=r"^1 files differ from the manifest\.$"):
        call_command("verify_run", path, workers=1)
    said = capsys.readouterr().out
    assert line in said
    assert "made here" in said


def test_another_seed_in_the_manifest_is_a_difference(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    head, first = export_manifest(make_finished_run(), path)
    write_lines(path, [head, {**first, "seed": 1}])
    with pytest.raises(CommandError, match="1 files differ"):
        verify(path)


@pytest.fixture
def changed(tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Verify a manifest whose first clip's provenance says something else."""

    def verify_changed(**fields: object) -> list[str]:
        path = tmp_path / "run.jsonl"
        lines = export_manifest(make_finished_run(), path)
        lines[1]["clip"]["provenance"] |= fields
        write_lines(path, lines)
        return verify(path)

    return verify_changed


def test_other_versions_are_a_reason_not_to_repeat(changed: Any) -> None:  # noqa: ANN401
    said = changed(generator_version="0", library_versions={"numpy": "1.0", "imaginary": "2"})
    assert said[1].startswith(
        "not repeated: truth: clip: it was made with imaginary 2, here none; numpy 1.0, here "
    )
    assert said[1].endswith("; version 0, here 1 (prompt/seed p0/0)")
    assert said[2].startswith("clips: 0 equal, 0 different, 1 not repeated;")


def test_another_machine_is_a_reason_not_to_repeat(
    monkeypatch: pytest.MonkeyPatch,
    changed: Any,  # noqa: ANN401
) -> None:
    machine = {"device": "cpu"}
    monkeypatch.setattr("generators.toyworld.generator.ToyWorld.machine", lambda _: machine)
    said = changed(resolved={"device": "cuda"})
    assert "not repeated: truth: clip: it was made with device cuda, here cpu (prompt/seed p0/0)" in said


def test_another_ffmpeg_is_a_reason_for_the_rendition_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.jsonl"
    export_manifest(make_finished_run(), path)
    monkeypatch.setattr(replay, "ffmpeg_version", lambda: "99")
    said = verify(path)
    assert said[-1].startswith(
        "clips: 1 equal, 0 different, 0 not repeated; renditions: 0 equal, 0 different, 1"
    )
    assert "rendition: it was made with ffmpeg" in said[-2]


def test_jobs_without_a_clip_are_listed_with_their_state(tmp_path: Path) -> None:
    suite, contender = make_suite("suite"), make_contender("truth")
    make_job(contender, suite.prompts.get(), state=Job.State.BLOCKED, error_kind="moderation")
    path = tmp_path / "run.jsonl"
    export_manifest(make_run(suite, [contender]), path)
    reason = "no clip was made: blocked moderation (prompt/seed p0/0)"
    assert verify(path)[1] == f"not repeated: truth: clip: {reason}"


def test_a_generator_without_a_promise_and_one_that_is_not_here_are_reasons(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "p0.mp4").touch()
    settings = {"clips": str(tmp_path / "clips")}
    path = tmp_path / "run.jsonl"
    export_manifest(_one_clip(make_suite("files"), generator="folder", settings=settings), path)
    assert "the generator 'folder' promises no equal clip" in verify(path)[1]
    export_manifest(_one_clip(make_suite("other"), generator="not-installed"), path)
    assert "Unknown generator 'not-installed'. Known: diffusers," in verify(path)[1]


def _one_clip(suite: Suite, **fields: Any) -> Run:  # noqa: ANN401 - of several types
    contender = make_contender(**fields)
    job = make_job(contender, suite.prompts.get(), state=Job.State.SUCCEEDED)
    provenance = {"generator_version": "1", "library_versions": {}, "resolved": {}}
    Clip.objects.create(job=job, sha256=OTHER, size_bytes=1, name="x", probe={}, provenance=provenance)
    return make_run(suite, [contender])


def test_a_number_of_workers_below_1_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"^--workers must be at least 1; got 0"):
        call_command("verify_run", tmp_path / "run.jsonl", workers=0)
