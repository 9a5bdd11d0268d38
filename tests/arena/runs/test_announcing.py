from __future__ import annotations

import json

import pytest

from arena.runs.claims import claim_job, give_up_job
from arena.runs.controls import cancel_run
from arena.runs.driver import retry_failed_jobs
from arena.runs.models import Job, Run
from arena.runs.states import change_states
from arena.webhooks.endpoints import add_endpoint
from arena.webhooks.models import Delivery
from tests.factories import make_contender, make_job, make_run, make_suite

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    add_endpoint(address="https://example.org/hook", events=["run.finished"])
    suite, contender = make_suite(prompts=3), make_contender("secret-model")
    for prompt in suite.prompts.all():
        make_job(contender, prompt)
    return make_run(suite, [contender])


def _told() -> list[dict[str, object]]:
    rows = Delivery.objects.order_by("pk").values_list("payload", flat=True)
    return [json.loads(payload)["data"] for payload in rows]


def test_a_run_is_finished_with_its_last_job_and_names_no_contender(run: Run) -> None:
    first, second, third = run.jobs.order_by("pk")
    for job in (first, second):
        change_states(Job.objects.filter(pk=job.pk), Job.State.SUCCEEDED)
    assert _told() == []
    change_states(Job.objects.filter(pk=third.pk), Job.State.FAILED, {"error_kind": "settings"})
    suite = f"{run.suite.name}@{run.suite.version}"
    assert _told() == [
        {"run": run.pk, "suite": suite, "track": run.track, "jobs": {"succeeded": 2, "failed": 1}}
    ]
    assert "secret-model" not in Delivery.objects.get().payload


def test_a_job_that_ends_twice_is_told_once_and_a_retry_again(run: Run) -> None:
    cancel_run(run)
    change_states(run.jobs.all(), Job.State.CANCELLED)
    assert len(_told()) == 1
    retry_failed_jobs(run)
    assert len(_told()) == 1
    change_states(run.jobs.all(), Job.State.SUCCEEDED)
    assert [told["jobs"] for told in _told()] == [{"cancelled": 3}, {"succeeded": 3}]


def test_a_claimed_job_that_fails_last_ends_the_run(run: Run) -> None:
    *others, last = run.jobs.order_by("pk")
    change_states(Job.objects.filter(pk__in=[job.pk for job in others]), Job.State.SUCCEEDED)
    job = claim_job(job_id=last.pk)
    assert job is not None
    assert _told() == []
    assert give_up_job(job=job, state=Job.State.FAILED, error_kind="settings", error_message="no")
    assert [told["jobs"] for told in _told()] == [{"succeeded": 2, "failed": 1}]


def test_a_shared_job_finishes_both_of_its_runs(run: Run) -> None:
    other = make_run(run.suite, list(run.contenders.all()))
    change_states(run.jobs.all(), Job.State.SUCCEEDED)
    assert [told["run"] for told in _told()] == sorted([run.pk, other.pk])
