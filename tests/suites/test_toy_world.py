"""The demo's suite: evenly spread words, and a known share of mistakes and of unseen scenes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from arena.catalog.suite_file import SuiteFile, read_suite_file
from generators.toyworld.world.examples import split_of
from generators.toyworld.world.flaws import is_mistaken
from generators.toyworld.world.grammar import WORDS, Scene, parse

PATH = Path(__file__).parents[2] / "suites" / "toy-world.yaml"


@pytest.fixture(scope="module")
def suite() -> SuiteFile:
    return read_suite_file(PATH)


@pytest.fixture(scope="module")
def scenes(suite: SuiteFile) -> list[Scene]:
    return [parse(prompt.text) for prompt in suite.prompts]


def test_there_are_24_scenes_of_one_seed_each(suite: SuiteFile) -> None:
    assert len({prompt.text for prompt in suite.prompts}) == 24
    assert {tuple(prompt.seeds) for prompt in suite.prompts} == {(0,)}


def test_the_words_of_each_kind_are_equally_frequent(scenes: list[Scene]) -> None:
    for kind, words in WORDS.items():
        found = Counter(
            getattr(scene if kind == "background" else scene.objects[0], kind) for scene in scenes
        )
        assert found == dict.fromkeys(words, 24 // len(words))


def test_a_third_of_the_scenes_are_mistaken(scenes: list[Scene]) -> None:
    assert sum(is_mistaken(scene, seed=0) for scene in scenes) == 8


def test_scenes_that_happyhorse_has_not_seen_are_tagged(suite: SuiteFile, scenes: list[Scene]) -> None:
    for prompt, scene in zip(suite.prompts, scenes, strict=True):
        assert ("held out" in prompt.tags) == (split_of(scene) == "held-out")


def test_tags_name_the_motion(suite: SuiteFile, scenes: list[Scene]) -> None:
    for prompt, scene in zip(suite.prompts, scenes, strict=True):
        assert prompt.tags[:2] == ["one object", scene.objects[0].motion]
