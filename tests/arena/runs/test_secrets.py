"""No key and no signature of a link is in logs, messages, database, media or manifests after hosted runs."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from arena.runs import tasks
from arena.runs.models import Clip, Job, Run
from tests.factories import make_suite
from tests.factories_hosted import make_hosted, run_hosted
from tests.providers.contract import MODELS, key_variable
from tests.providers.face import SIGNATURE, Received, Reply
from tests.providers.faults import Fault
from tests.providers.server import Server
from tests.secret_traces import find_traces, spellings, stored_files, stored_rows

pytestmark = pytest.mark.django_db
FAULTS = (
    Fault.WRONG_KEY,
    Fault.REFUSED_AT_SUBMISSION,
    Fault.REFUSED_AT_RESULT,
    Fault.FAILED,
    Fault.HTML,
    Fault.FOREIGN_REDIRECT,
    Fault.NONE,
)


@pytest.fixture
def keys(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give each provider a key of its own, which its answers and errors repeat."""
    found = []
    for provider, face in server.faces.items():
        face.key = f"sk+{provider}/7f3c9a52=="
        found.append(face.key)
        monkeypatch.setenv(key_variable(provider), face.key)
        monkeypatch.setattr(face, "handle", _repeating(face.handle, face.key))
    return found


def _repeating(handle: Any, key: str) -> Any:  # noqa: ANN401 - functions of a face
    """Return a face's `handle` whose answers hold the key in several spellings."""
    spelt = {
        "note": f"called with {key}",
        "quoted": quote(key, safe=""),
        "coded": b64encode(key.encode()).decode(),
    }

    def handle_and_repeat(request: Received) -> Reply:
        reply: Reply = handle(request)
        if not isinstance(reply.body, dict):
            return reply
        body = {name: _told(value, key) for name, value in reply.body.items()}
        return replace(reply, body={**body, "debug": {"authorization": f"Bearer {key}", **spelt}})

    return handle_and_repeat


def _told(value: Any, key: str) -> Any:  # noqa: ANN401 - JSON
    """Return an answer in which each sentence ends with the key."""
    if isinstance(value, Mapping):
        return {name: _told(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_told(item, key) for item in value]
    return f"{value} ({key})" if isinstance(value, str) and " " in value else value


@pytest.mark.slow
def test_no_secret_is_in_what_hosted_runs_leave(
    server: Server,
    keys: list[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "BACKOFF_S", 0)
    caplog.set_level(logging.DEBUG)
    for provider in MODELS:
        make_hosted(provider)
    make_suite("suite")
    said = []
    for fault in FAULTS:
        for face in server.faces.values():
            face.fault = fault
        said.append(_run())
    call_command("export_run", str(Run.objects.get().pk), output=tmp_path / "run.jsonl")
    places = {
        "messages": "\n".join(said).encode(),
        "logs": caplog.text.encode(),
        **stored_rows(),
        **dict(stored_files(Path(settings.DATA_DIR), tmp_path)),
    }

    assert Clip.objects.count() == len(MODELS)
    assert len(caplog.records) >= len(FAULTS) * len(MODELS)
    assert "moderation" in said[1]
    assert any(place.endswith("run.jsonl") for place in places)
    assert sum(place.endswith(".mp4") for place in places) >= 2  # equal clips share a file
    assert find_traces([*keys, SIGNATURE], places) == []


def _run() -> str:
    """Run all hosted contenders again, and return what is said."""
    try:
        return run_hosted(",".join(MODELS), retry_failed=True)
    except CommandError as error:
        return str(error)


@pytest.mark.parametrize("spelling", sorted(spellings("sk+fal/7f3c9a52==")))
def test_the_scan_finds_a_planted_key_in_each_spelling(spelling: bytes, tmp_path: Path) -> None:
    key, text = "sk+fal/7f3c9a52==", f"before {spelling.decode()} after"
    make_suite(text)
    storages["originals"].save("planted.mp4", ContentFile(b"\0" + text.encode()))
    (tmp_path / "run.jsonl").write_text(text, encoding="utf-8")
    places = {**stored_rows(), **dict(stored_files(Path(settings.DATA_DIR), tmp_path))}
    found = find_traces([key], {**places, "logs": text.encode()})
    assert {place.rpartition("/")[2] for place in found} >= {
        "table catalog_suite", "planted.mp4", "run.jsonl", "logs"
    }  # fmt: skip
    assert find_traces(["another"], places) == []


def test_a_key_in_base64_is_found_wherever_it_begins() -> None:
    for before in range(6):
        text = b64encode(b"x" * before + b"sk+fal/7f3c9a52==" + b"after")
        assert find_traces(["sk+fal/7f3c9a52=="], {"place": text}) == ["place"]
    assert Job.objects.count() == 0
