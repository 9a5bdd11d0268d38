from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.adapters.prompts import clean_prompt
from generators.base import InvalidInput


@pytest.mark.parametrize(
    "prompt",
    [
        "A well-known dog - red - runs.",
        "Tea at five – then rain — and a storm.",
        "She says: 'Wait--what?' and laughs.",
        "Temperature: -- 5 degrees",
        "a dash at the end --",
        "",
    ],
)
def test_ordinary_dashes_pass(prompt: str) -> None:
    assert clean_prompt(prompt, "refuse") == prompt


@pytest.mark.parametrize(
    ("prompt", "switch", "escaped"),
    [
        ("A cat --ar 16:9", "--ar", "A cat -- ar 16:9"),
        ("--wm true A cat", "--wm", "-- wm true A cat"),
        ("A cat —ratio 1:1", "—ratio", "A cat — ratio 1:1"),
        ("A cat (--dur 10)", "--dur", "A cat (-- dur 10)"),
        ("A cat,\n---seed 1 --rs 720p", "---seed", "A cat,\n--- seed 1 -- rs 720p"),
    ],
)
def test_a_switch_is_refused_or_set_apart(prompt: str, switch: str, escaped: str) -> None:
    with pytest.raises(InvalidInput, match=f"got '{switch}"):
        clean_prompt(prompt, "refuse")
    assert clean_prompt(prompt, "escape") == escaped


@given(st.text(alphabet="ab -–—(,\n"))
def test_an_escaped_prompt_holds_no_switch(prompt: str) -> None:
    escaped = clean_prompt(prompt, "escape")
    assert clean_prompt(escaped, "refuse") == escaped
    assert escaped.replace(" ", "") == prompt.replace(" ", "")
