from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from arena.runs.models import Job, JobEvent, Run, Submission
from arena.runs.numbers import ContenderNumbers, describe_numbers, number_run
from tests.factories import make_contender, make_job, make_run, make_suite

pytestmark = pytest.mark.django_db


def _make(states: list[str]) -> Run:
    """Make a run of one contender with a job in each of the states."""
    contender, suite = make_contender("fal"), make_suite("suite", prompts=len(states))
    for prompt, state in zip(suite.prompts.all(), states, strict=True):
        make_job(contender, prompt, state=state)
    return make_run(suite, [contender])


def _end(job: Job, *, before_s: float) -> None:
    """Add the row of the log that says that a job succeeded so long ago."""
    with time_machine.travel(timezone.now() - timedelta(seconds=before_s)):
        JobEvent.objects.create(job=job, was="running", state="succeeded")


def _row(**fields: object) -> ContenderNumbers:
    plain: dict[str, object] = {
        "contender": "fal", "total": 4, "done": 1, "failed": 0, "blocked": 0, "unknown": 0,
        "spent_usd": Decimal("1.4"), "left_s": None,
    }  # fmt: skip
    return ContenderNumbers(**{**plain, **fields})  # type: ignore[arg-type]


def test_every_state_is_counted_once() -> None:
    run = _make([state for state in Job.State if state != Job.State.RETIRED])
    [row] = number_run(run)
    assert (row.total, row.done, row.failed, row.blocked, row.unknown, row.left) == (10, 1, 3, 1, 1, 5)


def test_what_was_spent_is_the_cost_or_the_estimate_until_it_is_known() -> None:
    run = _make(["running", "succeeded", "failed"])
    for job, cost in zip(run.jobs.order_by("pk"), (None, "0.5", "0"), strict=True):
        Submission.objects.create(
            job=job, run=run, provider="fal", model="m", handle=str(job.pk), submitted_at=timezone.now(),
            reserved_usd="0.7", cost_usd=cost, outcome="open" if cost is None else "ended",
        )  # fmt: skip
    assert number_run(run)[0].spent_usd == Decimal("1.2")


def test_the_time_left_follows_from_the_pace_of_the_latest_jobs() -> None:
    run = _make(["succeeded", "succeeded", "succeeded", "planned", "running"])
    for job, before_s in zip(run.jobs.order_by("pk")[:3], (50, 30, 10), strict=True):
        _end(job, before_s=before_s)
    [row] = number_run(run)
    assert row.left_s == pytest.approx(40, abs=0.5)


def test_there_is_no_pace_before_two_jobs_have_ended() -> None:
    assert number_run(_make(["planned", "planned"]))[0].left_s is None


def test_nothing_left_takes_no_time() -> None:
    assert number_run(_make(["succeeded"]))[0].left_s == 0


def test_the_table_has_a_line_for_each_contender() -> None:
    rows = [_row(left_s=3725.4), _row(contender="happyhorse", total=1), _row(contender="new")]
    assert list(describe_numbers(rows)) == [
        "contender    done  failed  blocked  open      USD  time left",
        "fal             1       0        0     3     1.40    1:02:05",
        "happyhorse      1       0        0     0     1.40          -",
        "new             1       0        0     3     1.40          ?",
    ]
