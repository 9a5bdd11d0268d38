"""Flaws of toy-world contenders, each alone and by a known amount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from generators.toyworld.world.drawing import Frame
from generators.toyworld.world.grammar import WORDS, Scene, write
from generators.toyworld.world.physics import digest
from generators.toyworld.world.sound import Samples

FLAWS = ("none", "late-sound", "stutter", "wrong-attributes")
LATE_S = 0.18


def delay(samples: Samples, sample_rate: int) -> Samples:
    """Delay the sound by `LATE_S` and cut it to its former length."""
    silence = np.zeros((round(LATE_S * sample_rate), 2), np.float32)
    return np.concatenate([silence, samples])[: len(samples)]


def hold(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Replace every second frame by the one before it."""
    held: Frame | None = None
    for index, frame in enumerate(frames):
        if held is None or index % 2 == 0:
            held = frame
        yield held


def is_mistaken(scene: Scene, seed: int) -> bool:
    """Return whether `mistake` changes this scene at this seed.

    It changes exactly one of three consecutive seeds of each scene; the caption's digest decides which. So a
    suite with three seeds for each prompt has a mistake in exactly a third of its clips, and a suite with a
    single seed in a third on average.
    """
    return (digest(write(scene)) + seed) % 3 == 0


def mistake(scene: Scene, seed: int) -> Scene:
    """Return the scene with another colour or shape of one object if `is_mistaken`, else the scene itself."""
    if not is_mistaken(scene, seed):
        return scene
    rng = np.random.default_rng([seed, digest("mistake: " + write(scene))])
    index = int(rng.integers(len(scene.objects)))
    slot = ("colour", "shape")[int(rng.integers(2))]
    # Two objects of a scene need different colours, but may share a shape.
    others = scene.objects if slot == "colour" else (scene.objects[index],)
    taken = {getattr(item, slot) for item in others}
    word = str(rng.choice([word for word in WORDS[slot] if word not in taken]))
    objects = list(scene.objects)
    objects[index] = replace(objects[index], **{slot: word})
    return replace(scene, objects=tuple(objects))
