from __future__ import annotations

import pytest
from hypothesis import given

from generators.base import InvalidInput
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene, parse, write
from generators.toyworld.world.palette import BACKGROUNDS, COLOURS
from tests.factories_generators import ONE, TWO, scenes


@given(scenes)
def test_a_scene_survives_its_caption(scene: Scene) -> None:
    assert parse(write(scene)) == scene


@pytest.mark.parametrize("caption", [ONE, TWO])
def test_a_caption_survives_its_scene(caption: str) -> None:
    assert write(parse(caption)) == caption


def test_case_spacing_and_a_full_stop_do_not_matter() -> None:
    assert parse("  A large red Circle gliding up-left  quickly on a grey background.\n") == parse(ONE)


def test_words_outside_the_grammar_are_named_once_with_the_grammar() -> None:
    with pytest.raises(InvalidInput, match=r"doesn't know: 'horse', 'gallops'\. Say: a \{size\}.*bouncing"):
        parse("a horse gallops and a horse gallops on a grey background")


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "a red large circle gliding up quickly on a grey background",
        "a large red circle gliding up quickly",
        f"{ONE} and a small blue circle gliding up slowly",
        ONE.replace(" on a ", f" and {TWO} on a "),
    ],
)
def test_known_words_in_another_order_are_no_sentence(caption: str) -> None:
    with pytest.raises(InvalidInput, match=r"Not a sentence of the toy world: .* Say: a \{size\}"):
        parse(caption)


def test_two_objects_of_one_colour_are_refused() -> None:
    with pytest.raises(InvalidInput, match="both are blue"):
        parse(TWO.replace("yellow", "blue"))


def test_an_unknown_word_in_a_slot_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"size must be one of small, large; got 'huge'\."):
        ObjectSpec("huge", "red", "circle", "gliding", "up", "slowly")


def test_each_colour_word_has_a_colour() -> None:
    assert tuple(COLOURS) == WORDS["colour"]
    assert tuple(BACKGROUNDS) == WORDS["background"]
