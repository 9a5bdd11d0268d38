"""Every adapter against every fault. The outcomes are also the table in docs/adapters.md."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from generators import registry
from generators.adapters.hosted import Hosted
from generators.base import file_sha256
from generators.results import check_result
from tests.providers.contract import MODELS, Outcome, attempt_with_fault, make_request
from tests.providers.face import KEY, RETRY_AFTER_S, SIGNATURE
from tests.providers.faults import Fault
from tests.providers.server import Server
from tests.providers.table import read_table

EXPECTED = {
    Fault.NONE: "clip; 1 paid",
    Fault.LATENCY: "clip; 1 paid",
    Fault.RATE_LIMITED: "clip; 1 paid",
    Fault.SERVER_ERROR_AT_SUBMISSION: "clip; 1 paid",
    Fault.SERVER_ERROR_WHILE_POLLING: "clip; 1 paid",
    Fault.RESPONSE_LOST: "clip; 1 paid",
    Fault.STUCK: "timeout; 1 paid",
    Fault.REFUSED_AT_SUBMISSION: "moderation of the prompt; 0 paid",
    Fault.REFUSED_AT_RESULT: "moderation of the clip; 1 paid",
    Fault.REFUSED_SOUND: "moderation of the sound; 1 paid",
    Fault.EXPIRED_LINK: "expired; 1 paid",
    Fault.LINK_EXPIRED_ONCE: "clip; 1 paid",
    Fault.TRUNCATED: "invalid_result; 1 paid",
    Fault.CUT_OFF: "clip; 1 paid",
    Fault.HTML: "invalid_result; 1 paid",
    Fault.WRONG_DURATION: "clip without duration_s; 1 paid",
    Fault.NO_SOUND: "clip without sound; 1 paid",
    Fault.UNKNOWN_STATUS: "timeout; 1 paid",
    Fault.FOREIGN_REDIRECT: "unsafe_address; 1 paid",
    Fault.PRIVATE_REDIRECT: "unsafe_address; 1 paid",
    Fault.WRONG_KEY: "auth; 0 paid",
    Fault.NO_MONEY: "quota; 0 paid",
    Fault.FAILED: "transient; 1 paid",
}
WITHOUT_LIST = ("fal", "gemini", "runway", "xai")
WITHOUT_CANCEL = ("kling", "xai")
EXCEPTIONS = {
    # Where no list exists, what may have been accepted is held for a person.
    **{(provider, Fault.RESPONSE_LOST): "unknown_outcome; 1 paid" for provider in WITHOUT_LIST},
    **{(provider, Fault.SERVER_ERROR_AT_SUBMISSION): "unknown_outcome; 0 paid" for provider in WITHOUT_LIST},
    # Kling gives a failed job a reason in words, and no code that promises more of another try.
    ("kling", Fault.FAILED): "provider; 1 paid",
    # These do not tell a refused sound from a refused clip.
    **{
        (provider, Fault.REFUSED_SOUND): "moderation of the clip; 1 paid"
        for provider in ("gemini", "minimax", "xai")
    },
    # Replicate has one text for all refusals, and like Runway refuses a prompt after it took the job.
    ("replicate", Fault.REFUSED_AT_SUBMISSION): "moderation of the prompt or clip; 1 paid",
    ("replicate", Fault.REFUSED_AT_RESULT): "moderation of the prompt or clip; 1 paid",
    ("replicate", Fault.REFUSED_SOUND): "moderation of the prompt or clip; 1 paid",
    ("runway", Fault.REFUSED_AT_SUBMISSION): "moderation of the prompt; 1 paid",
}
CASES = [(provider, fault) for provider in MODELS for fault in Fault]


@pytest.mark.parametrize(("provider", "fault"), CASES, ids=lambda value: str(getattr(value, "name", value)))
def test_each_fault_has_its_outcome_and_no_job_is_paid_twice(
    provider: str, fault: Fault, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outcome = attempt_with_fault(server, provider, fault, tmp_path)
    assert str(outcome) == EXCEPTIONS.get((provider, fault), EXPECTED[fault])
    assert read_table()[fault.value][provider] == str(outcome), "run: python -m tests.providers.table"
    _require_no_second_payment(server, provider)
    _require_no_leak(server, provider, outcome, tmp_path, caplog.text)
    _require_whole_files_only(outcome, tmp_path)


def _require_no_second_payment(server: Server, provider: str) -> None:
    face = server.faces[provider]
    assert face.paid_jobs == face.create_calls - face.refused_create_calls
    assert face.paid_jobs <= 1


def _require_no_leak(server: Server, provider: str, outcome: Outcome, folder: Path, log: str) -> None:
    """Neither the key nor a signed link is stored, logged or sent where it does not belong."""
    stored = "".join(path.read_text() for path in folder.rglob("*.json"))
    told = str(outcome.error)
    if outcome.result is not None:
        told = json.dumps(outcome.result.provenance.as_dict())
    assert all(secret not in stored + told for secret in (KEY, SIGNATURE))
    assert KEY not in log
    face = server.faces[provider]
    downloads = [each for each in face.received if each.path == "/media"]
    assert face.media_need_key or not any(
        KEY in value for each in downloads for value in each.headers.values()
    )
    assert server.foreign_requests == []


def _require_whole_files_only(outcome: Outcome, folder: Path) -> None:
    files = sorted((folder / "clips").glob("*"))
    if outcome.result is None:
        assert files == []
        return
    assert files == [outcome.result.path]
    assert outcome.result.provenance.sha256 == file_sha256(outcome.result.path)
    assert check_result(outcome.result).provenance["provider_request_id"]


def test_the_table_has_every_adapter_and_every_fault() -> None:
    hosted = [entry.name for entry in registry.IN_TREE if issubclass(entry.load(), Hosted)]
    assert hosted == sorted(MODELS)
    assert {fault: sorted(cells) for fault, cells in read_table().items()} == {
        fault.value: sorted(MODELS) for fault in Fault
    }


@pytest.mark.parametrize("provider", MODELS)
def test_a_rate_limit_is_waited_out(provider: str, server: Server, tmp_path: Path) -> None:
    outcome = attempt_with_fault(server, provider, Fault.RATE_LIMITED, tmp_path)
    assert RETRY_AFTER_S in outcome.clock.slept


@pytest.mark.parametrize("provider", MODELS)
def test_an_overdue_job_is_cancelled_where_that_can_be_done(
    provider: str, server: Server, tmp_path: Path
) -> None:
    outcome = attempt_with_fault(server, provider, Fault.STUCK, tmp_path)
    [job] = server.faces[provider].jobs.values()
    can_cancel = provider not in WITHOUT_CANCEL
    assert job.is_cancelled == can_cancel
    assert ("It was cancelled." if can_cancel else "another attempt resumes it") in str(outcome.error)


@pytest.mark.parametrize("provider", MODELS)
def test_a_clip_tells_its_request_its_cost_and_its_times(
    provider: str, server: Server, tmp_path: Path
) -> None:
    result = attempt_with_fault(server, provider, Fault.NONE, tmp_path).result
    assert result is not None
    origin = result.provenance
    assert make_request().prompt in json.dumps(origin.resolved["request"])
    assert origin.resolved["response"]
    assert origin.provider_request_id == f"{provider}-job-1"
    assert set(origin.resolved["times_s"]) == {"submit", "queue", "run", "download"}  # type: ignore[call-overload]
    assert origin.cost_usd is None or origin.cost_usd > 0
    assert (origin.cost_usd is None) == ("unknown" in str(origin.resolved["cost"]))
