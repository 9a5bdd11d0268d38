from __future__ import annotations

from threading import Thread

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from arena.voting.models import Study
from arena.voting.pairing import refreshing
from arena.voting.pairing.models import PairingPlan
from arena.voting.tasks import plan_pairs
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study

pytestmark = pytest.mark.django_db


def vote(study: Study) -> None:
    cast_vote(ballot=make_ballot(study), outcome="a")


@pytest.mark.parametrize(("pairing", "plans"), [("whole-board", 1), ("uniform", 0)])
def test_a_vote_asks_for_a_new_plan_once_it_is_committed(
    pairing: str,
    plans: int,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(refreshing, "LEAST_STEP", 1)
    study, asked = make_study(pairing=pairing), []
    monkeypatch.setattr(Thread, "start", lambda self: asked.append(self))
    with django_capture_on_commit_callbacks(execute=True):
        vote(study)
        assert not asked
    assert len(asked) == plans


def test_votes_between_two_plans_ask_for_none(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    study = make_study(pairing="whole-board")
    with django_capture_on_commit_callbacks() as callbacks:
        vote(study)
    assert not callbacks


def test_the_task_makes_a_plan_of_the_votes_so_far() -> None:
    study = make_study(pairing="whole-board")
    vote(study)
    plan_pairs(study.pk)
    assert PairingPlan.objects.get().votes == 1
    plan_pairs.delay(study.pk)
    assert PairingPlan.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_thread_makes_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "LEAST_STEP", 1)
    study, threads = make_study(pairing="whole-board"), []
    start = Thread.start

    def note(thread: Thread) -> None:
        threads.append(thread)
        start(thread)

    monkeypatch.setattr(Thread, "start", note)
    vote(study)
    for thread in threads:
        thread.join(timeout=60)
    assert PairingPlan.objects.get().votes == 1
