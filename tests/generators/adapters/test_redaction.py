from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from generators.adapters.faults import Problem, build_error
from generators.adapters.redaction import remove_secrets, strip_secrets, strip_text

KEY = "sk-0123456789"


def test_values_under_secret_names_go() -> None:
    body = {"api_key": "x", "Authorization": "Bearer x", "nested": [{"access_token": "x", "tokens": 3}]}
    assert strip_secrets(body, []) == {
        "api_key": "[removed]",
        "Authorization": "[removed]",
        "nested": [{"access_token": "[removed]", "tokens": 3}],
    }


def test_the_key_goes_wherever_it_stands() -> None:
    assert strip_secrets({"message": f"key {KEY} is wrong"}, [KEY]) == {"message": "key [removed] is wrong"}


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("see https://a.example/b.mp4?Signature=s&Expires=1", "see https://a.example/b.mp4?[removed]"),
        ("https://user:pass@a.example/b", "https://a.example/b"),
        ("https://a.example/b#part", "https://a.example/b"),
        ("no link", "no link"),
    ],
)
def test_links_lose_what_signs_them(text: str, stripped: str) -> None:
    assert strip_text(text, []) == stripped


def test_embedded_files_become_hashes() -> None:
    stripped = strip_secrets({"image": "data:image/png;base64,AAAA", "data": "A" * 5000}, [])
    assert isinstance(stripped, dict)
    assert stripped["image"].startswith("[26 characters, SHA-256 ")
    assert stripped["data"].startswith("[5000 characters, SHA-256 ")


def test_other_values_stay() -> None:
    body = {"seed": 7, "ok": True, "none": None, "list": [1.5, "text"], "token": None}
    assert strip_secrets(body, [KEY, ""]) == body


@pytest.mark.parametrize("key", ["sk+a/b==7f3c", "k?~>>>", KEY])
def test_a_key_goes_in_every_spelling(key: str) -> None:
    plain = key.encode()
    forms = [key, quote(key, safe=""), plain.hex()]
    for encode in (b64encode, urlsafe_b64encode):
        forms += [encode(b"u:"[:before] + plain + b"end").decode() for before in range(3)]
    for form in forms:
        assert "[removed]" in strip_text(f"it said {form}!", [key])
        assert key not in strip_text(f"it said {form}!", [key])


def test_an_answer_keeps_its_links_and_bulk_when_the_key_goes() -> None:
    body = {"url": "https://a.example/b?Signature=s", "data": "A" * 5000, KEY: [KEY, 7, None], "ok": True}
    removed = remove_secrets(body, [KEY])
    assert removed.pop("[removed]") == ["[removed]", 7, None]
    assert removed == {name: value for name, value in body.items() if name != KEY}


def test_errors_have_no_signatures_of_links() -> None:
    error = build_error("fal", "failed", Problem("timeout", "See https://a.example/b?Signature=s now."))
    assert str(error) == "fal could not finish the job: See https://a.example/b?[removed] now (timeout)."
