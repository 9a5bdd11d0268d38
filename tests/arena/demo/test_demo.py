from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.models import Contender
from arena.demo.management.commands import demo
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Rendition
from arena.voting.models import Study, Vote
from tests.factories import write_file
from tests.factories_serving import free_port

FOUR = {"truth", "late-sound", "stutter", "wrong-attributes"}
SUITE = """\
suite: toy-world
title: One scene
language: en
seeds: [0]
prompts:
  - id: red-circle
    text: a large red circle bouncing right quickly on a white background
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One prompt, short clips, and the demo's own contenders."""
    contenders = (demo.SUITES / "toy-world.contenders.yaml").read_text(encoding="utf-8")
    write_file(tmp_path / "toy-world.contenders.yaml", contenders)
    write_file(tmp_path / "toy-world.yaml", SUITE)
    monkeypatch.setattr(demo, "SUITES", tmp_path)
    monkeypatch.setattr(demo, "CLIP_SETTINGS", ClipSettings(duration_s=0.5, width=128, height=128, fps=8))


@pytest.mark.usefixtures("small")
def test_without_happyhorse_it_needs_no_torch_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    call_command("demo", no_serve=True, without="happyhorse")
    assert set(Contender.objects.values_list("slug", flat=True)) == FOUR
    assert set(Study.objects.get(slug="demo-small").contenders.values_list("slug", flat=True)) == FOUR
    assert {job.state for job in Job.objects.all()} == {Job.State.SUCCEEDED}
    told = " ".join(capsys.readouterr().out.split())
    assert "4 of 8 contenders are left out: HappyHorse's need PyTorch. Add them: make demo" in told


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_small_demo_and_the_whole_one_have_studies_of_their_own() -> None:
    call_command("demo", no_serve=True, without="happyhorse", votes=3)
    assert set(Study.objects.values_list("slug", flat=True)) == {"demo-small", "demo-small-simulated"}
    call_command("demo", no_serve=True)
    assert Study.objects.get(slug="demo").contenders.count() == 8
    assert Vote.objects.filter(ballot__study__slug="demo-small-simulated").count() == 3


def test_without_torch_it_stops_before_the_work_and_names_both_remedies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CommandError, match=r"make demo\. Or leave them out: demo --without happyhorse"):
        call_command("demo", no_serve=True)
    assert not Contender.objects.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_demo_of_an_earlier_suite_is_kept_and_no_clip_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    call_command("demo", no_serve=True, without="happyhorse")
    clips = Job.objects.count()
    more = "  - id: blue-circle\n    text: a large blue circle bouncing right quickly on a white background\n"
    write_file(tmp_path / "toy-world.yaml", SUITE + more)
    with pytest.raises(
        CommandError, match="'demo-small' must be of the suite 'toy-world', version 2; got one"
    ):
        call_command("demo", no_serve=True, without="happyhorse")
    assert Job.objects.count() == clips


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_variants_are_made_beside_the_server_so_that_it_starts_as_soon_as_there_are_clips(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("demo", no_serve=True, without="happyhorse")
    number = Rendition.objects.count()
    assert number == Rendition.objects.filter(variants=[]).count() > 0
    assert f"{number} clips have no variants yet. Make them: manage.py make_variants" in _told(capsys)
    started: list[list[str]] = []

    def start(command: list[str], **_: object) -> subprocess.Popen[bytes]:
        started.append(command)
        return idle

    monkeypatch.setattr("os.execv", lambda _path, command: started.append(command))
    with monkeypatch.context() as patched, subprocess.Popen([sys.executable, "-c", ""]) as idle:
        patched.setattr("subprocess.Popen", start)
        call_command("demo", port=free_port(), without="happyhorse")
    assert f"Variants of {number} clips are made beside the server" in _told(capsys)
    assert [command[2] for command in started] == ["arena", "gunicorn"]
    call_command("make_variants")
    assert not Rendition.objects.filter(variants=[]).exists()
    call_command("demo", port=free_port(), without="happyhorse")
    assert [command[2] for command in started] == ["arena", "gunicorn", "gunicorn"]


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())
