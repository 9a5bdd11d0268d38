"""Clips that are wrong on purpose, each in one way, to prove that the referee sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from generators.toyworld.referee.verdict import Footage
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.examples import DURATION_S, FPS, SAMPLE_RATE, SIDE, Example
from generators.toyworld.world.flaws import hold
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene
from generators.toyworld.world.palette import BACKGROUNDS
from generators.toyworld.world.physics import simulate

LATE_S = 0.25

Maker = Callable[[Example, Example], Footage]
"""From an example and the one after it."""


def truth(own: Example, _: Example) -> Footage:
    return Footage(own.frames, FPS, own.samples, SAMPLE_RATE)


def late_sound(own: Example, following: Example) -> Footage:
    clip, late = truth(own, following), round(LATE_S * SAMPLE_RATE)
    return replace(clip, samples=np.pad(own.samples, (late, 0))[: len(own.samples)])


def next_sound(own: Example, following: Example) -> Footage:
    """Chance level: what synchrony is worth when sound and picture know nothing of each other."""
    return replace(truth(own, following), samples=following.samples)


def silence(own: Example, following: Example) -> Footage:
    return replace(truth(own, following), samples=np.zeros_like(own.samples))


def wrong_colour(own: Example, following: Example) -> Footage:
    return _look_wrong(own, following, "colour")


def wrong_shape(own: Example, following: Example) -> Footage:
    return _look_wrong(own, following, "shape")


def wrong_size(own: Example, following: Example) -> Footage:
    return _look_wrong(own, following, "size")


def wrong_background(own: Example, following: Example) -> Footage:
    return _redraw(own, following, replace(own.scene, background=_other("background", own.scene.background)))


def stutter(own: Example, following: Example) -> Footage:
    """Every second frame repeats the one before."""
    return replace(truth(own, following), frames=np.stack(list(hold(own.frames))))


def static(own: Example, following: Example) -> Footage:
    """The first frame all the time."""
    return replace(truth(own, following), frames=np.repeat(own.frames[:1], len(own.frames), axis=0))


def backwards(own: Example, following: Example) -> Footage:
    """The picture from its end to its start, with the sound as it was."""
    return replace(truth(own, following), frames=own.frames[::-1])


def teleporting(own: Example, following: Example) -> Footage:
    """Every third frame is from elsewhere in the clip."""
    frames = own.frames.copy()
    frames[::3] = np.roll(own.frames, len(frames) // 2, axis=0)[::3]
    return replace(truth(own, following), frames=frames)


def extra_object(own: Example, following: Example) -> Footage:
    """A second object that nobody asked for."""
    taken = {item.colour for item in own.scene.objects}
    colour = next(word for word in WORDS["colour"] if word not in taken)
    extra = ObjectSpec("large", colour, "square", "gliding", "right", "quickly")
    scene = Scene((extra, own.scene.objects[0]), own.scene.background)
    flights = (*simulate(Scene((extra,), scene.background), own.seed, DURATION_S), own.flights[0])
    frames = np.stack(list(draw_frames(scene, flights, DURATION_S, SIDE, SIDE, FPS)))
    return replace(truth(own, following), frames=frames)


def flicker(own: Example, following: Example) -> Footage:
    """The object is gone in every fourth frame."""
    frames = own.frames.copy()
    frames[::4] = BACKGROUNDS[own.scene.background]
    return replace(truth(own, following), frames=frames)


def other_motion(own: Example, following: Example) -> Footage:
    """Gliding for bouncing and the reverse, with the sound of what was asked for."""
    return replace(truth(own, following), frames=Example(_change(own.scene, "motion"), own.seed).frames)


MAKERS: dict[str, Maker] = {
    maker.__name__.replace("_", " "): maker
    for maker in (
        truth, late_sound, next_sound, silence, wrong_colour, wrong_shape, wrong_size, wrong_background,
        other_motion, stutter, static, backwards, teleporting, extra_object, flicker,
    )
}  # fmt: skip
"""By name; the first is right."""


def _look_wrong(own: Example, following: Example, slot: str) -> Footage:
    return _redraw(own, following, _change(own.scene, slot))


def _change(scene: Scene, slot: str) -> Scene:
    first, *others = scene.objects
    taken = {getattr(item, slot) for item in scene.objects} if slot == "colour" else {getattr(first, slot)}
    word = next(word for word in WORDS[slot] if word not in taken)
    return replace(scene, objects=(replace(first, **{slot: word}), *others))


def _redraw(own: Example, following: Example, shown: Scene) -> Footage:
    frames = np.stack(list(draw_frames(shown, own.flights, DURATION_S, SIDE, SIDE, FPS)))
    return replace(truth(own, following), frames=frames)


def _other(slot: str, word: str) -> str:
    return next(other for other in WORDS[slot] if other != word)
