"""A job that is interrupted at any point is finished later without a second payment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from generators.adapters.jobs import HostedJobs
from generators.adapters.journal import Journal
from generators.records import Entry
from tests.providers.contract import (
    MODELS,
    attempt,
    attempt_with_fault,
    connected,
    create,
    make_request,
    variables,
)
from tests.providers.face import Reply
from tests.providers.faults import Fault
from tests.providers.server import Server

LISTED = [provider for provider in MODELS if provider not in ("fal", "gemini", "runway", "xai")]
WORK = """
import sys
from pathlib import Path
from tests.providers.contract import create, make_request
create(sys.argv[1]).generate(make_request(), Path(sys.argv[2]))
"""


class Killed(BaseException):
    """Stands for the end of the process."""


def _kill_at(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, call: int = 1) -> None:
    """Make the given call of a method raise instead."""
    real, calls = getattr(owner, name), [0]

    def method(*arguments: object) -> object:
        calls[0] += 1
        if calls[0] == call:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(owner, name, method)


def _entry(folder: Path) -> tuple[Path, dict[str, object]]:
    [path] = (folder / "jobs").glob("*.json")
    return path, json.loads(path.read_text())


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("step", ["poll", "fetch"])
def test_a_job_goes_on_after_a_kill(
    provider: str, step: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _kill_at(patched, HostedJobs, step)
        with pytest.raises(Killed):
            attempt(server, provider, tmp_path)
    assert str(attempt(server, provider, tmp_path)) == "clip; 1 paid"
    assert server.faces[provider].create_calls == 1


@pytest.mark.parametrize("provider", LISTED)
def test_a_kill_between_acceptance_and_record_is_made_good_by_the_providers_list(
    provider: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _kill_at(patched, Journal, "write", call=2)
        with pytest.raises(Killed):
            attempt(server, provider, tmp_path)
    assert _entry(tmp_path)[1]["request_id"] is None
    assert str(attempt(server, provider, tmp_path)) == "clip; 1 paid"
    assert server.faces[provider].create_calls == 1


def test_without_a_list_a_lost_job_waits_for_a_person_who_names_it(server: Server, tmp_path: Path) -> None:
    lost = attempt_with_fault(server, "fal", Fault.RESPONSE_LOST, tmp_path)
    path, entry = _entry(tmp_path)
    assert f"write its id under 'request_id' in {path}, or delete that file" in str(lost.error)
    assert str(attempt(server, "fal", tmp_path)) == "unknown_outcome; 1 paid"
    path.write_text(json.dumps({**entry, "request_id": "fal-job-1"}))
    assert str(attempt(server, "fal", tmp_path)) == "clip; 1 paid"
    assert server.faces["fal"].create_calls == 1


def test_a_lost_job_that_a_person_finds_to_be_none_is_submitted(server: Server, tmp_path: Path) -> None:
    attempt_with_fault(server, "fal", Fault.SERVER_ERROR_AT_SUBMISSION, tmp_path)
    _entry(tmp_path)[0].unlink()
    assert str(attempt(server, "fal", tmp_path)) == "clip; 1 paid"


def test_a_lost_submission_too_old_to_be_listed_waits_for_a_person(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _kill_at(patched, HostedJobs, "submit")
        with pytest.raises(Killed):
            attempt(server, "modelark", tmp_path)
    path, entry = _entry(tmp_path)
    path.write_text(json.dumps({**entry, "submitted_at": time.time() - 86_400}))
    assert str(attempt(server, "modelark", tmp_path)) == "unknown_outcome; 0 paid"


def test_a_finished_clip_is_fetched_again_and_not_made_again(server: Server, tmp_path: Path) -> None:
    first, second = (attempt(server, "modelark", tmp_path).result for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.provenance.sha256 == second.provenance.sha256
    assert server.faces["modelark"].create_calls == 1


def test_an_overdue_job_that_cannot_be_cancelled_brings_its_clip_later(
    server: Server, tmp_path: Path
) -> None:
    attempt_with_fault(server, "kling", Fault.STUCK, tmp_path)
    server.faces["kling"].fault = Fault.NONE
    assert str(attempt(server, "kling", tmp_path)) == "clip; 1 paid"


def test_a_job_that_goes_on_after_its_cancellation_is_not_forgotten(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = server.faces["fal"]
    monkeypatch.setattr(face, "_cancel", lambda *_: Reply(202, {"status": "CANCELLATION_REQUESTED"}))
    late = attempt_with_fault(server, "fal", Fault.STUCK, tmp_path)
    assert "another attempt resumes it" in str(late.error)
    face.fault = Fault.NONE
    assert str(attempt(server, "fal", tmp_path)) == "clip; 1 paid"


def test_a_wait_longer_than_the_deadline_is_left_to_the_caller(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Retry-After": "3600"}
    monkeypatch.setattr(
        server.faces["xai"], "problem", lambda kind: Reply(429, {"error": "slow down"}, headers)
    )
    outcome = attempt_with_fault(server, "xai", Fault.RATE_LIMITED, tmp_path)
    assert (str(outcome), outcome.clock.slept) == ("transient; 0 paid", [])
    assert outcome.error is not None
    assert outcome.error.retryable
    assert list((tmp_path / "jobs").glob("*.json")) == []


@pytest.mark.parametrize("fault", [Fault.REFUSED_AT_RESULT, Fault.EXPIRED_LINK, Fault.FAILED])
def test_after_a_job_that_ended_without_a_clip_another_one_may_be_asked_for(
    fault: Fault, server: Server, tmp_path: Path
) -> None:
    attempt_with_fault(server, "modelark", fault, tmp_path)
    server.faces["modelark"].fault = Fault.NONE
    assert str(attempt(server, "modelark", tmp_path)) == "clip; 2 paid"


def test_a_link_older_than_the_providers_links_is_not_asked_for_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _kill_at(patched, HostedJobs, "fetch")
        with pytest.raises(Killed):
            attempt(server, "modelark", tmp_path)
    path, entry = _entry(tmp_path)
    path.write_text(json.dumps({**entry, "submitted_at": time.time() - 30 * 3600}))
    outcome = attempt_with_fault(server, "modelark", Fault.EXPIRED_LINK, tmp_path)
    assert (str(outcome), outcome.clock.slept[2:]) == ("expired; 1 paid", [])
    assert "keeps the link to a clip for 24 h; modelark-job-1 was submitted 30 h ago" in str(outcome.error)


def test_another_clips_job_is_not_taken_for_the_lost_one(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt(server, "model-studio", tmp_path)
    with monkeypatch.context() as patched:
        _kill_at(patched, HostedJobs, "submit")
        with pytest.raises(Killed):
            attempt(server, "model-studio", tmp_path, make_request(seed=8))
    assert str(attempt(server, "model-studio", tmp_path, make_request(seed=8))) == "clip; 2 paid"


@pytest.mark.slow
@pytest.mark.parametrize("provider", LISTED)
@pytest.mark.parametrize("age_s", [0, 7200])
def test_a_lost_job_is_found_on_any_page_of_the_list(
    provider: str, age_s: int, server: Server, tmp_path: Path
) -> None:
    face = server.faces[provider]
    attempt(server, provider, tmp_path / "elsewhere", make_request(seed=8, prompt="Another.", duration_s=6.0))
    [other] = face.jobs.values()
    for number in range(120):
        face.jobs[f"old-{number}"] = replace(other, id=f"old-{number}", created_at=other.created_at - age_s)
    lost = attempt_with_fault(server, provider, Fault.RESPONSE_LOST, tmp_path)
    assert str(lost) == "clip; 122 paid"
    assert face.create_calls == 2


def test_a_list_without_an_end_leaves_the_job_to_a_person(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.faces["kling"], "page", lambda *_: [{"task_id": "other"}] * 100)
    lost = attempt_with_fault(server, "kling", Fault.RESPONSE_LOST, tmp_path)
    assert str(lost) == "unknown_outcome; 1 paid"
    assert "The provider's list must end within 50 pages" in str(lost.error)


@pytest.mark.parametrize("provider", MODELS)
def test_a_delivered_clip_whose_link_is_gone_may_be_made_again(
    provider: str, server: Server, tmp_path: Path
) -> None:
    attempt(server, provider, tmp_path)
    face = server.faces[provider]
    media, gone = face.media, Reply(404, b"")
    face.media = lambda headers: (gone, None) if len(face.jobs) == 1 else media(headers)  # type: ignore[method-assign]
    assert str(attempt(server, provider, tmp_path)) == "clip; 2 paid"


def test_a_request_that_turns_out_invalid_later_is_not_waited_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = server.faces["fal"]
    monkeypatch.setattr(face, "_result", lambda *_: face.problem("invalid"))
    outcome = attempt(server, "fal", tmp_path)
    assert str(outcome) == "invalid_input; 1 paid"
    assert len(outcome.clock.slept) == 2


def test_two_jobs_that_may_be_the_lost_one_wait_for_a_person(server: Server, tmp_path: Path) -> None:
    face = server.faces["model-studio"]
    attempt(server, "model-studio", tmp_path / "elsewhere")
    lost = attempt_with_fault(server, "model-studio", Fault.RESPONSE_LOST, tmp_path)
    assert str(lost) == "unknown_outcome; 2 paid"
    assert "2 jobs there may be it: model-studio-job-1, model-studio-job-2" in str(lost.error)
    assert face.create_calls == 2


def test_the_reference_image_may_lie_elsewhere_when_a_job_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        image = tmp_path / folder / "frame.png"
        image.write_bytes(b"\x89PNG, as far as its first bytes say")
        requests.append(make_request(track="i2v-audio", reference_image=image))
    with monkeypatch.context() as patched:
        _kill_at(patched, HostedJobs, "poll")
        with pytest.raises(Killed):
            attempt(server, "fal", tmp_path, requests[0])
    assert str(attempt(server, "fal", tmp_path, requests[1])) == "clip; 1 paid"


def test_a_job_is_one_call_for_each_step_and_any_process_can_take_the_next(
    server: Server, tmp_path: Path
) -> None:
    with connected(server, "kling", tmp_path):
        hosted = create("kling")
        ask = hosted.fit(make_request())
        with HostedJobs(hosted.provider, hosted.require_ready()) as jobs:
            request_id = jobs.submit(ask, "our-handle")
            assert jobs.find(ask, "our-handle", time.time()) == [request_id]
            assert jobs.find(ask, "another-handle", time.time()) == []
        with HostedJobs(hosted.provider, hosted.require_ready()) as jobs:
            states = [jobs.poll(ask, request_id) for _ in range(3)]
            assert [report.state for report in states] == ["queued", "running", "succeeded"]
            jobs.fetch(states[-1], tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes() == server.faces["kling"].clips.whole


def test_an_entry_is_whole_or_not_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs")
    assert journal.read("key") is None
    entry = Entry("fal", "model", "handle", 1.5)
    journal.write("key", entry)
    journal.write("key", entry.accepted("id"))
    assert journal.read("key") == entry.accepted("id")
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["key.json"]
    assert (journal.known_ids("fal"), journal.known_ids("kling")) == ({"id"}, set())


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["fal", "modelark"])
def test_a_process_that_is_killed_while_it_waits_leaves_a_job_that_the_next_one_finishes(
    provider: str, server: Server, tmp_path: Path
) -> None:
    face = server.faces[provider]
    face.fault = Fault.STUCK
    environment = {**os.environ, **variables(server, provider, tmp_path), "HOSTED_POLL_S": "0.05"}
    arguments = [sys.executable, "-c", WORK, provider, str(tmp_path / "clips")]
    process = subprocess.Popen(arguments, env=environment, cwd=Path(__file__).parents[3])
    until = time.monotonic() + 60
    while not any(job.polls for job in list(face.jobs.values())) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    face.fault = Fault.NONE
    subprocess.run(arguments, env=environment, cwd=Path(__file__).parents[3], check=True)
    assert (face.paid_jobs, face.create_calls) == (1, 1)
    assert [path.suffix for path in (tmp_path / "clips").iterdir() if path.suffix != ".part"] == [".mp4"]
