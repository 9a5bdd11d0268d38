"""States of jobs at fake providers, one row of the log for each change."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from arena.runs.models import Job, JobEvent, Run, Submission
from arena.runs.numbers import number_run
from generators.adapters import production
from generators.adapters.jobs import HostedJobs
from tests.factories import make_contender, make_suite
from tests.factories_hosted import make_hosted, run_hosted
from tests.providers.face import Reply
from tests.providers.faults import Fault
from tests.providers.server import Server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lost submissions be looked up at once."""
    monkeypatch.setattr(production, "SETTLING_S", (0.0, 0.0))


def _states() -> list[str]:
    events = JobEvent.objects.order_by("pk")
    return [*(event.was for event in events[:1]), *(event.state for event in events)]


def _end(provider: str, server: Server, fault: Fault, **options: object) -> str:
    """Run one job while its provider has a fault; return the error that the command ends with."""
    make_hosted(provider)
    make_suite("suite")
    server.faces[provider].fault = fault
    with pytest.raises(CommandError) as caught:
        run_hosted(provider, **options)
    return str(caught.value)


@pytest.mark.slow
def test_a_job_goes_through_its_states_with_its_id_and_cost(server: Server) -> None:
    make_hosted("fal")
    make_suite("suite")
    run_hosted("fal")
    assert _states() == ["planned", "submitting", "queued", "running", "succeeded"]
    rows = JobEvent.objects.values_list("state", "request_id", "cost_usd")
    price = Decimal("0.7")
    assert list(rows) == [
        ("submitting", "", price),
        ("queued", "fal-job-1", price),
        ("running", "fal-job-1", price),
        ("succeeded", "fal-job-1", price),
    ]
    submission = Submission.objects.get()
    assert (submission.outcome, submission.cost_usd, submission.run) == ("made", price, Run.objects.get())


def test_a_job_of_this_tree_is_running_at_once() -> None:
    make_contender("truth")
    make_suite("suite")
    run_hosted("truth", size="64x64", fps=12, duration=1.0)
    assert _states() == ["planned", "running", "succeeded"]
    assert set(JobEvent.objects.values_list("request_id", "cost_usd")) == {("", None)}


def test_the_log_can_only_be_added_to(server: Server) -> None:
    make_contender("truth")
    make_suite("suite")
    run_hosted("truth", size="64x64", fps=12, duration=1.0)
    with pytest.raises(IntegrityError, match="production_jobevent is append-only"), transaction.atomic():
        JobEvent.objects.update(state="failed")
    if connection.vendor == "postgresql":
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            JobEvent.objects.all().delete()


@pytest.mark.parametrize(
    ("provider", "fault", "state", "kind", "spent"),
    [
        ("modelark", Fault.REFUSED_AT_SUBMISSION, Job.State.BLOCKED, "moderation", 0),
        ("modelark", Fault.REFUSED_SOUND, Job.State.BLOCKED, "moderation", 1),
        ("modelark", Fault.EXPIRED_LINK, Job.State.EXPIRED, "expired", 1),
        ("modelark", Fault.TRUNCATED, Job.State.FAILED, "invalid_result", 1),
        ("kling", Fault.FAILED, Job.State.FAILED, "provider", 1),
        ("fal", Fault.NO_MONEY, Job.State.FAILED, "quota", 0),
        ("fal", Fault.WRONG_KEY, Job.State.FAILED, "auth", 0),
    ],
)
def test_each_fault_has_its_state_and_costs_what_the_provider_counts(
    provider: str, fault: Fault, state: str, kind: str, spent: int, server: Server
) -> None:
    assert f"{kind}: " in _end(provider, server, fault)
    job = Job.objects.get()
    assert (job.state, job.error_kind, job.claimed_by) == (state, kind, "")
    paid = Submission.objects.exclude(request_id=None).count()
    assert (paid, server.faces[provider].paid_jobs) == (spent, spent)
    assert all(each.cost_usd == 0 for each in Submission.objects.filter(outcome="void"))


