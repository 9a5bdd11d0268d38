"""Runs of contenders behind a provider's API, against fake providers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command

from arena.catalog.contenders import load_contenders
from arena.runs.generating import workshop
from arena.runs.models import Clip, Job, Rendition, Run
from tests.factories import make_contender, make_suite
from tests.factories_marks import write_marked
from tests.providers.clips import Clips, make_clips
from tests.providers.contract import MODELS, key_variable, variables
from tests.providers.faults import Fault
from tests.providers.server import Server

pytestmark = pytest.mark.django_db
ASKED = {"track": "t2v-audio", "size": "128x72", "fps": 24, "duration": 5.0, "workers": 1}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Encode the files that fake providers serve."""
    return make_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def server(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start fake providers, and point all adapters to them."""
    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", True)
    with Server(clips).running() as running:
        for provider in MODELS:
            for name, value in variables(running, provider, tmp_path).items():
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOSTED_POLL_S", "0.01")
        yield running


def _run(contenders: str, **options: object) -> str:
    out = StringIO()
    call_command("run_suite", "suite", contenders=contenders, stdout=out, **{**ASKED, **options})
    return out.getvalue()


def _make(provider: str, **changes: object) -> None:
    make_contender(provider, generator=provider, settings={"model": MODELS[provider], **changes})


@pytest.mark.slow
def test_hosted_contenders_run_from_a_file_to_renditions(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "contenders.yaml"
    rows = [
        f"- {{contender: {provider}, name: {provider}, generator: {provider}, settings: {{model: {model}}}}}"
        for provider, model in MODELS.items()
    ]
    path.write_text("contenders:\n" + "\n".join(rows), encoding="utf-8")
    load_contenders(path=path)
    make_suite("suite", prompts=1)
    assert f"{len(MODELS)} done, 0 failed." in _run(",".join(MODELS))
    assert {name: face.paid_jobs for name, face in server.faces.items()} == dict.fromkeys(MODELS, 1)
    assert Rendition.objects.count() == len(MODELS)
    for clip in Clip.objects.select_related("job__contender"):
        assert clip.provenance["provider_request_id"] == f"{clip.job.contender.slug}-job-1"
        assert clip.provenance["resolved"]["times_s"]


@pytest.mark.slow
def test_a_process_of_its_own_makes_hosted_clips_and_names_their_errors(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", False)
    workshop.close()  # a process that another test left has other addresses in its environment
    _make("xai")
    make_suite("suite")
    server.faces["xai"].fault = Fault.RESPONSE_LOST
    with pytest.raises(CommandError, match="unknown_outcome: xAI may have accepted this job"):
        _run("xai")
    server.faces["xai"].fault = Fault.NONE
    _make("fal")
    assert "1 done, 0 failed." in _run("fal")
    workshop.close()


@pytest.mark.parametrize("provider", MODELS)
def test_a_missing_key_is_named_before_anything_is_planned(
    provider: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(key_variable(provider))
    _make(provider)
    make_suite("suite")
    with pytest.raises(
        CommandError, match=rf"^{provider}: {key_variable(provider)} must hold the API key of"
    ):
        _run(provider)
    assert (Run.objects.count(), server.faces[provider].received) == (0, [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 4.5}, "modelark, prompt p0, seed 0: seedance-2.0 cannot make 4.5 s: it makes 4, 5, 6,"),
        (
            {"duration": 40.0},
            "seedance-2.0 cannot make 40 s: it makes 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
        ),
        ({"size": "100x20"}, "cannot make 100×20: its ratios are 16:9, 9:16, 1:1, 4:3, 3:4, 21:9."),
    ],
)
def test_a_clip_that_the_model_cannot_make_is_refused_with_what_it_makes(
    options: dict[str, object], message: str, server: Server
) -> None:
    _make("modelark")
    make_suite("suite")
    with pytest.raises(CommandError) as caught:
        _run("modelark", **options)
    assert message in str(caught.value)
    assert (Run.objects.count(), server.faces["modelark"].paid_jobs) == (0, 0)


def test_a_dry_run_prints_the_price_without_a_key_and_plans_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in MODELS:
        monkeypatch.delenv(key_variable(provider), raising=False)
        _make(provider)
    make_contender("truth")
    make_suite("suite", prompts=2)
    said = _run("fal,kling,truth", dry_run=True).splitlines()
    assert said[:5] == [
        "contender  clips      USD",
        "fal            2     1.40",
        "kling          2        -",
        "truth          2        -",
        "total          6     1.40",
    ]
    assert said[5:] == ["kling: The price of kling-3.0 at std is unknown."]
    assert (Run.objects.count(), Job.objects.count()) == (0, 0)


def test_the_suite_that_comes_with_paddock_has_a_price_at_every_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for provider in MODELS:
        monkeypatch.delenv(key_variable(provider), raising=False)
        _make(provider)
    call_command("load_suite", Path(__file__).parents[3] / "suites" / "paddock-120.yaml", stdout=StringIO())
    asked = {**ASKED, "size": "1280x720", "contenders": ",".join(MODELS), "dry_run": True}
    out = StringIO()
    call_command("run_suite", "paddock-120", stdout=out, **asked)
    clips = {
        line.split()[0]: int(line.split()[1]) for line in out.getvalue().splitlines()[1 : 1 + len(MODELS)]
    }
    assert clips.keys() == MODELS.keys()
    assert min(clips.values()) >= 120


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"max_usd": 1.39},
            "The run must cost at most $1.39; it is estimated at $1.40. Raise --max-usd",
        ),
        ({"max_usd": 1.39, "dry_run": True}, "The run must cost at most $1.39; it is estimated at $1.40."),
        ({"max_usd": -1.0}, "--max-usd must be a number of US dollars from 0; got -1. Use another one."),
        ({"max_usd": float("nan")}, "--max-usd must be a number of US dollars from 0; got nan."),
        (
            {"max_usd": 9.0, "contenders": "fal,kling"},
            "--max-usd needs prices that are known and at most 90 days old; got:\n"
            "  kling: The price of kling-3.0 at std is unknown.\n"
            "Update the models' rows, or run with --accept-stale-prices.",
        ),
        (
            {"max_usd": 1.0, "contenders": "fal,kling", "accept_stale_prices": True},
            "The run must cost at most $1.00; it is estimated at $1.40.",
        ),
    ],
)
def test_a_run_over_its_cap_is_refused_before_anything_is_planned(
    options: dict[str, object], message: str, server: Server
) -> None:
    _make("fal")
    _make("kling")
    make_suite("suite", prompts=2)
    with pytest.raises(CommandError) as caught:
        _run(str(options.get("contenders", "fal")), **{k: v for k, v in options.items() if k != "contenders"})
    assert str(caught.value).startswith(message)
    assert (Run.objects.count(), server.faces["fal"].received) == (0, [])


def test_an_old_price_is_refused_under_a_cap_unless_accepted(server: Server) -> None:
    _make("fal")
    make_suite("suite")
    with time_machine.travel(datetime(2027, 3, 1, tzinfo=UTC)):
        with pytest.raises(CommandError, match="was last checked on 2026-11-22, 99 days ago"):
            _run("fal", max_usd=5.0)
        assert "was last checked on 2026-11-22, 99 days ago" in _run("fal", dry_run=True)
    assert "1 done, 0 failed." in _run("fal", max_usd=0.71)


def test_a_dry_run_counts_no_clip_that_is_there(server: Server) -> None:
    _make("fal")
    make_suite("suite")
    _run("fal")
    assert "fal            0     0.00" in _run("fal", dry_run=True)


def test_a_refusal_is_recorded_and_a_failed_job_is_made_again_when_asked(server: Server) -> None:
    _make("modelark")
    make_suite("suite")
    server.faces["modelark"].fault = Fault.REFUSED_SOUND
    with pytest.raises(CommandError, match="moderation: BytePlus ModelArk refused the sound"):
        _run("modelark")
    server.faces["modelark"].fault = Fault.NONE
    assert "1 done, 0 failed." in _run("modelark", retry_failed=True)
    assert server.faces["modelark"].paid_jobs == 2


def test_a_mark_that_a_provider_left_is_told(server: Server, tmp_path: Path) -> None:
    _make("modelark")
    make_suite("suite")
    marked = write_marked(tmp_path / "marked.mp4", (470, 320), pictures=120).read_bytes()
    server.faces["modelark"].clips = replace(server.faces["modelark"].clips, whole=marked)
    said = _run("modelark")
    line = "modelark: a mark in a corner, such as a provider's name, 1 clip (prompt p0: in the bottom right)"
    assert line in said.splitlines()


def test_a_lost_answer_costs_no_second_job_in_a_run(server: Server) -> None:
    _make("kling")
    make_suite("suite", prompts=2)
    server.faces["kling"].fault = Fault.RESPONSE_LOST
    assert "2 done, 0 failed." in _run("kling")
    assert server.faces["kling"].paid_jobs == 2
