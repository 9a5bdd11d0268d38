from __future__ import annotations

from typing import Any

import pytest

from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from arena.runs.runs import CantRun, count_states, plan_run
from generators.base import Track
from tests.factories import make_contender, make_prompt, make_suite
from tests.factories_runs import SMALL

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration_s": 0}, "duration_s must be above 0 and at most 60 s; got 0. Choose another."),
        ({"duration_s": 61}, "duration_s must be above 0 and at most 60 s; got 61. Choose another."),
        (
            {"duration_s": float("nan")},
            "duration_s must be above 0 and at most 60 s; got nan. Choose another.",
        ),
        ({"width": 65}, "width must be even and from 16 to 4096 pixels; got 65. Choose another."),
        ({"height": 14}, "height must be even and from 16 to 4096 pixels; got 14. Choose another."),
        ({"height": 4098}, "height must be even and from 16 to 4096 pixels; got 4098. Choose another."),
        ({"fps": 0}, "fps must be from 1 to 120 frames in a second; got 0. Choose another."),
        ({"fps": 121}, "fps must be from 1 to 120 frames in a second; got 121. Choose another."),
    ],
)
def test_settings_that_no_clip_can_have_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        ClipSettings(**{"duration_s": 1.0, "width": 64, "height": 64, "fps": 12} | fields)
    assert str(caught.value) == message


@pytest.mark.parametrize("seeds", [[0, 0], [-1], [2**53], [2**63]])
def test_seeds_that_no_job_can_have_are_refused(seeds: list[int]) -> None:
    with pytest.raises(
        CantRun, match=r"^seeds must be different whole numbers from 0 to 9007199254740991; got "
    ):
        plan_run(suite=make_suite(), contenders=[], seeds=seeds, track=Track.T2V, clip_settings=SMALL)


def test_an_image_track_needs_an_image_for_every_prompt() -> None:
    suite = make_suite(prompts=2)
    make_prompt(suite, "with", reference_name="ab/cd/abcd.png")
    with pytest.raises(CantRun) as caught:
        plan_run(suite=suite, contenders=[make_contender()], seeds=[], track=Track.I2V, clip_settings=SMALL)
    assert str(caught.value) == "Track i2v needs a reference image, and these prompts have none: p0, p1."
    assert (Run.objects.count(), Job.objects.count()) == (0, 0)


def test_a_run_has_a_job_for_each_contender_prompt_and_seed() -> None:
    suite, contenders = make_suite(prompts=2), [make_contender("a"), make_contender("b")]
    run = plan_run(suite=suite, contenders=contenders, seeds=[0, 3], track=Track.T2V, clip_settings=SMALL)
    jobs = run.jobs.values_list("prompt__key", "seed", "contender__slug")
    assert list(jobs) == [(p, seed, c) for p in ("p0", "p1") for seed in (0, 3) for c in ("a", "b")]
    job = run.jobs.all()[0]
    assert job.settings == {"track": "t2v", "duration_s": 1.0, "width": 64, "height": 64, "fps": 12}
    assert count_states(run) == {Job.State.PLANNED: 8}


def test_without_seeds_each_prompt_brings_its_own() -> None:
    suite = make_suite()
    make_prompt(suite, "many", seeds=[4, 5])
    run = plan_run(suite=suite, contenders=[make_contender()], seeds=[], track=Track.T2V, clip_settings=SMALL)
    assert list(run.jobs.values_list("prompt__key", "seed")) == [("p0", 0), ("many", 4), ("many", 5)]


def test_the_same_run_twice_is_the_same_run() -> None:
    suite, contenders = make_suite(), [make_contender(), make_contender()]
    first = plan_run(suite=suite, contenders=contenders, seeds=[1], track=Track.T2V, clip_settings=SMALL)
    again = plan_run(
        suite=suite, contenders=contenders[::-1], seeds=[1], track=Track.T2V, clip_settings=SMALL
    )
    assert (again, Job.objects.count()) == (first, 2)


def test_a_duration_is_the_same_as_a_whole_number() -> None:
    suite, contenders = make_suite(), [make_contender()]
    runs = {
        plan_run(
            suite=suite,
            contenders=contenders,
            seeds=[],
            track=Track.T2V,
            clip_settings=ClipSettings(duration_s=duration_s, width=64, height=64, fps=12),
        )
        for duration_s in (1, 1.0)
    }
    assert (len(runs), Job.objects.count()) == (1, 1)


def test_runs_share_the_jobs_that_they_have_in_common() -> None:
    suite, a, b = make_suite(), make_contender(), make_contender()
    first = plan_run(suite=suite, contenders=[a], seeds=[0], track=Track.T2V, clip_settings=SMALL)
    second = plan_run(suite=suite, contenders=[a, b], seeds=[0, 1], track=Track.T2V, clip_settings=SMALL)
    assert first != second
    assert (first.jobs.count(), second.jobs.count(), Job.objects.count()) == (1, 4, 4)


@pytest.mark.parametrize("track", [Track.T2V_AUDIO, Track.T2V])
@pytest.mark.parametrize("fps", [12, 24])
def test_other_settings_are_other_jobs(track: Track, fps: int) -> None:
    suite, contenders = make_suite(), [make_contender()]
    usual = plan_run(suite=suite, contenders=contenders, seeds=[], track=Track.T2V, clip_settings=SMALL)
    asked = ClipSettings(duration_s=1.0, width=64, height=64, fps=fps)
    other = plan_run(suite=suite, contenders=contenders, seeds=[], track=track, clip_settings=asked)
    assert (other == usual) is (track == Track.T2V and fps == SMALL.fps)
    assert (other.jobs.get() == usual.jobs.get()) is (other == usual)
