from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.factories import make_study

pytestmark = pytest.mark.django_db


def test_open_studies_are_offered(client: Client) -> None:
    make_study("first", title="The first study")
    make_study("second", title="The second study", introduction="We look at motion.", asked_by="The lab")
    html = client.get("/").content.decode()
    for shown in (
        "The first study",
        "/studies/first/start/",
        "The second study",
        "We look at motion.",
        "The lab",
    ):
        assert shown in html


def test_closed_and_simulated_studies_are_not_offered(client: Client) -> None:
    make_study("closed", title="The closed study", is_open=False)
    make_study("machine", title="The simulated study", simulated=True)
    html = client.get("/").content.decode()
    assert "The closed study" not in html
    assert "The simulated study" not in html
    assert "No study is open yet" in html


def test_looking_around_makes_no_rater_and_sets_no_cookie(client: Client) -> None:
    make_study()
    assert not client.get("/").cookies


def test_two_queries_for_any_number_of_studies(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        make_study(f"study-{number}")
    with django_assert_num_queries(2):
        client.get("/")
