from __future__ import annotations

import pytest

from generators.adapters.redaction import strip_secrets, strip_text

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
