from __future__ import annotations

from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.contenders import load_contenders
from arena.catalog.models import Suite
from arena.catalog.suites import load_suite
from arena.runs.models import Clip, Job, Rendition, Run
from generators.base import QuotaExceeded, file_sha256
from tests.factories import CAPTION, make_contender, make_prompt, make_suite, write_file
from tests.factories_catalog import draw_image, write_suite
from tests.factories_media import tone, write_clip, write_sound, write_truncated
from tests.factories_runs import accounted_files, install_provider, stored_files, unfinished_work

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
            "Unknown suite 'sweet'. Known: suite@1. Add one with: manage.py load_suite PATH",
        ),
        ({"suite": "suite@2"}, "Unknown suite 'suite@2'. Known: suite@1. Add one with: manage.py load_suite"),
        (
            {"contenders": "truth,sora"},
            "Unknown contender 'sora'. Known: truth. Add one with: manage.py load",
        ),
        ({"contenders": ""}, "Unknown contender ''. Known: truth."),
        ({"track": "t2x"}, "Unknown track 't2x'. Known: i2v, i2v-audio, t2v, t2v-audio."),
        ({"track": "i2v"}, "Track i2v needs a reference image, and these prompts have none: p0."),
        (
            {"seeds": "0,one"},
            "seeds must be whole numbers from 0 with commas between; got '0,one'. Try 0,1.",
        ),
        ({"seeds": "-1"}, "seeds must be whole numbers from 0 with commas between; got '-1'. Try 0,1."),
        (
            {"seeds": str(2**53)},
            "seeds must be different whole numbers from 0 to 9007199254740991; got 9007199254740992. Use ",
        ),
        ({"seeds": "9" * 5000}, "seeds must be different whole numbers from 0 to 9007199254740991; got 999"),
        ({"size": "64"}, "--size '64' must be WIDTHxHEIGHT in pixels, such as 512x512."),
        ({"size": "64x65"}, "height must be even and from 16 to 4096 pixels; got 65. Choose another."),
        ({"duration": 0.0}, "duration_s must be above 0 and at most 60 s; got 0.0. Choose another."),
        ({"workers": 0}, "--workers must be at least 1; got 0."),
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


@pytest.mark.slow
def test_a_suite_is_made_for_contenders_and_seeds() -> None:
    make_contender("truth")
    make_contender("stutter", settings={"flaw": "stutter"})
    make_suite("suite")
    said = _run(contenders="truth, stutter", seeds="0, 1").splitlines()
    run = f"run {Run.objects.get().pk} of suite v1"
    assert said == [
        f"{run}: 4 clips of 64×64, 1 s, 12 fps (as given).",
        f"{run}: 4 done, 0 failed.",
        "stutter: 2 clips shown as they are",
        "truth: 2 clips shown as they are",
    ]
    made = Job.objects.filter(state=Job.State.SUCCEEDED, clip__rendition__isnull=False)
    assert set(made.values_list("contender__slug", "seed")) == {
        (slug, seed) for slug in ("truth", "stutter") for seed in (0, 1)
    }
    assert (stored_files(), unfinished_work()) == (accounted_files(), [])


def _make_tagged_suite() -> Suite:
    suite = make_suite("suite", prompts=0)
    for key, tags in {"a": ["music"], "b": ["music", "zh"], "c": ["speech"], "d": []}.items():
        make_prompt(suite, key, tags=tags)
    return suite


@pytest.mark.slow
def test_tags_choose_prompts_and_make_a_run_of_their_own() -> None:
    make_contender("truth")
    _make_tagged_suite()
    said = _run(tags="speech, music", exclude_tags="zh").splitlines()
    run = Run.objects.get()
    assert said[0] == f"{run}: 2 of 4 prompts, tagged speech or music, without zh."
    assert [job.prompt.key for job in run.jobs.order_by("prompt__position")] == ["a", "c"]
    assert _run(tags="music,speech", exclude_tags="zh").splitlines()[0].startswith(f"{run}: 2 of 4")
    _run()
    assert [row.jobs.count() for row in Run.objects.order_by("pk")] == [2, 4]
    assert Job.objects.count() == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tags": "musik"}, "Unknown tag 'musik'. Known: music, speech, zh."),
        ({"exclude_tags": "Zh"}, "Unknown tag 'Zh'. Known: music, speech, zh."),
        (
            {"tags": "music", "exclude_tags": "music"},
            "tags must leave at least one prompt; got tagged music, without music. Exclude fewer tags.",
        ),
    ],
)
def test_tags_that_choose_nothing_are_refused(options: dict[str, str], message: str) -> None:
    make_contender("truth")
    _make_tagged_suite()
    with pytest.raises(CommandError) as caught:
        _run(**options)
    assert str(caught.value) == message
    assert not Run.objects.exists()


