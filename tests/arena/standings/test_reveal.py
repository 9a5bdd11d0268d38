from __future__ import annotations

import re
from collections import Counter

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.standings.reveals import others_said
from arena.voting.ballots import sign_ballot
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Ballot, Study
from arena.voting.votes import cast_vote
from tests.factories import CAPTION, make_ballot, make_study
from tests.factories_voting import answer, cast, media_url, open_page

pytestmark = pytest.mark.django_db


def _url(ballot: Ballot) -> str:
    return reverse("reveal", args=[sign_ballot(ballot)])


def _others(ballot: Ballot) -> Counter[str]:
    sides = {"A": ballot.rendition_a, "B": ballot.rendition_b}
    return others_said(ballot, {side: shown.clip.job.contender for side, shown in sides.items()})


def test_a_withheld_identity_is_told_by_its_codename_alone(client: Client) -> None:
    study = make_study()
    study.contenders.update(codename="Falcon", name="Secret name", maker="Secret maker")
    ballot = open_page(client, study)
    answer(client, ballot, "tie")
    html = client.get(_url(ballot)).content.decode()
    assert html.count("Falcon") == 2 * 3  # under the clip, with the rating, for screen readers
    assert "Secret" not in html
    assert not any(slug in html for slug in study.contenders.values_list("slug", flat=True))


def test_after_the_vote_each_side_is_named(client: Client) -> None:
    study = make_study()
    study.contenders.update(maker="Somebody & Sons")
    ballot = open_page(client, study)
    answer(client, ballot, "tie")
    html = client.get(_url(ballot)).content.decode()
    first, second = (ballot.rendition_a.clip.job.contender, ballot.rendition_b.clip.job.contender)
    html = html[html.index('<section class="after"') :]
    assert 0 < html.index("A is") < html.index(first.name) < html.index("B is") < html.index(second.name)
    assert html.count("Somebody &amp; Sons") == 2
    assert "Your vote: <strong>Tie</strong>" in html
    assert "You are the first to compare these two." in html


@pytest.mark.parametrize(("outcome", "sides"), [("a", "A"), ("b", "B"), ("tie", "")])
def test_ones_own_choice_is_marked_under_its_clip(client: Client, outcome: str, sides: str) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot, outcome)
    captions = re.findall(
        r"<figcaption[^>]*>(.*?)</figcaption>", client.get(_url(ballot)).content.decode(), re.S
    )
    assert (
        "".join(side for side, caption in zip("AB", captions, strict=True) if "Your choice" in caption)
        == sides
    )


def test_the_page_keeps_prompt_study_and_clips(client: Client) -> None:
    study = make_study()
    ballot = open_page(client, study)
    answer(client, ballot)
    html = client.get(_url(ballot)).content.decode()
    ballot.refresh_from_db()
    for kept in (study.title, study.question, CAPTION, media_url(ballot, "a"), media_url(ballot, "b")):
        assert kept in html


@pytest.mark.parametrize(("prompts", "label"), [(2, "Next pair"), (1, "Finish")])
def test_the_last_vote_leads_to_the_end(client: Client, prompts: int, label: str) -> None:
    ballot = open_page(client, make_study(prompts=prompts))
    answer(client, ballot)
    assert f"data-next>{label} " in client.get(_url(ballot)).content.decode()


def test_the_names_can_be_read_again(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot)
    with time_machine.travel(timezone.now(), tick=False):  # addresses of the page hold the second
        pages = [client.get(_url(ballot)).content.decode() for _ in range(2)]
    first, second = (re.sub(r'value="\w{64}"', "", page) for page in pages)  # the form's token
    assert first == second


@pytest.mark.parametrize("state", [Ballot.State.OPEN, Ballot.State.SKIPPED, Ballot.State.EXPIRED])
def test_without_a_vote_there_is_the_ballot_instead(client: Client, state: str) -> None:
    ballot = open_page(client, make_study())
    Ballot.objects.update(state=state)
    response = client.get(_url(ballot))
    assert (response.status_code, response.headers["Location"]) == (302, "/studies/study/")


def test_somebody_elses_vote_names_nobody(client: Client) -> None:
    study = make_study()
    open_page(client, study)
    vote = cast(study)
    response = client.get(_url(vote.ballot))
    assert response.status_code == 403
    assert "This pair belongs to another browser" in response.content.decode()


def test_a_damaged_link_is_refused(client: Client) -> None:
    assert client.get("/ballots/damaged/result/").status_code == 400


def test_no_cache_keeps_the_names(client: Client) -> None:
    ballot = open_page(client, make_study())
    answer(client, ballot)
    assert "no-store" in client.get(_url(ballot)).headers["Cache-Control"]


def test_where_the_two_stand_is_shown_once_there_is_a_board(client: Client, rated_study: Study) -> None:
    ballot = open_page(client, rated_study)
    answer(client, ballot)
    html = client.get(_url(ballot)).content.decode()
    assert html.count("<title>Rating ") == 2
    assert "No rating yet" not in html


def test_others_are_counted_in_the_order_of_the_ballots_sides() -> None:
    study = make_study()
    mine = cast(study, "a", sides=(0, 1))
    cast(study, "a", sides=(0, 1))
    for outcome in ("a", "b", "b", "tie", "both_bad"):
        cast(study, outcome, sides=(1, 0))
    assert _others(mine.ballot) == {"a": 3, "b": 1, "tie": 1, "both_bad": 1}


def test_ones_own_excluded_and_unrelated_votes_are_not_others() -> None:
    study = make_study(contenders=3, prompts=2)
    mine = cast(study, "a")
    cast(study, "a", rater=mine.ballot.rater, prompt=1)
    exclude_vote(vote=cast(study, "b"), rule="too-fast", reason="Answered within a second.")
    cast(study, "b", sides=(0, 2))
    cast(make_study("other"), "b")
    cast_vote(ballot=make_ballot(study, track="t2v"), outcome="b")
    assert _others(mine.ballot) == {}


def test_the_page_tells_what_others_said(client: Client) -> None:
    study = make_study()
    for outcome in ("tie", "tie", "both_bad"):
        cast(study, outcome)
    ballot = open_page(client, study)
    answer(client, ballot)
    text = " ".join(client.get(_url(ballot)).content.decode().split())
    assert "Other raters: A is better 0 · Tie 2 · Both bad 1 · B is better 0" in text


def test_the_page_takes_a_fixed_number_of_queries(
    client: Client, rated_study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ballot = open_page(client, rated_study)
    answer(client, ballot)
    client.get(_url(ballot))
    with django_assert_num_queries(7):
        client.get(_url(ballot))