def test_an_overdue_job_is_cancelled_at_the_provider(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_DEADLINE_S", "0.2")
    assert "timeout: fal must finish a job within 0.2 s" in _end("fal", server, Fault.STUCK)
    assert [job.is_cancelled for job in server.faces["fal"].jobs.values()] == [True]
    assert (Job.objects.get().state, Submission.objects.get().outcome) == ("cancelled", "ended")


@pytest.mark.slow
def test_an_overdue_job_that_goes_on_is_taken_up_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTED_DEADLINE_S", "0.2")
    _end("kling", server, Fault.STUCK)
    assert (Job.objects.get().state, Submission.objects.get().outcome) == ("expired", "open")
    server.faces["kling"].fault = Fault.NONE
    monkeypatch.delenv("HOSTED_DEADLINE_S")  # a slow machine needs longer for a job that does not hang
    assert "1 done, 0 failed." in run_hosted("kling", retry_failed=True)
    assert server.faces["kling"].paid_jobs == 1


@pytest.mark.slow
def test_a_wait_that_the_provider_asks_for_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("arena.runs.generating.pause", slept.append)
    make_hosted("xai")
    make_suite("suite")
    server.faces["xai"].fault = Fault.RATE_LIMITED
    assert "1 done, 0 failed." in run_hosted("xai")
    assert slept[0] == 7
    outcomes = list(Submission.objects.order_by("pk").values_list("outcome", "cost_usd"))
    assert outcomes == [("void", Decimal(0)), ("made", Decimal("0.7"))]


@pytest.mark.slow
def test_a_wait_longer_than_the_deadline_is_kept_by_the_next_attempt(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("arena.runs.tasks.pause", waits.append)
    reply = Reply(429, {"error": "slow down"}, {"Retry-After": "3600"})
    monkeypatch.setattr(server.faces["xai"], "problem", lambda kind: reply)
    make_hosted("xai")
    make_suite("suite")
    server.faces["xai"].fault = Fault.RATE_LIMITED
    assert "1 done, 0 failed." in run_hosted("xai")
    assert waits == [0, 3600]


@pytest.mark.slow
def test_a_lost_answer_is_looked_up_by_the_log_too(server: Server) -> None:
    make_hosted("kling")
    make_suite("suite")
    server.faces["kling"].fault = Fault.RESPONSE_LOST
    run_hosted("kling")
    assert _states() == ["planned", "submitting", "unknown", "queued", "running", "succeeded"]
    assert server.faces["kling"].paid_jobs == 1


@pytest.mark.slow
def test_a_lost_answer_without_a_list_waits_for_a_person(server: Server) -> None:
    said = _end("fal", server, Fault.RESPONSE_LOST)
    job = Job.objects.get()
    assert said.startswith("The outcome of these submissions is unknown:")
    assert f"manage.py resolve_job {job.pk} --request-id ID takes it up" in said
    assert (job.state, job.claimed_by, number_run(Run.objects.get())[0].unknown) == ("unknown", "", 1)
    with pytest.raises(CommandError, match="outcome of these submissions is unknown"):
        run_hosted("fal")  # it is asked about once more, and not submitted
    assert server.faces["fal"].create_calls == 1
    call_command("resolve_job", job.pk, request_id="fal-job-1")
    assert "1 done, 0 failed." in run_hosted("fal")
    assert server.faces["fal"].create_calls == 1
    assert _states()[-3:] == ["queued", "running", "succeeded"]


@pytest.mark.slow
def test_a_lost_submission_that_created_nothing_is_sent_again_when_a_person_says_so(server: Server) -> None:
    _end("fal", server, Fault.SERVER_ERROR_AT_SUBMISSION)
    job = Job.objects.get()
    call_command("resolve_job", job.pk, failed=True)
    job.refresh_from_db()
    assert (job.state, Submission.objects.get().cost_usd) == ("failed", Decimal(0))
    assert "1 done, 0 failed." in run_hosted("fal", retry_failed=True)
    assert server.faces["fal"].paid_jobs == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"request_id": ""}, "--request-id must have 1 to 200 characters; got 0."),
        ({"request_id": "fal-job-2"}, r"--request-id must be an id that no other job has; fal-job-2 is that"),
    ],
)
def test_an_id_that_can_not_be_the_lost_jobs_is_refused(
    options: dict[str, str], message: str, server: Server
) -> None:
    _end("fal", server, Fault.RESPONSE_LOST)
    lost = Job.objects.get()
    server.faces["fal"].fault = Fault.NONE
    with pytest.raises(CommandError):
        run_hosted("fal", seeds="0,5")
    with pytest.raises(CommandError, match=message):
        call_command("resolve_job", lost.pk, **options)


@pytest.mark.slow
def test_only_a_job_of_unknown_outcome_is_resolved(server: Server) -> None:
    make_hosted("fal")
    make_suite("suite")
    run_hosted("fal")
    job = Job.objects.get()
    with pytest.raises(
        CommandError, match=r"must be of unknown outcome; it is succeeded\. Of unknown outcome: none"
    ):
        call_command("resolve_job", job.pk, failed=True)
    with pytest.raises(CommandError, match="there is no such job"):
        call_command("resolve_job", job.pk + 1, request_id="x")


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.slow
@pytest.mark.parametrize("step", ["poll", "fetch"])
def test_a_job_goes_on_by_its_stored_id(step: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    make_hosted("fal")
    make_suite("suite")

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(HostedJobs, step, die)
        with pytest.raises(Killed):
            run_hosted("fal")
    assert Submission.objects.get().request_id == "fal-job-1"
    assert Job.objects.get().state in ("queued", "running")
    assert "1 done, 0 failed." in run_hosted("fal")
    assert server.faces["fal"].create_calls == 1


@pytest.mark.slow
def test_refusals_are_told_for_each_contender_and_keep_the_prompts_of_the_others(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for provider in ("fal", "modelark"):
        make_hosted(provider)
    make_suite("suite", prompts=3)
    server.faces["modelark"].fault = Fault.REFUSED_SOUND
    with pytest.raises(CommandError) as caught:
        call_command(
            "run_suite", "suite", contenders="fal,modelark", track="t2v-audio", size="128x72", fps=24,
            duration=5.0, workers=1, concurrency=1,
        )  # fmt: skip
    said = capsys.readouterr().out
    assert "modelark: moderation refused 3 of 3 clips (prompts p0, p1, p2); other contenders keep" in said
    assert len(re.findall("moderation: BytePlus", str(caught.value))) == 3
    assert [row.split()[:5] for row in said.splitlines() if row.startswith(("fal ", "modelark "))] == [
        ["fal", "3", "0", "0", "0"],
        ["modelark", "0", "0", "3", "0"],
    ]


@pytest.mark.slow
def test_a_clip_that_is_stored_needs_no_journal(server: Server, tmp_path: Path) -> None:
    make_hosted("fal")
    make_suite("suite")
    run_hosted("fal")
    assert not (tmp_path / "jobs").exists()
