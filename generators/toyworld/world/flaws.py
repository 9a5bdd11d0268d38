"""The ways in which a toy-world contender can be wrong, each alone and by a known amount."""

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
    """The sound `LATE_S` late, at the same length: what no longer fits is lost."""
    silence = np.zeros((round(LATE_S * sample_rate), 2), np.float32)
    return np.concatenate([silence, samples])[: len(samples)]


def hold(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Every second frame repeats the one before."""
    held: Frame | None = None
    for index, frame in enumerate(frames):
        if held is None or index % 2 == 0:
            held = frame
        yield held


def is_mistaken(scene: Scene, seed: int) -> bool:
    """Whether `mistake` changes this scene: for one seed in three, and one scene in three.

    Of three consecutive seeds of a scene exactly one is mistaken, and its place among them depends on the
    caption's digest. So a suite with three seeds a prompt has exactly a third of mistaken clips, and one with
    a single seed differs from that by chance alone, whichever prompts are chosen.
    """
    return (digest(write(scene)) + seed) % 3 == 0


def mistake(scene: Scene, seed: int) -> Scene:
    """The scene with another colour or another shape of one object, if its turn has come."""
    if not is_mistaken(scene, seed):
        return scene
    rng = np.random.default_rng([seed, digest("mistake: " + write(scene))])
    index = int(rng.integers(len(scene.objects)))
    slot = ("colour", "shape")[int(rng.integers(2))]
    # Colours of both objects are taken, because a scene needs different ones.
    taken = {getattr(item, slot) for item in (scene.objects if slot == "colour" else [scene.objects[index]])}
    word = str(rng.choice([word for word in WORDS[slot] if word not in taken]))
    objects = list(scene.objects)
    objects[index] = (
        replace(objects[index], colour=word) if slot == "colour" else replace(objects[index], shape=word)
    )
    return replace(scene, objects=tuple(objects))
