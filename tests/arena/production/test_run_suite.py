from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.contenders import load_contenders
from arena.catalog.suites import load_suite
from arena.production.models import Job, Run
from generators.base import QuotaExceeded, file_sha256
from tests.factories import CAPTION, make_contender, make_suite, write_file
from tests.factories_catalog import draw_image, write_suite
from tests.factories_media import tone, write_clip, write_sound, write_truncated
from tests.factories_production import accounted_files, install_provider, stored_files, unfinished_work

pytestmark = pytest.mark.django_db
SMALL = {"size": "64x64", "fps": 12, "duration": 1.0, "workers": 1}


def _run(suite: str = "suite", contenders: str = "truth", **options: object) -> str:
    out = StringIO()
    asked = {"contenders": contenders, "track": "t2v-audio", **SMALL, **options}
    call_command("run_suite", suite, stdout=out, **asked)
    return out.getvalue()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"suite": "sweet"},
            "Unknown suite 'sweet'. Known: suite@1. More come by: manage.py load_suite PATH",
        ),
        ({"suite": "suite@2"}, "Unknown suite 'suite@2'. Known: suite@1. More come by: manage.py load_suite"),
        (
            {"contenders": "truth,sora"},
            "Unknown contender 'sora'. Known: truth. More come by: manage.py load",
        ),
        ({"contenders": ""}, "Unknown contender ''. Known: truth."),
        ({"track": "t2x"}, "Unknown track 't2x'. Known: i2v, i2v-audio, t2v, t2v-audio."),
        ({"track": "i2v"}, "Track i2v needs a reference image, and these prompts have none: p0."),
        (
            {"seeds": "0,one"},
            "--seeds '0,one' must be whole numbers from 0 with commas between, such as 0,1.",
        ),
        ({"seeds": "-1"}, "--seeds '-1' must be whole numbers from 0 with commas between, such as 0,1."),
        (
            {"seeds": str(2**53)},
            "seeds must be different whole numbers from 0 to 9007199254740991; got 9007199254740992. Use ",
        ),
        ({"seeds": "9" * 5000}, "seeds must be different whole numbers from 0 to 9007199254740991; got 999"),
        ({"size": "64"}, "--size '64' must be WIDTHxHEIGHT in pixels, such as 512x512."),
        ({"size": "64x65"}, "A height of 65 can't be encoded. Allowed: even, 16 to 4096."),
        ({"duration": 0.0}, "A duration of 0.0 s can't be made. Allowed: above 0, up to 60 s."),
        ({"workers": 0}, "--workers 0 would make nothing. Allowed: 1 and more."),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_planned(
    options: dict[str, object], message: str
) -> None:
    make_contender("truth")
    make_suite("suite")
    with pytest.raises(CommandError) as caught:
        _run(**options)  # type: ignore[arg-type]  # some of the options are the suite and the contenders
    assert str(caught.value).startswith(message)
    assert (Run.objects.count(), Job.objects.count()) == (0, 0)


def test_a_suite_is_made_for_contenders_and_seeds() -> None:
    make_contender("truth")
    make_contender("stutter", settings={"flaw": "stutter"})
    make_suite("suite")
    assert _run(
        contenders="truth, stutter", seeds="0, 1"
    ) == "run 1 of suite v1: 4 done, 0 failed.\n".replace("1", str(Run.objects.get().pk), 1)
    made = Job.objects.filter(state=Job.State.DONE, clip__rendition__isnull=False)
    assert set(made.values_list("contender__slug", "seed")) == {
        (slug, seed) for slug in ("truth", "stutter") for seed in (0, 1)
    }
    assert (stored_files(), unfinished_work()) == (accounted_files(), [])


def test_the_same_command_twice_makes_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch)
    make_contender("truth", generator="provider", settings={})
    make_suite("suite")
    assert _run() == _run(contenders="truth,truth")
    assert (len(provider.asked), Run.objects.count()) == (1, 1)


def test_failures_are_listed_and_tried_again_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    install_provider(monkeypatch, QuotaExceeded("no money left"))
    make_contender("truth", generator="provider", settings={})
    make_suite("suite", prompts=2)
    for _ in range(2):
        with pytest.raises(CommandError) as caught:
            _run()
        assert str(caught.value).splitlines() == [
            "These clips could not be made (--retry-failed tries again):",
            "truth, prompt p0, seed 0: quota: no money left",
        ]
    assert "2 done, 0 failed." in _run(retry_failed=True)


def test_an_image_track_runs_from_file_to_clip(tmp_path: Path) -> None:
    draw_image(tmp_path / "a.png")
    load_suite(path=write_suite(tmp_path, f"id: a, text: {CAPTION}, image: a.png, seeds: [3]"))
    make_contender("truth")
    _run("first", track="i2v-audio")
    job = Job.objects.get()
    assert (job.state, job.seed, job.track) == (Job.State.DONE, 3, "i2v-audio")
    assert job.clip.provenance["resolved"]["reference_image_sha256"] == file_sha256(tmp_path / "a.png")


def _write_strangers_clips(folder: Path) -> list[str]:
    """Two good files among broken ones, and a manifest; returns their names without endings."""
    folder.mkdir()
    write_clip(folder / "good.mp4", sound=tone(1.0), tags={"title": "Sora"})
    write_clip(folder / "large.webm", width=640, height=360, codecs=("libvpx-vp9", "libopus"))
    write_truncated(folder / "truncated.mp4")
    (folder / "whole.mp4").unlink()
    write_sound(folder / "sound.mp4", tone(1.0))
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video")
    paths = sorted(folder.iterdir())
    rows = "".join(f"theirs,{path.stem},0,{path.name}\n" for path in paths)
    write_file(folder / "manifest.csv", f"contender,prompt_id,seed,file\n{rows}")
    return [path.stem for path in paths]


def test_a_broken_file_fails_its_job_with_a_reason_and_harms_no_other(tmp_path: Path) -> None:
    keys = _write_strangers_clips(tmp_path / "clips")
    settings = f"{{manifest: {tmp_path / 'clips' / 'manifest.csv'}, contender: theirs}}"
    contender = f"{{contender: theirs, name: Theirs, generator: folder, settings: {settings}}}"
    load_contenders(path=write_file(tmp_path / "contenders.yaml", f"contenders: [{contender}]\n"))
    load_suite(path=write_suite(tmp_path, *(f"id: {key}, text: x" for key in [*keys, "nobodys"])))
    with pytest.raises(CommandError) as caught:
        _run("first", "theirs")

    states = {job.prompt.key: f"{job.state} {job.error_kind}".strip() for job in Job.objects.all()}
    unusable = dict.fromkeys(("truncated", "sound", "empty", "text"), "failed unusable_media")
    assert states == {"good": "done", "large": "done", "nobodys": "failed unavailable", **unusable}
    assert "theirs, prompt empty, seed 0: unusable_media: The file is empty." in str(caught.value)
    good = Job.objects.get(prompt__key="good").clip
    assert good.sha256 == file_sha256(tmp_path / "clips" / "good.mp4")
    assert (stored_files(), unfinished_work()) == (accounted_files(), [])
