"""Runs of contenders behind a provider's API, against fake providers."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from arena.catalog.contenders import load_contenders
from arena.runs.generating import workshop
from arena.runs.models import Clip, Job, Rendition, Run
from tests.factories import make_contender, make_suite
from tests.factories_hosted import make_hosted, run_hosted
from tests.factories_marks import write_marked
from tests.providers.contract import MODELS, key_variable
from tests.providers.faults import Fault
from tests.providers.server import Server

pytestmark = pytest.mark.django_db


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
    assert f"{len(MODELS)} done, 0 failed." in run_hosted(",".join(MODELS))
    assert {name: face.paid_jobs for name, face in server.faces.items()} == dict.fromkeys(MODELS, 1)
    assert Rendition.objects.count() == len(MODELS)
    for clip in Clip.objects.select_related("job__contender"):
        assert clip.provenance["provider_request_id"] == f"{clip.job.contender.slug}-job-1"
        assert clip.provenance["resolved"]["times_s"]


@pytest.mark.slow
def test_hosted_clips_are_made_in_this_process(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process of its own was asked for")

    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", False)
    monkeypatch.setattr(workshop, "make", refuse)
    make_hosted("fal")
    make_suite("suite")
    assert "1 done, 0 failed." in run_hosted("fal")


@pytest.mark.parametrize("provider", MODELS)
def test_a_missing_key_is_named_before_anything_is_planned(
    provider: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(key_variable(provider))
    make_hosted(provider)
    make_suite("suite")
    with pytest.raises(
        CommandError, match=rf"^{provider}: {key_variable(provider)} must hold the API key of"
    ):
        run_hosted(provider)
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
    make_hosted("modelark")
    make_suite("suite")
    with pytest.raises(CommandError) as caught:
        run_hosted("modelark", **options)
    assert message in str(caught.value)
    assert (Run.objects.count(), server.faces["modelark"].paid_jobs) == (0, 0)


def test_a_dry_run_prints_the_price_without_a_key_and_plans_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in MODELS:
        monkeypatch.delenv(key_variable(provider), raising=False)
        make_hosted(provider)
    make_contender("truth")
    make_suite("suite", prompts=2)
    said = run_hosted("fal,kling,truth", dry_run=True).splitlines()
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
        make_hosted(provider)
    call_command("load_suite", Path(__file__).parents[3] / "suites" / "paddock-120.yaml", stdout=StringIO())
    out = StringIO()
    call_command("run_suite", "paddock-120", "--contenders", ",".join(MODELS), "--dry-run", stdout=out)
    clips = {
        line.split()[0]: int(line.split()[1]) for line in out.getvalue().splitlines()[1 : 1 + len(MODELS)]
    }
    assert clips.keys() == MODELS.keys()
    assert min(clips.values()) >= 120


@pytest.mark.slow
def test_a_dry_run_counts_no_clip_that_is_there(server: Server) -> None:
    make_hosted("fal")
    make_suite("suite")
    run_hosted("fal")
    assert "fal            0     0.00" in run_hosted("fal", dry_run=True)


@pytest.mark.slow
def test_a_refusal_is_recorded_and_a_failed_job_is_made_again_when_asked(server: Server) -> None:
    make_hosted("modelark")
    make_suite("suite")
    server.faces["modelark"].fault = Fault.REFUSED_SOUND
    with pytest.raises(CommandError, match="moderation: BytePlus ModelArk refused the sound"):
        run_hosted("modelark")
    server.faces["modelark"].fault = Fault.NONE
    assert "1 done, 0 failed." in run_hosted("modelark", retry_failed=True)
    assert server.faces["modelark"].paid_jobs == 2


@pytest.mark.slow
def test_a_mark_that_a_provider_left_is_told(server: Server, tmp_path: Path) -> None:
    make_hosted("modelark")
    make_suite("suite")
    marked = write_marked(tmp_path / "marked.mp4", (470, 320), pictures=120).read_bytes()
    server.faces["modelark"].clips = replace(server.faces["modelark"].clips, whole=marked)
    said = run_hosted("modelark")
    line = "modelark: a mark in a corner, such as a provider's name, 1 clip (prompt p0: in the bottom right)"
    assert line in said.splitlines()


@pytest.mark.slow
def test_a_lost_answer_costs_no_second_job_in_arun_hosted(server: Server) -> None:
    make_hosted("kling")
    make_suite("suite", prompts=2)
    server.faces["kling"].fault = Fault.RESPONSE_LOST
    assert "2 done, 0 failed." in run_hosted("kling")
    assert server.faces["kling"].paid_jobs == 2
