from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.runs.models import Rendition
from arena.voting.ballots import open_ballot
from arena.voting.models import Ballot, Rater
from arena.voting.pairing.drawing import outlook_of
from tests.factories import CAPTION, make_ballot, make_study
from tests.factories_voting import answer, media_url, open_page, press_start

pytestmark = pytest.mark.django_db
PAGE = "/studies/study/"


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_visit_makes_no_rater_and_leads_to_the_front_page(client: Client, method: str) -> None:
    make_study()
    response = getattr(client, method)(PAGE)
    assert (response.status_code, response.headers["Location"]) == (302, f"{PAGE}start/")
    assert not Rater.objects.exists()
    assert not Ballot.objects.exists()


def test_the_start_makes_a_rater_and_a_ballot_of_theirs(client: Client) -> None:
    study = make_study()
    response = press_start(client, study)
    ballot, rater = Ballot.objects.get(), Rater.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, PAGE)
    assert (ballot.study, ballot.rater, ballot.state) == (study, rater, Ballot.State.OPEN)
    assert ballot.propensity == pytest.approx(1 / 2)  # one pair, two orders
    assert ballot.expires_at - ballot.issued_at == timedelta(seconds=settings.BALLOT_LIFETIME_S)


def test_the_page_shows_question_prompt_two_clips_and_five_answers(client: Client) -> None:
    study = make_study(question="Which one sounds better?")
    ballot = open_page(client, study)
    html = client.get(PAGE).content.decode()
    for shown in (study.question, CAPTION, media_url(ballot, "a"), media_url(ballot, "b")):
        assert shown in html
    assert html.index(media_url(ballot, "a")) < html.index(media_url(ballot, "b"))
    for outcome in ("a", "b", "tie", "both_bad", "skip"):
        assert f'name="outcome" value="{outcome}"' in html


def test_the_rater_is_known_by_a_signed_cookie_that_scripts_cant_read(client: Client) -> None:
    press_start(client, make_study())
    cookie = client.cookies["rater"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == settings.RATER_COOKIE_AGE_S
    assert cookie.value.startswith(Rater.objects.get().pk.hex + ":")


def test_a_reload_shows_the_same_pair_so_that_nobody_shops_for_pairs(client: Client) -> None:
    study = make_study(prompts=3)
    assert open_page(client, study) == open_page(client, study)
    assert Rater.objects.count() == Ballot.objects.count() == 1


def test_a_vote_brings_the_next_pair_and_the_count_goes_up(client: Client) -> None:
    study = make_study(prompts=2)
    first = open_page(client, study)
    answer(client, first)
    assert ">2 of 2<" in client.get(PAGE).content.decode()
    second = open_page(client, study)
    assert first.prompt != second.prompt


def test_a_skip_brings_the_next_pair_without_a_vote(client: Client) -> None:
    study = make_study(prompts=2)
    first = open_page(client, study)
    response = answer(client, first, "skip")
    assert (response.status_code, response.headers["Location"]) == (302, PAGE)
    assert ">1 of 1<" in client.get(PAGE).content.decode()
    assert open_page(client, study).prompt != first.prompt


def test_an_expired_pair_is_replaced(client: Client) -> None:
    study = make_study(prompts=2)
    with time_machine.travel(timezone.now() - timedelta(seconds=settings.BALLOT_LIFETIME_S + 1)):
        first = open_page(client, study)
    second = open_page(client, study)
    first.refresh_from_db()
    assert first.state == Ballot.State.EXPIRED
    assert second != first


def test_who_has_seen_every_pair_is_thanked_and_stays_known(client: Client) -> None:
    study = make_study()
    answer(client, open_page(client, study))
    response = client.get(PAGE)
    assert response.status_code == 200
    html = response.content.decode()
    assert "You have finished all pairs in this study. Thank you!" in html
    assert ">1 of 1<" in html
    assert 'href="/boards/study/t2v-audio/"' in html
    assert Rater.objects.count() == 1


def test_without_votes_there_are_no_results_to_see(client: Client) -> None:
    press_start(client, make_study(prompts=0))
    assert "See the results" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("size", "shape"), [((1280, 720), "wide"), ((64, 64), "square"), ((72, 128), "tall")]
)
def test_the_page_knows_the_shape_of_the_clips(client: Client, size: tuple[int, int], shape: str) -> None:
    press_start(client, make_study())
    Rendition.objects.update(width=size[0], height=size[1])
    html = client.get(PAGE).content.decode()
    assert f'data-shape="{shape}"' in html
    assert html.count(f'width="{size[0]}" height="{size[1]}"') == 2


