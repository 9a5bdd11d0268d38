"""The guide's files and commands, as written, against fake providers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from arena.runs.models import Job
from arena.voting.models import Rater, Study
from tests.factories_voting import cast_all_pairs
from tests.providers.clips import make_clips
from tests.providers.contract import variables
from tests.providers.face import KEY
from tests.providers.faults import Fault
from tests.providers.server import Server

GUIDE = (Path(__file__).parents[1] / "docs" / "comparison-models.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line) for line in re.findall(r"^    python manage\.py (.+)$", GUIDE, re.MULTILINE)]
KEYS = re.findall(r"^    export (\w+)=", GUIDE, re.MULTILINE)
CONTENDERS = re.findall(r"^  - contender: (.+)$", GUIDE, re.MULTILINE)
PROVIDERS = re.findall(r"^    generator: (.+)$", GUIDE, re.MULTILINE)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start fake providers in a folder that holds the guide's files, with the keys that it names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", True)
    for name, content in re.findall(r"This is `([\w.]+)`:\n\n```yaml\n(.+?)```", GUIDE, re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    with Server(make_clips(tmp_path)).running() as running:
        for provider in PROVIDERS:
            given = variables(running, provider, tmp_path) | {"HOSTED_POLL_S": "0.01"}
            for name, value in given.items():
                if not name.endswith(("_KEY", "_TOKEN", "_SECRET")):
                    monkeypatch.setenv(name, value)
        for name in KEYS:
            monkeypatch.setenv(name, KEY)
        yield running


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, reset_sequences=True)  # the run has threads and is number 1
def test_the_guide_leads_from_keys_to_a_board(server: Server) -> None:
    said = {command[0]: _follow(command, server) for command in COMMANDS}
    assert "6 done, 0 failed." in said["run_suite"]
    assert sum(face.paid_jobs for face in server.faces.values()) == 6
    rows = Path("board.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 3
    assert all(any(slug in row for row in rows[1:]) for slug in CONTENDERS)
    assert said["export_run"] == "run 1 of trial v1: 6 jobs in run.jsonl.\n"
    assert "clips: 0 equal, 0 different, 6 not repeated" in said["verify_run"]


def _follow(command: list[str], server: Server) -> str:
    """Run one command of the guide, with the fault and the votes that its text speaks of."""
    if command[0] == "resolve_job":
        return ""  # it follows the run whose submission is lost
    if command[0] == "run_suite" and "--dry-run" not in command:
        return _run_with_a_lost_submission(command, server)
    said = _call(command)
    if command[0] == "create_study":
        for _ in range(3):
            cast_all_pairs(Study.objects.get(slug="trial"), Rater.objects.create())
    if "--dry-run" in command:
        assert "total                   6     4.22" in said
    return said


def _run_with_a_lost_submission(command: list[str], server: Server) -> str:
    """Run, settle the submission as the guide tells, and run again."""
    server.faces["fal"].fault = Fault.RESPONSE_LOST
    with pytest.raises(CommandError, match=r"manage\.py resolve_job (\d+) --request-id ID"):
        _call(command)
    (resolve,) = (each for each in COMMANDS if each[0] == "resolve_job")
    assert resolve[1] == "2"
    lost = str(Job.objects.get(state=Job.State.UNKNOWN).pk)  # either job may have been sent first
    assert f"is queued as {resolve[3]}." in _call([resolve[0], lost, *resolve[2:]])
    return _call(command)


def _call(command: list[str]) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def test_the_guide_names_the_keys_of_its_contenders() -> None:
    assert len(COMMANDS) == 9
    assert len(KEYS) == len(set(PROVIDERS)) == len(CONTENDERS) == 3
