from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import storages

from arena.catalog.models import Prompt
from arena.catalog.suites import load_suite
from arena.media.audit import find_leaks
from arena.media.probe import Probe, UnusableMedia, probe
from arena.media.storage import StoredFile
from arena.runs import clips
from arena.runs.claims import ClaimLost, claim_job, give_up_job
from arena.runs.clips import make_clip
from arena.runs.models import Clip, Job, Rendition
from generators.base import GenerationError, InvalidResult, Request, Result, file_sha256
from generators.choices import SettingsError
from tests.factories import CAPTION, SETTINGS, make_contender, make_job
from tests.factories_catalog import draw_image, write_suite
from tests.factories_runs import (
    Provider,
    accounted_files,
    install_provider,
    make_queued_job,
    stored_files,
)

pytestmark = pytest.mark.django_db


def _make(job: Job) -> Job:
    claimed = claim_job(job_id=job.pk)
    assert claimed is not None
    make_clip(claimed)
    return Job.objects.get(pk=job.pk)


def _bytes(alias: str, name: str) -> bytes:
    with storages[alias].open(name) as file:
        content: bytes = file.read()
    return content


def test_a_made_clip_has_its_original_and_what_raters_see(tmp_path: Path) -> None:
    job = _make(make_queued_job())
    assert (job.state, job.pending_files, job.finished_at is None) == (Job.State.SUCCEEDED, [], False)
    clip, rendition = job.clip, job.clip.rendition
    for alias, row in (("originals", clip), ("renditions", rendition)):
        content = _bytes(alias, row.name)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (row.sha256, row.size_bytes)
    assert (clip.probe["video_codec"], clip.probe["has_audio"]) == ("h264", True)
    assert (rendition.width, rendition.height, rendition.fps, rendition.duration_s) == (64, 64, 12.0, 1.0)
    assert stored_files() == accounted_files()
    assert list((tmp_path / "work").iterdir()) == []


def test_a_clip_knows_its_origin() -> None:
    job = _make(make_queued_job(settings={"flaw": "stutter"}))
    provenance = job.clip.provenance
    assert provenance["contender"] == job.contender.slug
    assert (provenance["generator"], provenance["settings"]) == ("toy-world", {"flaw": "stutter"})
    assert (provenance["suite"], provenance["suite_version"]) == (job.prompt.suite.name, 1)
    assert (provenance["seed"], provenance["sha256"]) == (0, job.clip.sha256)
    asked = provenance["request"]
    assert {name: asked[name] for name in SETTINGS} == SETTINGS
    assert (asked["prompt"], asked["prompt_id"]) == (CAPTION, "p0")
    assert len(provenance["prompt_hash"]) == 64
    assert set(provenance) >= {"generator_version", "provider_request_id", "cost_usd", "wall_time_s"}
    assert set(provenance["library_versions"]) == {"av", "numpy", "pillow", "scipy"}


def test_a_rendition_tells_nothing_of_its_maker() -> None:
    job = make_queued_job(slug="contender-with-a-long-name", name="Very Famous Model")
    rendition = _make(job).clip.rendition
    assert find_leaks(_bytes("renditions", rendition.name), [job.contender.slug, "Very Famous Model"]) == []


@pytest.mark.slow
def test_clips_of_equal_settings_are_shown_alike() -> None:
    renditions = [
        _make(make_queued_job(slug=flaw, settings={"flaw": flaw})).clip.rendition
        for flaw in ("none", "stutter")
    ]
    assert len({(each.width, each.height, each.fps, each.duration_s) for each in renditions}) == 1


def test_sound_is_silenced_on_a_track_that_does_not_judge_it() -> None:
    job = make_queued_job()
    Job.objects.update(track="t2v", settings={**SETTINGS, "track": "t2v"})
    recipe = _make(job).clip.rendition.recipe
    assert (recipe["has_sound"], recipe["loudness_lufs"]) == (False, None)


def test_an_image_track_starts_from_the_prompts_image(tmp_path: Path) -> None:
    image = draw_image(tmp_path / "a.png")
    suite, _ = load_suite(path=write_suite(tmp_path, f"id: a, text: {CAPTION}, image: a.png"))
    settings = {**SETTINGS, "track": "i2v-audio"}
    job = _make(make_job(make_contender(), suite.prompts.get(), track="i2v-audio", settings=settings))
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    assert job.clip.provenance["resolved"]["reference_image_sha256"] == digest
    assert stored_files() - accounted_files() == {f"references/{suite.prompts.get().reference_name}"}


