from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from arena.runs.models import Rendition
from arena.voting.limits import Limit, RateCount, client_network, count_against, forget_old_counts
from arena.voting.models import Ballot, Rater, Vote
from arena.voting.refusals import TooManyRequests
from tests.factories import make_study
from tests.factories_voting import answer, open_page, press_start, recorded

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""A moment at which minutes and hours begin."""


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Each test begins at noon, since a window could end during it otherwise."""
    with time_machine.travel(NOON, tick=False):
        yield


def _limits(*names: str, most: int = 2) -> list[Limit]:
    return [Limit(name, most, 60) for name in names]


def _request(remote: str, forwarded: str | None = None) -> HttpRequest:
    request = RequestFactory().get("/", REMOTE_ADDR=remote)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return request


def test_as_many_as_allowed_pass_and_the_next_is_told_when_to_come_again() -> None:
    with time_machine.travel(NOON + timedelta(seconds=18), tick=False):
        for _ in range(2):
            count_against(_limits("x"))
        with pytest.raises(TooManyRequests) as refused:
            count_against(_limits("x"))
    assert refused.value.retry_after_s == 42
    with time_machine.travel(NOON + timedelta(seconds=60), tick=False):
        count_against(_limits("x"))


def test_names_are_counted_apart_and_the_longest_wait_is_told() -> None:
    count_against([Limit("x", 1, 60), Limit("y", 1, 3600)])
    count_against(_limits("z"))
    with pytest.raises(TooManyRequests) as refused:
        count_against([Limit("x", 1, 60), Limit("y", 1, 3600)])
    assert refused.value.retry_after_s == 3600


def test_counting_takes_one_query_and_none_without_limits(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        count_against(_limits("x", "y"))
    with django_assert_num_queries(0):
        count_against(_limits("x", "y", most=0))


def test_no_name_can_be_read_from_the_database() -> None:
    count_against(_limits("answers from 192.0.2.7"))
    assert "192" not in RateCount.objects.get().key


def test_old_counts_are_forgotten() -> None:
    count_against(_limits("x"))
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        count_against(_limits("y"))
        forget_old_counts()
    assert RateCount.objects.count() == 1


@pytest.mark.parametrize(
    ("remote", "forwarded", "network"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # no proxy of ours: whatever it says
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the first is the client's own claim
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("", "198.51.100.1", "198.51.100.1"),
        ("", None, "unknown"),
    ],
)
def test_the_client_is_found_behind_trusted_proxies_alone(
    remote: str, forwarded: str | None, network: str
) -> None:
    with override_settings(TRUSTED_PROXIES=[ipaddress.ip_network("10.0.0.0/8")]):
        assert client_network(_request(remote, forwarded)) == network


def test_without_proxies_no_header_is_believed() -> None:
    assert client_network(_request("10.0.0.1", "198.51.100.1")) == "10.0.0.1"


def test_a_browser_answers_only_so_often_and_the_refused_answer_changes_nothing(
    client: Client, settings: Settings
) -> None:
    settings.ANSWERS_PER_MINUTE = 2
    study = make_study(prompts=4)
    assert answer(client, open_page(client, study)).status_code == 302
    assert answer(client, open_page(client, study), "skip").status_code == 302
    before = recorded()
    refused = answer(client, ballot := open_page(client, study))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert "Try again in 60 seconds" in refused.content.decode()
    assert recorded() == before
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.OPEN
    with time_machine.travel(NOON + timedelta(seconds=60), tick=False):
        assert answer(client, ballot).status_code == 302


def test_programs_are_told_by_a_problem_document(client: Client, settings: Settings) -> None:
    settings.ANSWERS_PER_MINUTE_AND_ADDRESS = 1
    study = make_study(prompts=2)
    answer(client, open_page(client, study))
    other = Client()
    response = answer(other, open_page(other, study), accept="application/json")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert response.json()["status"] == 429


def test_new_raters_from_one_address_are_limited_and_known_ones_go_on(
    client: Client, settings: Settings
) -> None:
    settings.NEW_RATERS_PER_HOUR_AND_ADDRESS = 1
    study = make_study(prompts=2)
    press_start(client, study)
    assert press_start(Client(), study).status_code == 429
    assert Rater.objects.count() == 1
    assert press_start(client, study).status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.1")
    assert press_start(elsewhere, study).status_code == 302


def test_no_client_casts_a_thousand_votes_a_minute(settings: Settings) -> None:
    """One program that throws its cookies away: no playback, no clip loaded, a new rater for each vote."""
    settings.NEW_RATERS_PER_HOUR_AND_ADDRESS = 0
    settings.ANSWERS_PER_MINUTE_AND_ADDRESS = 7
    study = make_study()
    statuses = []
    for _ in range(10):
        browser = Client()
        statuses.append(answer(browser, open_page(browser, study)).status_code)
    assert statuses == [302] * 7 + [429] * 3
    assert Vote.objects.count() == 7


@pytest.mark.parametrize(("track", "least_s"), [("t2v-audio", 18 - 2 * 0.5), ("t2v", 9 - 0.5)])
def test_a_vote_before_the_clips_can_have_ended_is_refused(
    client: Client, settings: Settings, track: str, least_s: float
) -> None:
    """Even without a report: heard in turn, two clips take the sum of their lengths."""
    settings.WATCHING_REQUIRED = True
    study = make_study()
    Rendition.objects.update(duration_s=9.0)
    ballot = open_page(client, study)
    Ballot.objects.update(track=track)
    for late_s, status in ((least_s - 0.1, 422), (least_s, 302)):
        with time_machine.travel(NOON + timedelta(seconds=late_s), tick=False):
            assert answer(client, ballot).status_code == status
    assert Vote.objects.count() == 1


def test_a_skip_needs_no_watching(client: Client, settings: Settings) -> None:
    settings.WATCHING_REQUIRED = True
    study = make_study(prompts=2)
    Rendition.objects.update(duration_s=9.0)
    response = answer(client, open_page(client, study), "skip")
    assert response.headers["Location"] == reverse("ballot", args=["study"])
