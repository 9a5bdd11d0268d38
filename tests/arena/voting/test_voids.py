"""Pairs that did not play properly: no vote, the same pair again later, and an end to it."""

from __future__ import annotations

import json
from random import Random

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from arena.voting.ballots import open_ballot, sign_ballot, skip_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, Rater, Study, VoidReason, Vote
from arena.voting.progress import Progress, rater_progress
from arena.voting.refusals import BallotExpired, BallotVoided, SecondVote, StudyClosed
from arena.voting.voids import MOST_TRIES, void_ballot, void_reason
from arena.voting.votes import cast_vote
from tests.factories import make_study
from tests.factories_voting import answer, answer_url, open_page, recorded

pytestmark = pytest.mark.django_db
STALLED = {"longest_stall_s": 3.0, "stalls": 1}


def _send(client: Client, ballot: Ballot, outcome: str, playback: dict[str, float]) -> tuple[int, str]:
    sent = {"outcome": outcome, "playback": json.dumps(playback)}
    response = client.post(answer_url(ballot), sent)
    return response.status_code, response.headers.get("Location", "")


def _open(study: Study, rater: Rater) -> Ballot:
    ballot = open_ballot(study=study, rater=rater, random=Random(7))
    assert ballot is not None
    return ballot


def _void(ballot: Ballot) -> None:
    void_ballot(ballot=ballot, reason=VoidReason.STALL)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({}, None),
        ({"longest_stall_s": 2.0, "stalls": 9.0, "stalled_s": 30.0}, None),
        ({"longest_stall_s": 2.1}, VoidReason.STALL),
        ({"hidden_times": 4.0, "hidden_s": 90.0}, None),
        ({"hidden_plays": 1.0}, VoidReason.HIDDEN),
        ({"wrong_rate_s": 1.0}, None),
        ({"wrong_rate_s": 1.5}, VoidReason.RATE),
    ],
)
def test_the_report_alone_decides(report: dict[str, float], reason: VoidReason | None) -> None:
    assert void_reason(report) == reason


@pytest.mark.parametrize("outcome", ["a", "both_bad", "void"])
def test_a_spoiled_pair_casts_no_vote_and_names_nobody(client: Client, outcome: str) -> None:
    study = make_study(prompts=2)
    ballot = open_page(client, study)
    token = sign_ballot(ballot)
    status, where = _send(client, ballot, outcome, STALLED)
    assert status == 302
    assert where.endswith("/voided/")
    ballot.refresh_from_db()
    assert (ballot.state, ballot.void_reason) == ("voided", "stall")
    assert recorded() == (0, [])
    page = client.get(where).content.decode()
    assert "Playback stopped for some seconds" in page
    assert "You get the pair again later" in page
    assert "Contender" not in page
    assert client.get(reverse("reveal", args=[token])).status_code == 302
    assert verify_ledger(study) == 0


def test_the_same_report_again_changes_nothing(client: Client) -> None:
    ballot = open_page(client, make_study(prompts=2))
    for _ in range(2):
        status, where = _send(client, ballot, "a", STALLED)
        assert (status, where.endswith("/voided/")) == (302, True)
    assert Ballot.objects.count() == 1


def test_a_void_without_a_cause_is_refused_and_the_pair_stays_open(client: Client) -> None:
    ballot = open_page(client, make_study())
    assert _send(client, ballot, "void", {"stalls": 3})[0] == 422
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.OPEN


def test_a_voted_ballot_cant_be_voided_to_vote_again(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot, "a")
    before = recorded()
    assert _send(client, ballot, "void", STALLED)[0] == 409
    assert recorded() == before


def test_a_voided_ballot_takes_no_vote(client: Client) -> None:
    ballot = open_page(client, make_study())
    _send(client, ballot, "void", STALLED)
    response = answer(client, ballot, "a")
    assert response.status_code == 409
    assert recorded() == (0, [])


def test_the_pair_comes_back_later_on_the_same_sides_with_the_propensity_of_its_draw() -> None:
    study, rater = make_study(contenders=4, prompts=6), Rater.objects.create()
    first = _open(study, rater)
    _void(first)
    others: list[Ballot] = []
    while len(others) < 3:
        others.append(_open(study, rater))
        cast_vote(ballot=others[-1], outcome="a")
    own = {first.rendition_a_id, first.rendition_b_id}
    assert all(own.isdisjoint({each.rendition_a_id, each.rendition_b_id}) for each in others)
    again = _open(study, rater)
    same = ("rendition_a_id", "rendition_b_id", "propensity", "order", "prompt_id", "track")
    assert [getattr(again, name) for name in same] == [getattr(first, name) for name in same]
    assert again.pk != first.pk


def test_the_only_pair_comes_back_at_once_and_the_total_never_moves() -> None:
    study, rater = make_study(), Rater.objects.create()
    ballot = _open(study, rater)
    assert rater_progress(study=study, rater=rater) == Progress(0, 1)
    _void(ballot)
    assert rater_progress(study=study, rater=rater) == Progress(0, 1)
    again = _open(study, rater)
    assert again.rendition_a_id == ballot.rendition_a_id
    cast_vote(ballot=again, outcome="a")
    assert rater_progress(study=study, rater=rater) == Progress(1, 1)
    assert open_ballot(study=study, rater=rater) is None


def test_nobody_loops_forever(client: Client) -> None:
    study = make_study()
    for tried in range(1, MOST_TRIES + 1):
        ballot = open_page(client, study)
        _send(client, ballot, "void", STALLED)
        page = client.get(reverse("voided", args=[sign_ballot(ballot)])).content.decode()
        assert ("failed too often here" in page) == (tried == MOST_TRIES)
    assert "Nothing to judge yet" in client.get("/studies/study/").content.decode()
    assert Ballot.objects.count() == MOST_TRIES


def test_a_skip_of_the_pair_that_came_back_ends_it() -> None:
    study, rater = make_study(), Rater.objects.create()
    _void(_open(study, rater))
    skip_ballot(ballot=_open(study, rater))
    assert open_ballot(study=study, rater=rater) is None


def test_a_pair_named_in_another_study_meanwhile_does_not_come_back() -> None:
    study, rater = make_study(), Rater.objects.create()
    ballot = _open(study, rater)
    _void(ballot)
    another = Study.objects.create(
        slug="another", title="Another", question="?", tracks=study.tracks, clip_settings=study.clip_settings
    )
    another.suites.set(study.suites.all())
    another.contenders.set(study.contenders.all())
    cast_vote(ballot=_open(another, rater), outcome="a")
    assert open_ballot(study=study, rater=rater) is None


def test_voids_that_come_too_late_are_refused() -> None:
    study = make_study(prompts=3)
    voted, over, skipped, closed = (_open(study, Rater.objects.create()) for _ in range(4))
    cast_vote(ballot=voted, outcome="a")
    Ballot.objects.filter(pk=over.pk).update(expires_at=timezone.now())
    skip_ballot(ballot=skipped)
    for ballot, refusal in ((voted, SecondVote), (over, BallotExpired), (skipped, SecondVote)):
        with pytest.raises(refusal):
            _void(ballot)
    Study.objects.update(is_open=False)
    with pytest.raises(StudyClosed):
        _void(closed)
    assert Vote.objects.count() == 1


def test_a_vote_cast_straight_on_a_voided_ballot_is_refused() -> None:
    ballot = _open(make_study(), Rater.objects.create())
    _void(ballot)
    with pytest.raises(BallotVoided):
        cast_vote(ballot=ballot, outcome="a")
    assert Vote.objects.count() == 0
