from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from arena.organising.models import AuditEntry, Role, SignInLink
from arena.organising.people import add_person, make_link, remove_person
from tests.factories import make_suite
from tests.factories_organising import client_of, make_person, signed_in

pytestmark = pytest.mark.django_db
MAILING = override_settings(EMAIL_HOST="mail.example.org")


def test_a_link_signs_its_person_in_after_one_click(client: Client) -> None:
    link = make_link(make_person(email="ada@example.org"))
    asked = client.get(link)
    assert "This link signs in ada@example.org" in asked.text
    assert client.get("/organise/").status_code == 302  # a mail scanner that opens the link uses nothing up
    assert client.post(link).headers["Location"] == "/organise/"
    assert client.get("/organise/").status_code == 200
    assert AuditEntry.objects.filter(action="signed in by link", actor="ada@example.org").exists()


def test_a_link_works_once(client: Client) -> None:
    link = make_link(make_person())
    client.post(link)
    again = Client().post(link)
    assert (again.status_code, "This link is over" in again.text) == (410, True)


@pytest.mark.parametrize("token", ["x", "a" * 500, "%C3%A9", "..%2f"])
def test_no_other_token_signs_in(client: Client, token: str) -> None:
    make_link(make_person())
    assert client.post(f"/organise/sign-in/{token}/").status_code in (404, 410)
    assert "sessionid" not in client.cookies


def test_a_link_ends_after_seven_days(client: Client) -> None:
    link = make_link(make_person())
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        assert client.post(link).status_code == 410


def test_a_link_of_a_removed_person_is_over(client: Client) -> None:
    user = make_person(Role.MEMBER)
    link = make_link(user)
    remove_person(user=user)
    assert client.post(link).status_code == 410


def test_a_removed_person_is_signed_out_at_once() -> None:
    user = make_person(Role.MEMBER)
    client = signed_in(user)
    assert client.get("/organise/").status_code == 200
    remove_person(user=user)
    assert client.get("/organise/").status_code == 302


def test_only_the_hash_of_a_link_is_kept() -> None:
    token = make_link(make_person()).split("/")[-2]
    assert token not in str(SignInLink.objects.values())


@MAILING
def test_a_known_person_is_mailed_a_link_that_leads_to_the_page_they_wanted(client: Client) -> None:
    make_person(email="ada@example.org")
    page = client.post("/organise/sign-in/", {"email": "Ada@Example.org ", "next": "/organise/people/"})
    assert "a link is on its way" in page.text
    [message] = mail.outbox
    assert message.to == ["ada@example.org"]
    [link] = [word for word in message.body.split() if word.startswith("http://testserver/organise/sign-in/")]
    parts = urlsplit(link)
    assert client.post(f"{parts.path}?{parts.query}").headers["Location"] == "/organise/people/"


@MAILING
def test_a_stranger_is_told_the_same_and_mailed_nothing(client: Client) -> None:
    make_person(email="ada@example.org")
    known = client.post("/organise/sign-in/", {"email": "ada@example.org"})
    strange = Client().post("/organise/sign-in/", {"email": "eve@example.org"})
    assert "a link is on its way" in known.text
    assert "a link is on its way" in strange.text
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


@MAILING
def test_a_person_is_mailed_five_links_an_hour_at_most(client: Client) -> None:
    make_person(email="ada@example.org")
    for _ in range(7):
        client.post("/organise/sign-in/", {"email": "ada@example.org"})
    assert len(mail.outbox) == 5


@override_settings(
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9
)
def test_a_mail_server_that_is_down_is_answered_by_a_page_that_says_so(client: Client) -> None:
    make_person(email="ada@example.org")
    answered = client.post("/organise/sign-in/", {"email": "ada@example.org"})
    assert answered.status_code == 503
    assert "The mail server doesn’t answer." in answered.text


def test_without_a_mail_server_the_page_says_how_to_get_a_link(client: Client) -> None:
    make_person(email="ada@example.org")
    assert "manage.py create_organiser" in client.get("/organise/sign-in/").text
    assert "on its way" not in client.post("/organise/sign-in/", {"email": "ada@example.org"}).text
    assert mail.outbox == []


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_no_link_leads_to_another_site(client: Client, address: str) -> None:
    link = make_link(make_person())
    assert client.post(link, {"next": address}).headers["Location"] == "/organise/"


def test_signing_out_needs_a_form_and_ends_the_session() -> None:
    client = client_of(Role.ORGANISER)
    assert client.get("/organise/sign-out/").status_code == 405
    client.post("/organise/sign-out/")
    assert client.get("/organise/").status_code == 302


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client: Client) -> None:
    asked = client.get("/organise/audit/?page=2")
    assert asked.headers["Location"] == "/organise/sign-in/?next=/organise/audit/%3Fpage%3D2"


def test_a_program_is_refused_with_a_problem_document(client: Client) -> None:
    refused = client.get("/organise/", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["status"]) == (403, 403)


def test_the_first_page_leads_signed_in_people_to_the_dashboard(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client_of(Role.MEMBER).get("/").headers["Location"] == "/organise/"


def test_raters_get_no_session(client: Client) -> None:
    make_suite()
    for address in ("/", "/boards/", "/organise/sign-in/"):
        client.get(address)
    assert "sessionid" not in client.cookies


def test_somebody_without_a_role_is_a_stranger() -> None:
    user = User.objects.create_user("nobody@example.org")
    assert signed_in(user).get("/organise/").status_code == 302


def test_addresses_are_known_without_regard_to_case() -> None:
    first = add_person(email="Ada@example.org", role=Role.MEMBER)
    assert add_person(email=" ada@EXAMPLE.org", role=Role.VIEWER) == first
