from __future__ import annotations

from typing import Any

import pytest

from arena.catalog.commitments import commit, withdraw
from arena.organising.models import Role
from arena.organising.permissions import own
from arena.runs.models import BrokenFile, Job, Rendition
from arena.voting.models import Rater
from tests.factories import make_contender, make_job, make_run, make_study, make_suite
from tests.factories_organising import client_of, make_person, signed_in
from tests.factories_voting import cast_all_pairs

pytestmark = pytest.mark.django_db


def test_the_dashboard_shows_studies_with_votes_and_raters() -> None:
    study = make_study(prompts=2)
    for _ in range(2):
        cast_all_pairs(study, Rater.objects.create(), "ab")
    page = client_of(Role.ORGANISER).get("/organise/").text
    assert study.title in page
    assert "4 votes of 2 raters, the last on" in page
    assert f"/boards/{study.slug}/" in page


def test_the_dashboard_shows_runs_with_their_jobs() -> None:
    contender, suite = make_contender(), make_suite(prompts=3)
    for prompt, state in zip(suite.prompts.all(), ("succeeded", "failed", "planned"), strict=True):
        make_job(contender, prompt, state=state)
    run = make_run(suite, [contender])
    page = client_of(Role.ORGANISER).get("/organise/").text
    assert f"Run {run.pk} of {suite}" in page
    assert "1 of 3 clips made, 1 to do, 1 without a clip" in page
    assert "1 job failed; retry them in their run." in page


def test_what_needs_attention_is_named() -> None:
    study = make_study(title="Shapes")
    study.is_paused = True
    study.save()
    BrokenFile.objects.create(rendition=Rendition.objects.all()[0], reason="missing")
    make_job(make_contender(), make_suite().prompts.get(), state=Job.State.UNKNOWN)
    make_run(make_job(make_contender(), make_suite().prompts.get(), state=Job.State.UNKNOWN).prompt.suite, [])
    hidden, gone = make_contender(codename="Amber"), make_contender(codename="Beryl")
    commitment = commit(hidden, "1")
    commitment.votes = commitment.most_votes
    commitment.save()
    commit(gone, "1")
    withdraw(gone)
    page = client_of(Role.ORGANISER).get("/organise/").text
    assert "Shapes is paused: raters get no pairs." in page
    assert "1 clip out of play" in page
    assert "1 paid job of unknown outcome" in page
    assert "Amber reached its cap" in page
    assert "Beryl" not in page


def test_an_empty_dashboard_says_so() -> None:
    page = client_of(Role.ORGANISER).get("/organise/").text
    for words in ("Nothing needs your attention.", "No studies yet", "No runs yet"):
        assert words in page


def test_members_see_their_own_and_viewers_only_boards() -> None:
    mine, others = make_study(slug="mine", title="Mine"), make_study(slug="others", title="Others")
    others.is_paused = True
    others.save()
    member = make_person(Role.MEMBER)
    own(member, mine)
    page = signed_in(member).get("/organise/").text
    assert ("Mine" in page, "Others" in page) == (True, False)
    page = client_of(Role.VIEWER).get("/organise/").text
    assert ("Mine" in page, "Others" in page, "is paused" in page, ">Runs<" in page) == (
        True,
        True,
        False,
        False,
    )


def test_the_dashboard_costs_the_same_for_many_studies_and_runs(django_assert_max_num_queries: Any) -> None:  # noqa: ANN401
    client = client_of(Role.ORGANISER)
    for _ in range(3):
        study = make_study(slug=f"study-{Rater.objects.create().pk.hex[:8]}")
        make_run(study.suites.get(), list(study.contenders.all()))
    with django_assert_max_num_queries(16):
        client.get("/organise/")
