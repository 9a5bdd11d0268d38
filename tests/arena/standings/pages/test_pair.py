from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.catalog.models import Contender
from arena.standings.boards import current_standing
from arena.voting.models import Rater, Study
from tests.factories import make_study
from tests.factories_voting import answer, cast, fetch, media_url, open_page

pytestmark = pytest.mark.django_db
BOARD = "/boards/study/t2v-audio/"
NOT_YET = "You will see clips of the two here once you have voted on them"


def _two(study: Study) -> tuple[Contender, Contender]:
    first, second, *_ = study.contenders.order_by("pk")
    return first, second


def _url(study: Study, turned: bool = False) -> str:
    first, second = reversed(_two(study)) if turned else _two(study)
    return f"{BOARD}pairs/{first.public_slug}/{second.public_slug}/"


def _text(client: Client, url: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", client.get(url).content.decode()).split())


def test_a_pair_has_its_difference_with_interval_and_its_cell(client: Client, rated_study: Study) -> None:
    first, second = _two(rated_study)
    standing = current_standing(study=rated_study, track="t2v-audio")
    assert standing.ratings
    gap = standing.ratings.difference(first.slug, second.slug)
    text = _text(client, _url(rated_study))
    assert f"{gap.estimate:.0f} points, 95 % interval {gap.lower:.0f} to {gap.upper:.0f}" in text
    assert re.search(rf"{first.name} took \d+ % of 12 votes", text)
    assert f"{-gap.estimate:.0f} points" in _text(client, _url(rated_study, turned=True))


def test_prompts_are_listed_by_how_far_the_two_differ(client: Client) -> None:
    study = make_study(prompts=3)
    for prompt, outcomes in enumerate(("ab", "aaaa", "bb")):
        for outcome in outcomes:
            cast(study, outcome, prompt=prompt)
    cast(study, "a", prompt=2, sides=(1, 0))
    shown = client.get(_url(study)).context["parting"]
    assert [(one.prompt.key, *one.answers[:2]) for one in shown] == [
        ("p1", 4, 0), ("p2", 0, 3), ("p0", 1, 1),
    ]  # fmt: skip


def test_no_clip_is_shown_to_who_may_still_judge_it(client: Client, rated_study: Study) -> None:
    html = client.get(_url(rated_study)).content.decode()
    assert NOT_YET in html
    assert "<video" not in html
    assert "/clips/" not in html


def test_own_votes_show_their_clips_and_no_others(client: Client, rated_study: Study) -> None:
    ballot = open_page(client, rated_study)
    answer(client, ballot)
    shown = [side.clip.job.contender for side in (ballot.rendition_a, ballot.rendition_b)]
    url = f"{BOARD}pairs/{shown[0].public_slug}/{shown[1].public_slug}/"
    html = client.get(url).content.decode()
    assert html.count("<video") == 2
    addresses = re.findall(r'src="(/clips/[^"]+)"', html)
    served = (media_url(ballot, "a"), media_url(ballot, "b"))
    for address, url_of_side in zip(addresses, served, strict=True):
        assert fetch(client, url_of_side)[1].startswith(fetch(client, address)[1])
    assert NOT_YET in Client().get(url).content.decode()
    other = next(prompt for prompt in ballot.study.suites.get().prompts.all() if prompt != ballot.prompt)
    assert client.get(f"{url}?prompt={other.key}").status_code == 404


def test_a_closed_study_shows_its_clips_to_everybody(client: Client, rated_study: Study) -> None:
    Study.objects.update(is_open=False)
    assert client.get(_url(rated_study)).content.decode().count("<video") == 2
    assert client.get(f"{_url(rated_study)}?prompt=p2").context["prompt"].key == "p2"


def test_a_closed_study_hides_clips_that_another_one_still_asks_about(
    client: Client, rated_study: Study
) -> None:
    Study.objects.update(is_open=False)
    make_study("later").contenders.add(*_two(rated_study))
    assert "<video" not in client.get(_url(rated_study)).content.decode()


def test_a_clip_needs_a_signed_address(client: Client, rated_study: Study) -> None:
    Study.objects.update(is_open=False)
    html = client.get(_url(rated_study)).content.decode()
    address = re.findall(r'src="(/clips/[^"]+)"', html)[0]
    assert client.get(f"{address}x").status_code == 404
    assert client.get("/clips/1").status_code == 404
    assert fetch(client, address)[0].status_code == 200


def test_the_form_leads_to_the_page_of_two(client: Client, rated_study: Study) -> None:
    first, second = _two(rated_study)
    response = client.get(f"{BOARD}pairs/", {"first": first.slug, "second": second.slug})
    assert response.headers["Location"] == _url(rated_study)
    twice = client.get(f"{BOARD}pairs/{first.slug}/{first.slug}/")
    assert twice.status_code == 400
    assert "must be of two contenders" in twice.content.decode()


def test_who_has_no_finite_rating_has_a_page_too(client: Client, rated_study: Study) -> None:
    late = make_study("late").contenders.order_by("pk")[0]
    rated_study.contenders.add(late)
    first = _two(rated_study)[0]
    assert "No comparison yet" in _text(client, f"{BOARD}pairs/{first.slug}/{late.slug}/")
    assert "No vote on it counts yet." in _text(client, f"{BOARD}contenders/{late.slug}/")


def test_a_contender_is_compared_with_each_of_the_others(client: Client, rated_study: Study) -> None:
    first = _two(rated_study)[0]
    response = client.get(f"{BOARD}contenders/{first.slug}/")
    rivals = response.context["rivals"]
    assert [rival.contender for rival in rivals] == list(rated_study.contenders.order_by("pk"))[1:]
    assert rivals[0].difference.lower < rivals[0].difference.estimate < rivals[0].difference.upper
    assert f'href="{_url(rated_study)}"' in response.content.decode()


def test_withheld_identities_stay_withheld_on_every_page(client: Client, rated_study: Study) -> None:
    rated_study.contenders.update(codename="Falcon", name="Secret name", maker="Secret maker")
    slugs = list(rated_study.contenders.values_list("slug", flat=True))
    name = rated_study.contenders.all()[0].public_slug
    for url in (_url(rated_study), f"{BOARD}contenders/{name}/", BOARD):
        html = client.get(url).content.decode()
        assert "Falcon" in html
        assert "Secret" not in html
        assert not any(slug in html for slug in slugs)


@pytest.mark.parametrize("votes", [0, 12])
def test_pages_take_a_fixed_number_of_queries(
    client: Client, rated_study: Study, votes: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(votes):
        cast(rated_study, "ab"[number % 2], rater=Rater.objects.create(), prompt=number % 3)
    first = _two(rated_study)[0]
    for url, most in ((_url(rated_study), 15), (f"{BOARD}contenders/{first.slug}/", 10), (BOARD, 18)):
        client.get(url)
        with django_assert_max_num_queries(most):
            client.get(url)
