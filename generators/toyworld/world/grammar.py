"""Scenes and their captions: a closed vocabulary that is written and parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from generators.base import InvalidInput

WORDS: dict[str, tuple[str, ...]] = {
    "size": ("small", "large"),
    "colour": ("red", "orange", "yellow", "green", "blue", "purple"),
    "shape": ("circle", "square", "triangle"),
    "motion": ("gliding", "bouncing"),
    "direction": ("up", "down", "left", "right", "up-left", "up-right", "down-left", "down-right"),
    "speed": ("slowly", "quickly"),
    "background": ("white", "grey", "navy", "charcoal"),
}
"""Words that may fill each slot. The order of colours sets their pitch, so it must not change."""

_OBJECT = "a {size} {colour} {shape} {motion} {direction} {speed}"
GRAMMAR = (
    f"{_OBJECT} [and {_OBJECT}] on a {{background}} background, where "
    + "; ".join(f"{slot} is {' | '.join(words)}" for slot, words in WORDS.items())
    + "; two objects have different colours"
)
_KNOWN = {"a", "and", "on", "background", *(word for words in WORDS.values() for word in words)}


@dataclass(frozen=True)
class ObjectSpec:
    """Words of a caption about one object."""

    size: str
    colour: str
    shape: str
    motion: str
    direction: str
    speed: str

    def __post_init__(self) -> None:
        for field in fields(self):
            _require(field.name, getattr(self, field.name))


@dataclass(frozen=True)
class Scene:
    """One or two objects on a background. Colours differ, so that a viewer can tell the objects apart."""

    objects: tuple[ObjectSpec, ...]
    background: str

    def __post_init__(self) -> None:
        _require("background", self.background)
        if not 1 <= len(self.objects) <= 2:
            raise InvalidInput(f"A scene must have one or two objects; got {len(self.objects)}.")
        if len({item.colour for item in self.objects}) < len(self.objects):
            colour = self.objects[0].colour
            raise InvalidInput(f"Two objects must have different colours; both are {colour}.")


def parse(caption: str) -> Scene:
    """Parse a caption. Case, spacing and a final full stop don't matter.

    Raises:
        InvalidInput: The caption has words outside the grammar, which are named, or isn't a sentence of it.
    """
    words = caption.lower().rstrip(" .\n").split()
    if strange := [word for word in dict.fromkeys(words) if word not in _KNOWN]:
        listed = ", ".join(map(repr, strange))
        raise InvalidInput(f"Words that the toy world doesn't know: {listed}. Say: {GRAMMAR}.")
    match = _SENTENCE.fullmatch(" ".join(words))
    if match is None:
        raise InvalidInput(f"Not a sentence of the toy world: {caption!r}. Say: {GRAMMAR}.")
    first, second, background = match["first"], match["second"], match["background"]
    return Scene(tuple(_parse_object(text) for text in (first, second) if text), background)


def write(scene: Scene) -> str:
    """Write the caption of a scene, the inverse of `parse`."""
    objects = " and ".join(_OBJECT.format(**vars(item)) for item in scene.objects)
    return f"{objects} on a {scene.background} background"


def _parse_object(text: str) -> ObjectSpec:
    # The sentence has matched by now, so each object is "a" and one word for each slot.
    return ObjectSpec(*text.split()[1:])


def _require(slot: str, word: str) -> None:
    if word not in WORDS[slot]:
        raise InvalidInput(f"{slot} must be one of {', '.join(WORDS[slot])}; got {word!r}.")


def _sentence() -> re.Pattern[str]:
    slots = {slot: f"(?:{'|'.join(words)})" for slot, words in WORDS.items()}
    item = _OBJECT.format(**slots)
    background = f"on a (?P<background>{slots['background']}) background"
    return re.compile(f"(?P<first>{item})(?: and (?P<second>{item}))? {background}")


_SENTENCE = _sentence()
