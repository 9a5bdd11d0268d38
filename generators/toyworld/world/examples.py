"""Endless examples of the toy world, each determined by (split, seed, index) alone.

A clip has 33 frames at 16 Hz and 33 · 1000 samples at 16 kHz. A hash splits the looks, so that training sees
no held-out prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.world.clip import draw_moments
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene, write
from generators.toyworld.world.physics import Flight, Impact, digest, simulate
from generators.toyworld.world.sound import render_mono

SIDE = 64
"""Pixels; clips are square."""
FPS = 16
FRAMES = 33
"""1 + 4 · 8, because a codec's first latent stands for one frame and each other for four."""
VERSION = 1
"""Version of the stream; raise it when the same (split, seed, index) could give another clip."""
SAMPLE_RATE = 16_000
SAMPLES = FRAMES * 1000
DURATION_S = FRAMES / FPS

Split = Literal["train", "held-out"]
_ONE_IN = 10
"""One look in this many is held out."""


@dataclass(frozen=True)
class Example:
    """A prompt and its true clip, which is drawn and sounded on demand."""

    scene: Scene
    seed: int
    """Seed of the simulation; with the scene it determines the clip."""

    @property
    def caption(self) -> str:
        """Prompt of the scene."""
        return write(self.scene)

    @cached_property
    def flights(self) -> tuple[Flight, ...]:
        """Flights of the objects, in the scene's order."""
        return simulate(self.scene, self.seed, DURATION_S)

    @property
    def impacts(self) -> list[Impact]:
        """Impacts of all objects, object after object."""
        return [impact for flight in self.flights for impact in flight.impacts]

    @property
    def frames(self) -> NDArray[np.uint8]:
        """Pictures, (FRAMES, SIDE, SIDE, 3)."""
        return self.frames_at(range(FRAMES))

    def frames_at(self, places: Iterable[int]) -> NDArray[np.uint8]:
        """Return the pictures at some places in the clip, (places, SIDE, SIDE, 3)."""
        times_s = (place / FPS for place in places)
        return np.stack(list(draw_moments(self.scene, self.flights, times_s, SIDE, SIDE)))

    @property
    def samples(self) -> NDArray[np.float32]:
        """Sound as one channel, (SAMPLES,)."""
        return render_mono(self.scene, self.impacts, DURATION_S, SAMPLE_RATE)


def split_of(scene: Scene) -> Split:
    """Return a scene's split. It is held out if any of its looks is: an object's words and the background."""
    looks = (Scene((item,), scene.background) for item in scene.objects)
    return "held-out" if any(digest(write(look)) % _ONE_IN == 0 for look in looks) else "train"


def example(split: Split, seed: int, index: int, objects: int = 1) -> Example:
    """Return one example of an endless stream. It doesn't depend on earlier calls.

    Args:
        split: Split that its scene belongs to.
        seed: Seed of the stream.
        index: Place in the stream.
        objects: Number of objects in the scene, 1 or 2.
    """
    rng = np.random.default_rng([VERSION, digest(split), seed, index, objects])
    while True:
        scene = _draw_scene(rng, objects)
        if split_of(scene) == split:
            return Example(scene, int(rng.integers(2**32)))


def _draw_scene(rng: np.random.Generator, objects: int) -> Scene:
    colours = rng.permutation(WORDS["colour"])[:objects]
    items = (_draw_object(rng, str(colour)) for colour in colours)
    return Scene(tuple(items), _word(rng, "background"))


def _draw_object(rng: np.random.Generator, colour: str) -> ObjectSpec:
    drawn = {slot: _word(rng, slot) for slot in ("size", "shape", "motion", "direction", "speed")}
    return ObjectSpec(colour=colour, **drawn)


def _word(rng: np.random.Generator, slot: str) -> str:
    return WORDS[slot][int(rng.integers(len(WORDS[slot])))]
