from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from analysis import Evidence
from arena.version import VERSION
from arena.voting.exclusions import exclude_rater
from arena.voting.ledger import ledger_head
from arena.voting.models import Rater, Study
from tests.factories import make_study
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db
PAGE = "/boards/study/t2v-audio/"


def _text(client: Client, url: str = PAGE) -> str:
    """Return a page's text without tags, with spaces joined."""
    html = client.get(url).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_page_says_what_intervals_are_clustered_on(client: Client, rated_study: Study) -> None:
    text = _text(client)
    assert "95 % intervals, clustered on prompt and rater" in text
    assert "allow for shared prompts and raters" in text


def test_with_one_rater_the_page_says_that_it_is_prompts_alone(client: Client) -> None:
    cast_all_pairs(make_study(prompts=4), Rater.objects.create(), "aab")
    text = _text(client)
    assert "95 % intervals, clustered on prompt;" in text
    assert "votes on one prompt are partly alike" in text


def test_who_has_no_finite_rating_is_named_below_the_others(client: Client) -> None:
    study = make_study(contenders=3, prompts=3)
    for prompt, outcomes in enumerate(("ab", "bab", "aab")):
        for outcome in outcomes:
            cast(study, outcome, prompt=prompt)
    cast(study, "b", sides=(2, 0))
    beaten = study.contenders.order_by("pk")[2]
    text = _text(client)
    assert f"No finite rating yet {beaten.name} : it lost its only vote. Its rating is below" in text
    assert "8 votes by 8 raters on 3 prompts" in text


def test_every_contender_is_there_with_rating_and_counts(client: Client, rated_study: Study) -> None:
    text = _text(client)
    for contender in rated_study.contenders.all():
        assert contender.name in text
        assert contender.slug in text
    assert "36 votes by 4 raters on 3 prompts" in text


def test_a_withheld_identity_stands_under_its_codename(client: Client, rated_study: Study) -> None:
    rated_study.contenders.update(codename="Falcon", name="Secret name", maker="Secret maker")
    text = _text(client)
    assert "Falcon" in text
    assert "Secret" not in text
    assert not any(slug in text for slug in rated_study.contenders.values_list("slug", flat=True))


def test_what_is_missing_names_nobody_while_an_identity_is_withheld(client: Client) -> None:
    study = make_study(prompts=2)
    for prompt in (0, 1):
        cast(study, "a", prompt=prompt)
    slugs = list(study.contenders.values_list("slug", flat=True))
    assert all(slug in _text(client) for slug in slugs)
    study.contenders.filter(slug=slugs[0]).update(codename="Falcon")
    assert not any(slug in _text(client) for slug in slugs)


def test_the_page_names_the_ledger_that_it_follows_from(client: Client, rated_study: Study) -> None:
    assert ledger_head(rated_study)[:16] in _text(client)


def test_a_vote_moves_the_page(client: Client, rated_study: Study) -> None:
    assert "36 votes" in _text(client)
    cast(rated_study, "b")
    assert "37 votes" in _text(client)


def test_without_votes_the_page_says_what_will_be_there_and_offers_the_next_step(client: Client) -> None:
    make_study()
    assert "There are no votes yet." in _text(client)
    assert "0 votes" not in _text(client)
    assert 'href="/studies/study/start/"' in client.get(PAGE).content.decode()


@pytest.mark.parametrize("fields", [{"is_open": False}, {"simulated": True}])
def test_a_filled_board_offers_a_vote_while_people_may(
    client: Client, rated_study: Study, fields: dict[str, bool]
) -> None:
    link = 'href="/studies/study/start/"'
    assert link in client.get(PAGE).content.decode()
    Study.objects.update(**fields)
    assert link not in client.get(PAGE).content.decode()


def test_no_word_of_the_engine_stands_on_the_page(client: Client, rated_study: Study) -> None:
    text = re.sub("value=.*?>", "", _text(client))
    for word in ("CR3", "both_bad", "floored", "sandwich", "log-odds", "maximum-likelihood"):
        assert word not in text


