"""Make clips that are wrong on purpose, each in one way, to prove that the referee sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from generators.toyworld.senses.footage import Footage
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.examples import DURATION_S, FPS, SAMPLE_RATE, SIDE, Example
from generators.toyworld.world.flaws import hold
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene
from generators.toyworld.world.palette import BACKGROUNDS
from generators.toyworld.world.physics import simulate

LATE_S = 0.25

Maker = Callable[[Example, Example], Footage]
"""Makes a clip from an example and the one after it."""


def truth(own: Example, _: Example) -> Footage:
    """Return the true clip."""
    return Footage.at_rate(own.frames, FPS, own.samples, SAMPLE_RATE)


def late_sound(own: Example, following: Example) -> Footage:
    """Delay the sound by `LATE_S`."""
    late = round(LATE_S * SAMPLE_RATE)
    samples = np.pad(own.samples, (late, 0))[: len(own.samples)]
    return replace(truth(own, following), samples=samples)


def next_sound(own: Example, following: Example) -> Footage:
    """Take the next clip's sound, which gives the chance level of synchrony."""
    return replace(truth(own, following), samples=following.samples)


def silence(own: Example, following: Example) -> Footage:
    """Silence the sound track."""
    return replace(truth(own, following), samples=np.zeros_like(own.samples))


def wrong_colour(own: Example, following: Example) -> Footage:
    """Change the first object's colour."""
    return _look_wrong(own, following, "colour")


def wrong_shape(own: Example, following: Example) -> Footage:
    """Change the first object's shape."""
    return _look_wrong(own, following, "shape")


def wrong_size(own: Example, following: Example) -> Footage:
    """Change the first object's size."""
    return _look_wrong(own, following, "size")


def wrong_background(own: Example, following: Example) -> Footage:
    """Change the background."""
    background = _other("background", own.scene.background)
    return _redraw(own, following, replace(own.scene, background=background))


def stutter(own: Example, following: Example) -> Footage:
    """Replace every second frame by the one before it."""
    return replace(truth(own, following), frames=np.stack(list(hold(own.frames))))


def static(own: Example, following: Example) -> Footage:
    """Show the first frame all the time."""
    frames = np.repeat(own.frames[:1], len(own.frames), axis=0)
    return replace(truth(own, following), frames=frames)


def backwards(own: Example, following: Example) -> Footage:
    """Reverse the picture, and leave the sound as it is."""
    return replace(truth(own, following), frames=own.frames[::-1])


def teleporting(own: Example, following: Example) -> Footage:
    """Take every third frame from elsewhere in the clip."""
    frames = own.frames.copy()
    frames[::3] = np.roll(own.frames, len(frames) // 2, axis=0)[::3]
    return replace(truth(own, following), frames=frames)


def extra_object(own: Example, following: Example) -> Footage:
    """Add a second object that the prompt doesn't ask for."""
    taken = {item.colour for item in own.scene.objects}
    colour = next(word for word in WORDS["colour"] if word not in taken)
    extra = ObjectSpec("large", colour, "square", "gliding", "right", "quickly")
    scene = Scene((extra, own.scene.objects[0]), own.scene.background)
    flights = (*simulate(Scene((extra,), scene.background), own.seed, DURATION_S), own.flights[0])
    frames = np.stack(list(draw_frames(scene, flights, DURATION_S, SIDE, SIDE, FPS)))
    return replace(truth(own, following), frames=frames)


def flicker(own: Example, following: Example) -> Footage:
    """Remove the object from every fourth frame."""
    frames = own.frames.copy()
    frames[::4] = BACKGROUNDS[own.scene.background]
    return replace(truth(own, following), frames=frames)


def other_motion(own: Example, following: Example) -> Footage:
    """Swap gliding and bouncing in the picture, and leave the sound as it is."""
    other = Example(_change(own.scene, "motion"), own.seed)
    return replace(truth(own, following), frames=other.frames)


MAKERS: dict[str, Maker] = {
    maker.__name__.replace("_", " "): maker
    for maker in (
        truth, late_sound, next_sound, silence, wrong_colour, wrong_shape, wrong_size, wrong_background,
        other_motion, stutter, static, backwards, teleporting, extra_object, flicker,
    )
}  # fmt: skip
"""Makers by name. The first makes the true clip, each other one a broken clip."""


def _look_wrong(own: Example, following: Example, slot: str) -> Footage:
    return _redraw(own, following, _change(own.scene, slot))


def _change(scene: Scene, slot: str) -> Scene:
    """Return the scene with another word in one slot of its first object."""
    first, *others = scene.objects
    # Two objects of a scene need different colours, but may share any other word.
    compared = scene.objects if slot == "colour" else (first,)
    taken = {getattr(item, slot) for item in compared}
    word = next(word for word in WORDS[slot] if word not in taken)
    return replace(scene, objects=(replace(first, **{slot: word}), *others))


def _redraw(own: Example, following: Example, shown: Scene) -> Footage:
    frames = np.stack(list(draw_frames(shown, own.flights, DURATION_S, SIDE, SIDE, FPS)))
    return replace(truth(own, following), frames=frames)


def _other(slot: str, word: str) -> str:
    return next(other for other in WORDS[slot] if other != word)
