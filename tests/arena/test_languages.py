from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from arena.languages import speak
from tests.factories import make_study

pytestmark = pytest.mark.django_db
CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}
HEADING = "哪段视频更好？"


def test_a_page_speaks_english_where_nothing_is_asked_for(client: Client) -> None:
    response = client.get("/")
    assert response["Content-Language"] == "en"
    assert '<html lang="en">' in response.content.decode()


@pytest.mark.parametrize("asked", ["zh-CN", "zh", "zh-Hans-CN", "zh-TW", "fr;q=0.9,zh;q=0.8"])
def test_a_page_speaks_the_browsers_language(client: Client, asked: str) -> None:
    response = client.get("/", headers={"accept-language": asked})
    assert response["Content-Language"] == "zh-hans"
    assert '<html lang="zh-hans">' in response.content.decode()
    assert HEADING in response.content.decode()


def test_caches_keep_the_languages_apart(client: Client) -> None:
    assert {"Accept-Language", "Cookie"} <= set(client.get("/")["Vary"].split(", "))


def test_the_chosen_language_outlasts_what_the_browser_asks_for(client: Client) -> None:
    response = client.post("/language/", {"language": "zh-hans", "next": "/boards/?page=2"})
    assert response["Location"] == "/boards/?page=2"
    assert client.cookies["django_language"]["httponly"]
    assert HEADING in client.get("/", headers={"accept-language": "en"}).content.decode()
    client.post("/language/", {"language": "en", "next": "/"})
    assert HEADING not in client.get("/", headers=CHINESE).content.decode()


def test_a_link_changes_no_language(client: Client) -> None:
    client.get("/language/", {"language": "zh-hans", "next": "/"})
    assert "django_language" not in client.cookies


def test_the_switch_leads_to_this_arena_only(client: Client) -> None:
    response = client.post("/language/", {"language": "zh-hans", "next": "https://elsewhere.example/"})
    assert response["Location"] == "/"


@pytest.mark.parametrize("odd", ["xx", "", "zh-hans\0", "../../etc", "z" * 600])
def test_an_unknown_language_stores_nothing(client: Client, odd: str) -> None:
    assert client.post("/language/", {"language": odd, "next": "/"}).status_code == 302
    assert "django_language" not in client.cookies


@pytest.mark.parametrize("odd", ["zh-hans\x01", "'; --", "*" * 5000])
def test_odd_cookies_and_headers_get_english(client: Client, odd: str) -> None:
    client.cookies["django_language"] = odd
    assert client.get("/", headers={"accept-language": odd}).status_code == 200


def test_an_error_speaks_the_browsers_language(client: Client) -> None:
    page = client.get("/nowhere/", headers=CHINESE)
    assert "页面不存在" in page.content.decode()
    document = client.get("/nowhere/", headers={**CHINESE, "accept": "application/json"})
    assert document.json()["title"] == "页面不存在"


def test_the_studys_own_texts_stay_and_the_usual_question_is_translated(client: Client) -> None:
    make_study("place", title="Cats at night", introduction="Which cat do you like?")
    page = client.get("/studies/place/start/", headers=CHINESE).content.decode()
    assert "Cats at night" in page
    assert "哪段视频更符合这个提示词？" in page


def test_leaderboards_are_english_throughout_and_say_so(client: Client) -> None:
    response = client.get("/boards/", headers=CHINESE)
    page = response.content.decode()
    assert response["Content-Language"] == "en"
    assert '<html lang="en">' in page
    assert 'name="language"' not in page


def test_one_answers_language_is_not_the_next_ones() -> None:
    request = RequestFactory().get("/", headers=CHINESE)
    response = speak(lambda _: HttpResponse(translation.get_language()))(request)
    assert response.getvalue() == b"zh-hans"
    assert translation.get_language() == "en"


def test_scripts_get_their_texts(client: Client) -> None:
    page = client.get("/", headers=CHINESE).content.decode()
    address = page.split('<script src="')[1].split('"')[0]
    response = client.get(address)
    assert response["Content-Type"].startswith("text/javascript")
    assert "max-age=31536000" in response["Cache-Control"]
    assert r"\u6295\u7968\u5df2\u8bb0\u5f55\u3002" in response.content.decode()


@pytest.mark.parametrize("language", ["xx", "zh"])
def test_scripts_texts_of_an_unknown_language_are_not_found(client: Client, language: str) -> None:
    assert client.get(f"/texts/1/{language}.js").status_code == 404
