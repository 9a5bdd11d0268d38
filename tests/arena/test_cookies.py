from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_study

pytestmark = pytest.mark.django_db
COOKIES = {"csrftoken", "rater"}


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_are_secure_on_https_and_usable_on_plain_http(secure: bool) -> None:
    make_study()
    client = Client()
    client.post("/studies/study/start/", secure=secure)
    response = client.get("/studies/study/", secure=secure)
    assert response.cookies.keys() == COOKIES
    assert [bool(cookie["secure"]) for cookie in response.cookies.values()] == [secure, secure]