@pytest.mark.slow
def test_equal_clips_of_two_contenders_share_their_files() -> None:
    first = _make(make_queued_job())
    second = _make(make_job(make_contender(settings={}), first.prompt))
    assert first.clip.sha256 == second.clip.sha256
    assert (Clip.objects.count(), Rendition.objects.count(), len(stored_files())) == (2, 2, 4)


@pytest.mark.parametrize(
    ("flaw", "text", "error"),
    [("odd", CAPTION, SettingsError), ("none", "a horse in the rain", GenerationError)],
)
def test_what_cannot_be_made_leaves_nothing(
    tmp_path: Path, flaw: str, text: str, error: type[Exception]
) -> None:
    job = make_queued_job(settings={"flaw": flaw})
    Prompt.objects.update(text=text)
    with pytest.raises(error):
        _make(job)
    assert (stored_files(), list((tmp_path / "work").iterdir())) == (set(), [])


def test_what_is_no_video_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_provider(monkeypatch)
    generate = Provider.generate

    def spoil(self: Provider, request: Request, out_dir: Path) -> Result:
        result = generate(self, request, out_dir)
        result.path.write_bytes(b"no video")
        return replace(result, provenance=replace(result.provenance, sha256=file_sha256(result.path)))

    monkeypatch.setattr(Provider, "generate", spoil)
    with pytest.raises(UnusableMedia, match="not a playable video"):
        _make(make_queued_job("provider"))
    assert (stored_files(), list((tmp_path / "work").iterdir())) == (set(), [])


def test_the_job_announces_its_files_before_it_stores_them(monkeypatch: pytest.MonkeyPatch) -> None:
    announced = []
    store = clips._store

    def look_first(alias: str, path: Path, kept: StoredFile, job_id: int) -> None:
        announced.append(Job.objects.get().pending_files)
        store(alias, path, kept, job_id)

    monkeypatch.setattr(clips, "_store", look_first)
    _make(make_queued_job())
    assert {"/".join(file) for file in announced[0]} == accounted_files()


def test_a_clip_of_a_lost_claim_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch)
    generate = provider.generate

    def lose_the_claim(self: Provider, request: Request, out_dir: Path) -> Result:
        give_up_job(job=Job.objects.get(), state=Job.State.PLANNED)
        return generate(self, request, out_dir)

    monkeypatch.setattr(provider, "generate", lose_the_claim)
    with pytest.raises(ClaimLost):
        _make(make_queued_job("provider"))
    assert (Clip.objects.count(), stored_files()) == (0, set())


def test_provenance_and_recipe_are_plain_data() -> None:
    clip = _make(make_queued_job()).clip
    for content in (clip.provenance, clip.probe, clip.rendition.recipe):
        assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_the_rendition_is_as_long_and_large_as_asked(tmp_path: Path) -> None:
    job = make_queued_job()
    Job.objects.update(settings={**SETTINGS, "duration_s": 0.5, "width": 96})
    rendition = _make(job).clip.rendition
    shown = tmp_path / "shown.mp4"
    shown.write_bytes(_bytes("renditions", rendition.name))
    facts = probe(shown)
    assert (facts.frames, facts.width, facts.height) == (6, 96, 64)


def test_an_original_is_hashed_once_and_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    probed: list[str] = []
    really_hash, really_probe = hashlib.file_digest, probe

    def count_hashes(file: Any, name: str) -> Any:  # noqa: ANN401
        hashed.append(Path(file.name).parent.name)
        return really_hash(file, name)

    def count_probes(path: Path) -> Probe:
        probed.append(path.parent.name)
        return really_probe(path)

    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", True)
    monkeypatch.setattr("hashlib.file_digest", count_hashes)
    monkeypatch.setattr("arena.media.storage._digest", lambda file: pytest.fail(f"hashed again: {file.name}"))
    monkeypatch.setattr("arena.runs.clips.probe", count_probes)
    monkeypatch.setattr("arena.media.normalise.probe", count_probes)
    job = _make(make_queued_job())
    assert hashed == ["original"]
    assert probed.count("original") == 1
    assert hashlib.sha256(_bytes("originals", job.clip.name)).hexdigest() == job.clip.sha256


def test_a_file_that_changes_after_it_was_hashed_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = probe

    def write_late(path: Path) -> Probe:
        with path.open("ab") as file:
            file.write(b"one byte more")
        return measure(path)

    monkeypatch.setattr(clips, "probe", write_late)
    with pytest.raises(InvalidResult, match="must stay as it was delivered"):
        _make(make_queued_job())
    assert stored_files() == set()