def test_clips_of_prompts_without_the_tags_are_passed_over_in_silence(tmp_path: Path) -> None:
    _make_tagged_suite()
    (tmp_path / "clips").mkdir()
    for name in ("a", "c", "z"):
        write_clip(tmp_path / "clips" / f"{name}.mp4")
    make_contender("mine", generator="folder", settings={"clips": str(tmp_path / "clips")})
    said = _run(contenders="mine", tags="speech")
    assert [line for line in said.splitlines() if "left out" in line or "no clip" in line] == [
        "mine: z.mp4 belongs to no prompt of the suite, and is left out"
    ]
    assert [job.prompt.key for job in Job.objects.all()] == ["c"]


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
    assert (job.state, job.seed, job.track) == (Job.State.SUCCEEDED, 3, "i2v-audio")
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


@pytest.mark.slow
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
    assert states == {"good": "succeeded", "large": "succeeded", "nobodys": "failed unavailable", **unusable}
    assert "theirs, prompt empty, seed 0: unusable_media: The file is empty." in str(caught.value)
    good = Job.objects.get(prompt__key="good").clip
    assert good.sha256 == file_sha256(tmp_path / "clips" / "good.mp4")
    assert (stored_files(), unfinished_work()) == (accounted_files(), [])


def test_the_default_size_is_named_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("run_suite", "--help")
    assert "generators are asked for 512x512, 3 s and 24 fps" in " ".join(capsys.readouterr().out.split())
    make_contender("truth")
    make_suite("suite")
    said = _run(size=None, duration=None, fps=None)
    assert "1 clips of 512×512, 3 s, 24 fps (by default; --size, --duration and --fps change it)." in said


# Clips that exist.


def _folders(
    tmp_path: Path, *slugs: str, prompts: int = 1, seconds: float = 1.0, fps: int | Fraction = 25
) -> Suite:
    """Make a contender for each slug, with a folder of clips named by a suite's prompts."""
    for slug in slugs:
        (tmp_path / slug).mkdir()
        for number in range(prompts):
            write_clip(tmp_path / slug / f"p{number}.mp4", width=128, height=72, fps=fps, seconds=seconds)
        make_contender(slug, generator="folder", settings={"clips": str(tmp_path / slug)})
    return make_suite("suite", prompts=prompts)


def _take_in(contenders: str = "alpha,beta", **options: Any) -> str:  # noqa: ANN401 - as _run takes them
    return _run(
        contenders=contenders, **{"size": None, "duration": None, "fps": None, "track": "t2v"} | options
    )


def test_renditions_follow_the_clips(tmp_path: Path) -> None:
    _folders(tmp_path, "alpha", "beta", seconds=2.0)
    said = _take_in()
    assert "2 clips of 128×72, 2 s, 25 fps (as the clips are)." in said
    assert said.endswith("alpha: 1 clip shown as they are\nbeta: 1 clip shown as they are\n")
    figures = Rendition.objects.values_list("width", "height", "fps", "duration_s")
    assert set(figures) == {(128, 72, 25.0, 2.0)}


def test_a_fractional_rate_is_followed(tmp_path: Path) -> None:
    _folders(tmp_path, "alpha", fps=Fraction(30_000, 1001))
    assert "128×72, 1.001 s, 29.97 fps (as the clips are)" in _take_in("alpha")
    rendition = Rendition.objects.get()
    assert (round(rendition.fps, 3), rendition.recipe["frames"]) == (29.97, 30)


