from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.catalog.models import Contender, Suite
from arena.runs.models import Job
from arena.runs.states import change_states
from arena.voting.coverage import Coverage, cover_study, describe_coverage
from arena.voting.models import Study
from tests.factories import make_contender, make_job, make_rendition, make_study, make_suite

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _cover(study: Study) -> dict[str, Coverage]:
    return {each.contender.slug: each for each in cover_study(study, TRACK)}


@pytest.fixture
def refused_study() -> Study:
    """Make a study in which `refused` has no clip of the second of two prompts, and one refusal."""
    study = make_study(contenders=0, prompts=2)
    suite = study.suites.get()
    whole, refused = make_contender("whole"), make_contender("refused", codename="Amber")
    study.contenders.set([whole, refused])
    first, second = suite.prompts.all()
    for contender, prompt in ((whole, first), (whole, second), (refused, first)):
        make_rendition(contender, prompt)
    _refuse(make_job(refused, second))
    return study


def _refuse(job: Job) -> None:
    change_states(Job.objects.filter(pk=job.pk), Job.State.BLOCKED, {"error_kind": "moderation"})


def test_a_refused_clip_is_counted_and_its_prompt_named(refused_study: Study) -> None:
    found = _cover(refused_study)
    assert (found["whole"].clips, found["whole"].is_complete) == (2, True)
    refused = found["refused"]
    assert (refused.clips, refused.refusals, refused.missing, refused.is_complete) == (1, 1, ["p1"], False)
    assert list(describe_coverage(found.values())) == [
        "refused: moderation refused 1 time; no pairs with it on prompts p1, of which others have clips"
    ]


def test_a_refusal_before_a_success_still_counts() -> None:
    study = make_study(contenders=2)
    job = Job.objects.all()[0]
    for state in (Job.State.BLOCKED, Job.State.PLANNED, Job.State.BLOCKED, Job.State.SUCCEEDED):
        change_states(Job.objects.filter(pk=job.pk), state)
    found = _cover(study)[job.contender.slug]
    assert (found.clips, found.refusals, found.missing) == (1, 2, [])


def test_a_prompt_that_nobody_has_is_missing_on_no_side(refused_study: Study) -> None:
    third = refused_study.suites.get().prompts.create(
        key="p2", position=2, text="x", language="en", seeds=[0]
    )
    _refuse(make_job(refused_study.contenders.get(slug="whole"), third))
    found = _cover(refused_study)
    assert (found["whole"].refusals, found["whole"].missing) == (1, [])


def test_other_tracks_settings_and_suites_do_not_count() -> None:
    study = make_study(contenders=2)
    contender = study.contenders.all()[0]
    other = make_suite("other").prompts.get()
    _refuse(make_job(contender, other))
    _refuse(make_job(contender, study.suites.get().prompts.get(), seed=1, track="t2v"))
    _refuse(make_job(contender, study.suites.get().prompts.get(), seed=2, settings_hash="0" * 64))
    assert all(each.is_complete for each in cover_study(study, TRACK))


def test_a_whole_study_takes_four_queries_however_many_clips(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    study = make_study(contenders=3, prompts=3)
    with django_assert_num_queries(4):
        cover_study(study, TRACK)


def test_the_board_names_refusals_without_a_withheld_identity(refused_study: Study, client: Client) -> None:
    page = client.get(f"/boards/{refused_study.slug}/{TRACK}/").content.decode()
    assert "moderation at its provider refused 1 time; no clip of prompt p1." in " ".join(page.split())
    assert ">Amber</strong>" in page
    assert "Refused" not in page


def test_a_complete_board_has_no_such_section(client: Client) -> None:
    study = make_study(contenders=2)
    assert b"Clips that are missing" not in client.get(f"/boards/{study.slug}/{TRACK}/").content


def test_the_coverage_is_exported(refused_study: Study, tmp_path: Path) -> None:
    path = tmp_path / "coverage.csv"
    call_command("export", refused_study.slug, what="coverage", output=path)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "contender,clips,refusals,missing_prompts", "refused,1,1,p1", "whole,2,0,"
    ]  # fmt: skip
    call_command("export", refused_study.slug, what="coverage", format="json", output=path)
    rows = json.loads(path.read_text(encoding="utf-8"))["coverage"]
    assert rows[0] == {"contender": "refused", "clips": 1, "refusals": 1, "missing_prompts": ["p1"]}


def test_create_study_names_what_one_side_lacks(refused_study: Study) -> None:
    out = StringIO()
    call_command(
        "create_study", "another", title="Another", tracks=TRACK, stdout=out,
        suites=Suite.objects.get().name, contenders=",".join(each.slug for each in Contender.objects.all()),
    )  # fmt: skip
    assert "t2v-audio: refused: moderation refused 1 time; no pairs with it on prompts p1" in out.getvalue()
