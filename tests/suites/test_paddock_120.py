from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from arena.catalog.suite_file import PromptEntry, read_suite_file
from arena.catalog.suites import as_file, load_suite

PATH = Path(__file__).parents[2] / "suites" / "paddock-120.yaml"
SUITE = read_suite_file(PATH)
ENGLISH = [prompt for prompt in SUITE.prompts if prompt.language == "en"]
CHINESE = [prompt for prompt in SUITE.prompts if prompt.language == "zh"]
BY_KEY = {prompt.key: prompt for prompt in SUITE.prompts}
GROUPS = [
    "subject", "camera", "motion", "physics", "people", "text",
    "style", "multi-shot", "speech", "music", "ambience", "silence",
]  # fmt: skip
ROW = re.compile(r"^# \| ([a-z -]+?) +\| +(\d+) \| +(\d+) \| [^|]+ \|$", re.MULTILINE)
STATED = {tag: (int(english), int(chinese)) for tag, english, chinese in ROW.findall(PATH.read_text("utf-8"))}


def _counts(prompts: list[PromptEntry]) -> Counter[str]:
    return Counter(tag for prompt in prompts for tag in prompt.tags)


def test_the_tag_balance_is_as_the_file_states() -> None:
    english, chinese = _counts(ENGLISH), _counts(CHINESE)
    assert {tag: (english[tag], chinese[tag]) for tag in english | chinese} == STATED


def test_each_group_has_ten_prompts_and_two_of_them_in_chinese() -> None:
    assert Counter(prompt.tags[0] for prompt in ENGLISH) == dict.fromkeys(GROUPS, 10)
    assert Counter(prompt.tags[0] for prompt in CHINESE) == dict.fromkeys(GROUPS, 2)
    assert len(CHINESE) == len(ENGLISH) * 0.2


@pytest.mark.parametrize("prompt", CHINESE, ids=lambda prompt: prompt.key)
def test_a_chinese_prompt_is_tied_to_its_english_one(prompt: PromptEntry) -> None:
    original = BY_KEY[prompt.translates]
    assert (prompt.key, original.language) == (f"{original.key}-zh", "en")
    assert prompt.tags == [*original.tags, "chinese"]
    assert not re.search("[a-z]", prompt.text + prompt.expected_sound, re.IGNORECASE)


def test_no_english_prompt_is_a_translation() -> None:
    assert [prompt.key for prompt in ENGLISH if prompt.translates or "chinese" in prompt.tags] == []


@pytest.mark.parametrize("prompt", SUITE.prompts, ids=lambda prompt: prompt.key)
def test_a_prompt_is_named_for_its_group_and_says_what_should_be_heard(prompt: PromptEntry) -> None:
    assert prompt.key.startswith(f"{prompt.tags[0]}-")
    assert len(prompt.tags) == len(set(prompt.tags)) > 1
    assert prompt.expected_sound
    assert (prompt.licence, prompt.origin) == ("CC0-1.0", "written for Paddock")


@pytest.mark.parametrize("prompt", ENGLISH, ids=lambda prompt: prompt.key)
def test_a_prompt_fits_into_some_seconds_and_has_no_switches_of_providers(prompt: PromptEntry) -> None:
    assert 15 <= len(prompt.text.split()) <= 50
    assert "--" not in prompt.text


@pytest.mark.parametrize("tag", ["moving camera", "static camera"])
def test_a_camera_tag_stands_where_the_text_speaks_of_it(tag: str) -> None:
    words = {
        "moving camera": "camera|handheld|first person",
        "static camera": "static|locked-off|does not move",
    }
    tagged = [prompt for prompt in ENGLISH if tag in prompt.tags]
    assert [p.key for p in tagged if not re.search(words[tag], p.text, re.IGNORECASE)] == []


def test_a_place_is_named_in_tags_once_but_for_cuts_between_places() -> None:
    both = [prompt for prompt in ENGLISH if {"indoor", "outdoor"} <= set(prompt.tags)]
    assert {prompt.tags[0] for prompt in both} == {"multi-shot"}


def test_no_text_comes_twice() -> None:
    assert [text for text, n in Counter(prompt.text for prompt in SUITE.prompts).items() if n > 1] == []


@pytest.mark.django_db
def test_it_is_loaded_as_it_is() -> None:
    suite, _ = load_suite(path=PATH)
    assert (suite.name, suite.prompts.count()) == ("paddock-120", 144)
    assert as_file(suite) == SUITE