def test_clips_that_differ_are_listed_with_the_options(tmp_path: Path) -> None:
    _folders(tmp_path, "alpha", seconds=1.0)
    write_clip(tmp_path / "beta.mp4", width=64, height=64, fps=12, seconds=2.0)
    (tmp_path / "beta").mkdir()
    (tmp_path / "beta.mp4").rename(tmp_path / "beta" / "p0.mp4")
    make_contender("beta", generator="folder", settings={"clips": str(tmp_path / "beta")})
    with pytest.raises(CommandError) as caught:
        _take_in()
    assert str(caught.value).splitlines() == [
        "The clips differ, and a study shows all of them alike:",
        "  alpha: 128×72, 25 fps, 1 s (1 clip)",
        "  beta: 64×64, 12 fps, 2 s (1 clip)",
        "Choose what all are shown as; what is changed will be reported:",
        "  --size 128x72  (there are 128×72, 64×64)",
        "  --fps 25  (there are 25 fps, 12 fps)",
        "  --duration 1  (there are 1 s, 2 s)",
    ]
    assert not Run.objects.exists()
    said = _take_in(size="128x72", fps=25.0, duration=1.0)
    assert "alpha: 1 clip shown as they are" in said
    assert (
        "beta: 1 clip shown scaled from 64×64 to 72×72; padded with black bars to 128×72; "
        "changed from 12 to 25 frames a second; cut by 1.00 s at the end"
    ) in said


def test_a_short_clip_is_an_error_unless_it_is_allowed(tmp_path: Path) -> None:
    _folders(tmp_path, "alpha", seconds=1.0)
    with pytest.raises(CommandError) as caught:
        _take_in("alpha", duration=1.5)
    assert str(caught.value).startswith(
        "Clips must last 1.5 s; these are shorter:\n  alpha, prompt p0, seed 0: 1 s\nShow less of all with"
    )
    assert not Job.objects.exists()
    assert "last picture held for 0.52 s" in _take_in("alpha", duration=1.5, allow_short=True)


def test_what_does_not_match_is_reported(tmp_path: Path) -> None:
    _folders(tmp_path, "alpha", prompts=3)
    (tmp_path / "alpha" / "p1.mp4").rename(tmp_path / "alpha" / "p99.mp4")
    (tmp_path / "alpha" / "p2.mp4").write_text("no video")
    out = StringIO()
    options: dict[str, Any] = {"contenders": "alpha", "track": "t2v-audio", "workers": 1, "stdout": out}
    with pytest.raises(CommandError, match="alpha, prompt p1, seed 0: unavailable"):
        call_command("run_suite", "suite", **options)
    said = out.getvalue().splitlines()
    assert said[0] == "alpha: p99.mp4 belongs to no prompt of the suite, and is left out"
    assert said[1] == "alpha, prompt p1, seed 0: no clip"
    assert said[2].startswith(
        "alpha, prompt p2, seed 0: can't be shown: p2.mp4: The file is not a playable video"
    )
    assert said[3] == "alpha, prompt p0, seed 0: no sound, on a track where sound is judged"
    assert "alpha: 1 clip shown 1.00 s of silence added" in said


@pytest.mark.slow
def test_a_replaced_file_becomes_a_new_clip(tmp_path: Path) -> None:
    _folders(tmp_path, "alpha", "beta")
    _take_in()
    old = Clip.objects.get(job__contender__slug="alpha")
    write_clip(tmp_path / "alpha" / "p0.mp4", width=128, height=72, fps=25, colour=(200, 0, 0))
    said = _take_in()
    assert "alpha, prompt p0, seed 0: the file was replaced, and is taken in as a new clip" in said
    old.job.refresh_from_db()
    assert old.job.state == Job.State.RETIRED
    new = Clip.objects.get(job__contender__slug="alpha", job__state=Job.State.SUCCEEDED)
    assert new.sha256 == file_sha256(tmp_path / "alpha" / "p0.mp4")
    assert "replaced" not in _take_in()
    assert Clip.objects.count() == 3
    assert list(Run.objects.get().jobs.values_list("state", flat=True)) == [Job.State.SUCCEEDED] * 2
