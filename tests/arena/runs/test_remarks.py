from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from arena.media.changes import foresee
from arena.media.probe import Probe
from arena.media.profile import Profile
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Clip, Rendition, Run
from arena.runs.remarks import Remark, find_remarks, summarise_remarks
from arena.runs.shown import describe_changes
from tests.factories import make_contender, make_prompt, make_rendition, make_run, make_suite

ASKED = ClipSettings(duration_s=3.0, width=320, height=240, fps=24)


def _probe(**changes: object) -> Probe:
    fields: dict[str, Any] = {
        "duration_s": 3.0, "width": 320, "height": 240, "fps": 24.0, "frames": 72, "video_codec": "h264",
        "colour_is_tagged": True, "primaries": 1, "transfer": 1, "is_interlaced": False, "picture_track": 0,
        "start_s": 0.0, "has_audio": True, "sound": None, "container": "mov",
    }  # fmt: skip
    return Probe(**{**fields, **changes})


def _find(
    *, loudness_lufs: float | None = -23.0, with_sound: bool = True, is_still: bool = False, **facts: object
) -> list[Remark]:
    return find_remarks(
        ASKED, _probe(**facts), with_sound=with_sound, loudness_lufs=loudness_lufs, is_still=is_still
    )


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"duration_s": 3.04},
        {"duration_s": 2.96},
        {"fps": 24_000 / 1001},
        {"with_sound": False, "has_audio": False, "loudness_lufs": None},
    ],
)
def test_a_clip_that_is_as_asked_for_has_no_remarks(facts: dict[str, Any]) -> None:
    assert _find(**facts) == []


@pytest.mark.parametrize(
    ("facts", "kind", "text"),
    [
        ({"has_audio": False, "loudness_lufs": None}, "no_sound", "the file has no sound track"),
        ({"loudness_lufs": None}, "silent", "nothing above −70 LUFS"),
        ({"is_still": True}, "still", "72 pictures"),
        ({"duration_s": 0.04}, "short", "0.04 s of 3 s"),
        ({"duration_s": 2.9}, "short", "2.90 s of 3 s"),
        ({"duration_s": 5.0}, "long", "5.00 s of 3 s"),
        ({"width": 426}, "shape", "426×240, not 320×240"),
        ({"width": 240, "height": 320}, "shape", "240×320, not 320×240"),
        ({"width": 640, "height": 480}, "size", "640×480, not 320×240"),
        ({"fps": 30.0}, "rate", "30 frames per second, not 24"),
    ],
)
def test_what_is_other_than_asked_for_is_said_with_its_figures(
    facts: dict[str, Any], kind: str, text: str
) -> None:
    assert _find(**facts) == [(kind, text)]


@pytest.mark.django_db
def test_a_run_is_summarised_by_contender_and_kind() -> None:
    suite, quiet, good = make_suite(prompts=0), make_contender("quiet"), make_contender("good")
    run = Run.objects.create(suite=suite, track="t2v-audio", seeds=[], settings={})
    for number in range(5):
        prompt = make_prompt(suite, f"p{number}")
        for contender in (quiet, good):
            run.jobs.add(make_rendition(contender, prompt).clip.job)
    clips = Clip.objects.filter(job__contender=quiet)
    clips.update(remarks=[["silent", "nothing above −70 LUFS"]])
    first = clips.order_by("job_id")[0]
    first.remarks = [["silent", "nothing above −70 LUFS"], ["short", "0.04 s of 3 s"]]
    first.save()
    make_rendition(good, make_suite().prompts.get())  # of no run
    heard = "; ".join(f"prompt p{number}: nothing above −70 LUFS" for number in range(3))
    assert summarise_remarks(run) == [
        "quiet: shorter than asked for, 1 clip (prompt p0: 0.04 s of 3 s)",
        f"quiet: silent sound track, 5 clips ({heard}; and 2 more)",
    ]


@pytest.mark.django_db
def test_what_the_changes_of_the_renditions_tell_is_not_said_again() -> None:
    suite, contender = make_suite(), make_contender("square")
    rendition = make_rendition(contender, suite.prompts.get())
    facts = _probe(width=640, height=480, duration_s=2.0, fps=30.0)
    changes = foresee(facts, Profile("ballot", 320, 240, 24), with_sound=True, duration_s=ASKED.duration_s)
    found = find_remarks(ASKED, facts, with_sound=True, loudness_lufs=None, is_still=False)
    Clip.objects.update(remarks=found)
    run = make_run(suite, [contender])
    assert [line.split(",")[0] for line in summarise_remarks(run)] == [
        "square: another frame rate than asked for",
        "square: shorter than asked for",
        "square: silent sound track",
        "square: another size than asked for",
    ]
    Rendition.objects.filter(pk=rendition.pk).update(recipe={"changes": asdict(changes)})
    assert summarise_remarks(run) == [
        "square: silent sound track, 1 clip (prompt p0: nothing above −70 LUFS)"
    ]
    assert describe_changes(run) == [
        "square: 1 clip shown scaled from 640×480 to 320×240; changed from 30 to 24 frames a second; "
        "too short: last picture held for 1.00 s; 3.00 s of silence added"
    ]
