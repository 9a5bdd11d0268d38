from __future__ import annotations

import uuid

import pytest
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from arena.voting.models import Rater
from arena.voting.raters import COOKIE_SALT, current_rater, remember_rater

pytestmark = pytest.mark.django_db


def _visit(cookie: str | None = None) -> HttpRequest:
    request = RequestFactory().get("/")
    if cookie is not None:
        request.COOKIES["rater"] = cookie
    return request


def _cookie_of(rater: Rater) -> str:
    response = HttpResponse()
    remember_rater(response, rater)
    return response.cookies["rater"].value


def test_the_cookie_brings_the_rater_back() -> None:
    rater = Rater.objects.create()
    assert current_rater(_visit(_cookie_of(rater))) == rater


@pytest.mark.parametrize("cookie", [None, "", "nonsense", "a:b:c", str(uuid.UUID(int=7))])
def test_no_cookie_of_ours_is_no_rater(cookie: str | None) -> None:
    assert current_rater(_visit(cookie)) is None


def test_an_id_signed_for_another_purpose_or_cookie_is_no_rater() -> None:
    rater = Rater.objects.create()
    for salt in ("another cookie" + COOKIE_SALT, COOKIE_SALT):
        assert current_rater(_visit(signing.get_cookie_signer(salt=salt).sign(rater.pk.hex))) is None


def test_a_cookie_signed_by_a_former_secret_is_no_rater(settings: Settings) -> None:
    rater = Rater.objects.create()
    cookie = _cookie_of(rater)
    settings.SECRET_KEY = "another secret " * 4
    assert current_rater(_visit(cookie)) is None


def test_a_rater_that_is_gone_is_no_rater() -> None:
    rater = Rater(id=uuid.uuid4())
    assert current_rater(_visit(_cookie_of(rater))) is None


def test_nobody_can_be_a_simulated_rater() -> None:
    rater = Rater.objects.create(simulated=True)
    assert current_rater(_visit(_cookie_of(rater))) is None


def test_the_cookie_is_secure_where_the_site_is(settings: Settings) -> None:
    settings.RATER_COOKIE_SECURE = True
    response = HttpResponse()
    remember_rater(response, Rater.objects.create())
    assert response.cookies["rater"]["secure"]
