from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from arena.runs.claims import claim_job
from arena.runs.controls import cancel_run, pause_run, resume_run
from arena.runs.driver import produce, retry_failed_jobs
from arena.runs.models import Job, Run
from tests.factories import make_contender, make_job, make_run, make_suite

pytestmark = pytest.mark.django_db


def _run(prompts: int = 2) -> Run:
    suite, contender = make_suite(prompts=prompts), make_contender()
    for prompt in suite.prompts.all():
        make_job(contender, prompt)
    return make_run(suite, [contender])


def _ignore(_: object) -> None:
    pass


@pytest.mark.slow
def test_a_paused_run_begins_no_job_until_it_resumes() -> None:
    run = _run()
    pause_run(run)
    assert produce(run, workers=1, report=_ignore)[Job.State.PLANNED] == 2
    job = run.jobs.earliest("pk")
    assert job.paid_by == run
    assert claim_job(job_id=job.pk) is None
    resume_run(run)
    assert produce(run, workers=1, report=_ignore)[Job.State.SUCCEEDED] == 2


@pytest.mark.slow
def test_a_job_of_two_runs_is_made_by_the_one_that_is_not_paused() -> None:
    first = _run()
    second = make_run(first.suite, list(first.contenders.all()))
    pause_run(first)
    produce(first, workers=1, report=_ignore)
    assert produce(second, workers=1, report=_ignore)[Job.State.SUCCEEDED] == 2


def test_cancelling_ends_what_was_not_begun_and_a_retry_plans_it_again() -> None:
    run = _run(3)
    begun, other, waiting = run.jobs.order_by("pk")
    Job.objects.filter(pk=begun.pk).update(claimed_by="somebody", state=Job.State.RUNNING)
    Job.objects.filter(pk=other.pk).update(paid_by=make_run(run.suite, []))
    assert cancel_run(run) == 1
    states = {job.pk: job.state for job in run.jobs.all()}
    assert states == {begun.pk: "running", other.pk: "planned", waiting.pk: "cancelled"}
    assert "cancelled before" in Job.objects.get(pk=waiting.pk).error_message
    assert retry_failed_jobs(run) == 1
    assert Job.objects.get(pk=waiting.pk).state == Job.State.PLANNED


@pytest.mark.django_db(transaction=True)
def test_the_commands_pause_cancel_and_make_a_planned_run() -> None:
    run, out = _run(), StringIO()
    number = str(run.pk)
    call_command("pause_run", number, stdout=out)
    call_command("make_run", number, "--unless-paused", "--workers=1", stdout=out)
    assert f"Go on with: manage.py make_run {number}" in out.getvalue()
    assert "0 done, 0 failed" in out.getvalue()
    call_command("cancel_run", number, stdout=out)
    assert "2 clips cancelled" in out.getvalue()
    call_command("make_run", number, "--retry-failed", "--workers=1", stdout=out)
    assert "2 done, 0 failed" in out.getvalue()


@pytest.mark.parametrize("command", ["pause_run", "cancel_run", "make_run"])
def test_an_unknown_run_is_named(command: str) -> None:
    with pytest.raises(CommandError, match="Unknown run '77'"):
        call_command(command, "77")