@pytest.mark.parametrize("order", ["a", "b"])
def test_the_page_plays_the_sound_of_the_drawn_side_first(client: Client, order: str) -> None:
    open_page(client, make_study())
    Ballot.objects.update(order=order)
    assert f'data-first="{order.upper()}"' in client.get(PAGE).content.decode()


def test_a_raters_ballots_are_numbered_over_all_studies() -> None:
    studies = [make_study("one", prompts=3), make_study("two")]
    rater = Rater()
    for study in studies:
        open_ballot(study=study, rater=rater)
    ballots = Ballot.objects.order_by("issued_at")
    assert [(ballot.study.slug, ballot.number) for ballot in ballots] == [("one", 1), ("two", 2)]


def test_a_number_that_another_request_took_meanwhile_makes_a_new_draw() -> None:
    study, other = make_study(prompts=3), make_study("other")
    rater = Rater.objects.create()
    before = outlook_of(study, rater)
    open_ballot(study=other, rater=rater)
    assert before.history.last == 0
    ballot = open_ballot(study=study, rater=rater, outlook=before)
    assert ballot is not None
    assert ballot.number == 2


def test_of_two_ballots_drawn_at_once_the_first_is_shown_in_both_tabs() -> None:
    study = make_study(prompts=3)
    rater = Rater.objects.create()
    outlooks = [outlook_of(study, rater) for _ in range(2)]
    first, second = (open_ballot(study=study, rater=rater, outlook=outlook) for outlook in outlooks)
    assert first == second == Ballot.objects.get()


def test_ballots_of_versions_without_numbers_stand_before_the_first_number() -> None:
    study = make_study(prompts=3)
    old = make_ballot(study, state=Ballot.State.SKIPPED)
    ballot = open_ballot(study=study, rater=old.rater)
    assert ballot is not None
    assert (old.number, ballot.number) == (None, 1)


def test_a_study_without_clips_makes_no_rater(client: Client) -> None:
    study = make_study(prompts=0)
    for _ in range(3):
        assert "Nothing to judge yet" in press_start(client, study).content.decode()
    assert not Rater.objects.exists()


@pytest.mark.parametrize("cookie", ["", "nonsense", "0" * 32, "0" * 32 + ":tampered:signature"])
def test_a_cookie_that_we_didnt_sign_is_no_rater(client: Client, cookie: str) -> None:
    ballot = make_ballot(make_study())
    client.cookies["rater"] = cookie or ballot.rater_id.hex
    press_start(client, ballot.study)
    opened = open_page(client, ballot.study)
    assert opened.rater != ballot.rater
    assert opened != ballot


def test_people_cant_see_a_pair_of_a_simulated_study(client: Client) -> None:
    make_study(simulated=True)
    response = client.get(PAGE)
    assert response.status_code == 403
    assert "This study is for simulated raters" in response.content.decode()
    assert "<video" not in response.content.decode()
    assert not Ballot.objects.exists()
    assert not Rater.objects.exists()
    assert not response.cookies


def test_a_closed_study_says_so_and_leaves_no_rater_behind(client: Client) -> None:
    make_study(is_open=False)
    response = client.get(PAGE)
    assert response.status_code == 410
    assert "This study is closed" in response.content.decode()
    assert not Rater.objects.exists()


def test_an_unknown_study_is_not_found(client: Client) -> None:
    response = client.get("/studies/nowhere/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


def test_no_cache_keeps_the_page(client: Client) -> None:
    press_start(client, make_study())
    assert "no-store" in client.get(PAGE).headers["Cache-Control"]


def test_a_page_of_any_size_of_study_takes_a_fixed_number_of_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    study = make_study(contenders=3, prompts=5)
    press_start(client, study)
    answer(client, open_page(client, study))
    # The first reads facts of its clips and its unit, which the process then keeps; the second reads the
    # units of the prompt that is new to the rater.
    next_pair, reload = 9, 6
    with django_assert_num_queries(next_pair):
        client.get(reverse("ballot", args=["study"]))
    with django_assert_num_queries(reload):
        client.get(reverse("ballot", args=["study"]))
