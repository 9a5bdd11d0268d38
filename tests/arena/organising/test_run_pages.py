from __future__ import annotations

import pytest
from django.test import Client

from arena.organising.models import AuditEntry, Role
from arena.organising.permissions import own, owner_of
from arena.organising.runs import pages
from arena.runs.models import Job, Rendition, Run
from tests.factories import make_contender, make_job, make_rendition, make_run, make_suite
from tests.factories_organising import client_of, make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser() -> Client:
    return client_of(Role.ORGANISER)


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Collect the runs that a page starts; nothing makes them."""
    runs: list[Run] = []
    monkeypatch.setattr(pages, "start_in_background", runs.append)
    return runs


def _run() -> Run:
    suite, contender = make_suite(prompts=4), make_contender("alpha")
    done, running, failed, planned = suite.prompts.all()
    make_rendition(contender, done)
    make_job(contender, running, state=Job.State.RUNNING, claimed_by="somebody")
    make_job(contender, failed, state=Job.State.FAILED, error_message="The lamp broke.")
    make_job(contender, planned)
    return make_run(suite, [contender])


def test_the_price_is_shown_before_anything_is_stored(organiser: Client, started: list[Run]) -> None:
    make_suite("scenes", prompts=2)
    make_contender("alpha")
    form = {"suite": "scenes@1", "contenders": "alpha", "track": "t2v", "seeds": "0,1"}
    page = organiser.post("/organise/runs/new/", {**form, "price": "yes"}).content.decode()
    assert "4 clips to make, about $0.00" in page
    assert not Run.objects.exists()
    answer = organiser.post("/organise/runs/new/", {**form, "start": "yes"})
    (run,) = started
    assert answer.headers["Location"] == f"/organise/runs/{run.pk}/"
    assert run.jobs.count() == 4
    assert owner_of(run) is not None
    assert AuditEntry.objects.filter(action="started").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"contenders": "nobody"}, "Unknown contender"),
        ({"suite": "none"}, "Unknown suite"),
        ({"seeds": "x"}, "seeds must be whole numbers"),
        ({"duration": "long"}, "duration must be a number"),
        ({"max_usd": "much"}, "must be an amount of US dollars"),
        ({"size": "big"}, "must be WIDTHxHEIGHT"),
    ],
)
def test_what_cannot_be_run_is_told_in_place(
    organiser: Client, fields: dict[str, str], message: str, started: list[Run]
) -> None:
    make_suite("scenes")
    make_contender("alpha")
    form = {"suite": "scenes", "contenders": "alpha", "track": "t2v", "start": "yes", **fields}
    answer = organiser.post("/organise/runs/new/", form)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert started == []


def test_progress_is_counted_for_the_page_and_for_htmx(organiser: Client) -> None:
    run = _run()
    part = organiser.get(f"/organise/runs/{run.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    counts = [text.split("</dd>")[0] for text in part.split("<dd>")[1:]]
    assert counts == ["1", "1", "1", "1", "0", "$0.00"]
    page = organiser.get(f"/organise/runs/{run.pk}/").content.decode()
    assert "The lamp broke." in page
    assert page.count("<img") >= 1
    assert f"/organise/runs/{run.pk}/" in organiser.get("/organise/runs/").content.decode()


def test_a_run_is_paused_resumed_cancelled_and_retried(organiser: Client, started: list[Run]) -> None:
    run = _run()

    def act(action: str) -> None:
        answer = organiser.post(f"/organise/runs/{run.pk}/change/", {"action": action})
        assert answer.status_code == 302
        run.refresh_from_db()

    act("pause")
    assert run.is_paused
    assert "hx-get" not in organiser.get(f"/organise/runs/{run.pk}/").content.decode()
    act("resume")
    act("cancel")
    assert run.jobs.filter(state=Job.State.CANCELLED).count() == 1
    act("retry")
    assert run.jobs.filter(state=Job.State.PLANNED).count() == 2
    assert started == [run, run]
    assert organiser.post(f"/organise/runs/{run.pk}/change/", {"action": "erase"}).status_code == 404


def test_a_file_that_is_no_video_has_no_thumbnail(organiser: Client) -> None:
    run, clip = _run(), Rendition.objects.get()
    assert organiser.get(f"/organise/runs/{run.pk}/clips/{clip.pk}.jpg").status_code == 404
    assert organiser.get(f"/organise/runs/{run.pk}/clips/{clip.pk + 1}.jpg").status_code == 404


def test_a_member_sees_only_their_own_runs() -> None:
    member, run = make_person(Role.MEMBER), _run()
    client = signed_in(member)
    assert client.get(f"/organise/runs/{run.pk}/").status_code == 403
    own(member, run)
    assert client.get(f"/organise/runs/{run.pk}/").status_code == 200
    assert client.post(f"/organise/runs/{run.pk}/change/", {"action": "pause"}).status_code == 403