def test_few_votes_are_called_preliminary_at_the_row_and_at_the_top(
    client: Client, rated_study: Study
) -> None:
    text = _text(client)
    assert "Every rating here rests on fewer than 50 votes, 5 raters or 5 prompts" in text
    assert text.count(" preliminary ") >= 3


def test_enough_votes_are_not_called_preliminary(
    client: Client, rated_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.board.MINIMUM", Evidence(votes=24, raters=4, prompts=3))
    assert "may still move a lot" not in _text(client)


def test_an_open_order_is_one_group_and_says_so(client: Client, rated_study: Study) -> None:
    html = client.get(PAGE).content.decode()
    assert "The order is still open" in html
    assert html.count("<tbody") == 3  # of ratings, steps and the matrix


def test_a_settled_order_is_drawn_by_lines_and_ranges_stay_inside(client: Client) -> None:
    study = make_study(contenders=3, prompts=6)
    for _ in range(5):
        rater = Rater.objects.create()
        for number, sides in enumerate([(0, 2), (1, 2)] * 12):
            cast(study, "b" if number == 0 else "a", rater=rater, sides=sides, prompt=number // 4)
        cast_all_pairs(study, rater, "tat")
    context = client.get(PAGE).context
    groups = [[line.row for line in tier] for tier in context["tiers"]]
    assert len(groups) > 1
    first = 1
    for rows in groups:
        last = first + len(rows) - 1
        assert all(first <= row.rank_low <= row.rank_high <= last for row in rows)
        first = last + 1
    assert "A heavy line is settled" in _text(client)


def test_cells_of_few_votes_are_painted_weaker(client: Client) -> None:
    study = make_study(contenders=3, prompts=4)
    for number in range(32):
        cast(study, "ab"[number % 3 == 0], prompt=number % 4)
    for number in range(3):
        cast(study, "ab"[number % 2], sides=(1, 2), prompt=number)
        cast(study, "ba"[number % 2], sides=(0, 2), prompt=number)
    html = client.get(PAGE).content.decode()
    assert len(re.findall(r'class="share-\d+ full"', html)) == 2
    assert len(re.findall(r'class="share-\d+ faint"', html)) == 4


def test_a_printed_board_says_where_and_when(client: Client, rated_study: Study) -> None:
    with time_machine.travel("2026-03-01 12:34Z", tick=False):
        assert f"Printed from http://testserver{PAGE} on 1 March 2026, 12:34 UTC" in _text(client)


def test_every_page_names_version_and_licence(client: Client) -> None:
    for url in ("/", "/boards/", "/nowhere"):
        assert f"Paddock {VERSION}" in _text(client, url)
        assert "Apache 2.0 licence" in _text(client, url)


def test_a_simulated_board_says_so(client: Client, rated_study: Study) -> None:
    assert "Simulated votes" not in _text(client)
    Study.objects.update(simulated=True)
    assert "Simulated votes: no person judged these clips." in _text(client)
    assert "Simulated votes" in _text(client, "/boards/")


def test_an_empty_simulated_board_says_so_and_invites_nobody(client: Client) -> None:
    make_study(simulated=True)
    assert "Simulated votes: no person judged these clips." in _text(client)
    assert "/studies/study/" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize("url", ["/boards/nowhere/t2v-audio/", "/boards/study/t2v/", "/boards/study/t2x/"])
def test_an_unknown_study_or_track_is_not_found(client: Client, url: str) -> None:
    make_study()
    assert client.get(url).status_code == 404


def test_a_board_takes_a_fixed_number_of_queries(
    client: Client, rated_study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(PAGE)
    with django_assert_max_num_queries(18):
        client.get(PAGE)


def test_removed_votes_are_told_with_the_tables_before_and_after(client: Client, rated_study: Study) -> None:
    assert "Breaks in the history" not in _text(client)
    rater = rated_study.ballots.order_by("pk")[0].rater_id
    exclude_rater(study=rated_study, rater_id=rater, rule="too-fast", reason="Each answer within a second")
    text = _text(client)
    assert "9 votes removed by the rule too-fast" in text
    assert "Each answer within a second" in text
    assert text.count("Before Place Contender Rating 1") == text.count("After Place Contender Rating 1") == 1
