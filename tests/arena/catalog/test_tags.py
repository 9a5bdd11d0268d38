from __future__ import annotations

import pytest

from arena.catalog.lookup import UnknownName
from arena.catalog.models import Prompt
from arena.catalog.tags import NothingChosen, choose_prompts, describe_tags

PROMPTS = [
    Prompt(key="rain", tags=["ambience"]),
    Prompt(key="choir", tags=["music", "people"]),
    Prompt(key="busker", tags=["music", "ambience"]),
    Prompt(key="plain", tags=[]),
]


@pytest.mark.parametrize("side", ["tags", "exclude_tags"])
def test_an_unknown_tag_is_named_with_the_known_ones(side: str) -> None:
    with pytest.raises(UnknownName, match=r"^Unknown tag 'Music'\. Known: ambience, music, people\.$"):
        choose_prompts(PROMPTS, **{side: ["music", "Music"]})


def test_a_suite_without_tags_says_so() -> None:
    with pytest.raises(UnknownName, match=r"^Unknown tag 'music'\. Known: none yet\.$"):
        choose_prompts(PROMPTS[3:], tags=["music"])


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(NothingChosen, match=r"got tagged people, without music\. Exclude fewer tags\.$"):
        choose_prompts(PROMPTS, tags=["people"], exclude_tags=["music"])


@pytest.mark.parametrize(
    ("tags", "exclude_tags", "chosen"),
    [
        ([], [], ["rain", "choir", "busker", "plain"]),
        (["music"], [], ["choir", "busker"]),
        (["music", "ambience"], [], ["rain", "choir", "busker"]),
        ([], ["music"], ["rain", "plain"]),
        (["music", "people"], ["ambience"], ["choir"]),
    ],
)
def test_a_prompt_needs_one_of_the_tags_and_none_of_the_others(
    tags: list[str], exclude_tags: list[str], chosen: list[str]
) -> None:
    prompts = choose_prompts(PROMPTS, tags=tags, exclude_tags=exclude_tags)
    assert [prompt.key for prompt in prompts] == chosen


def test_a_choice_is_described_in_words() -> None:
    assert describe_tags(["music", "speech"], ["zh"]) == "tagged music or speech, without zh"
    assert (describe_tags(["music"], []), describe_tags([], [])) == ("tagged music", "")
