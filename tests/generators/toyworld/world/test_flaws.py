from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generators.toyworld.world.flaws import delay, hold, is_mistaken, mistake
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene
from tests.factories_generators import scenes, seeds


def test_late_sound_keeps_its_length() -> None:
    samples = np.arange(2000, dtype=np.float32).reshape(1000, 2)
    late = delay(samples, sample_rate=1000)
    assert late.shape == samples.shape
    assert not late[:180].any()
    assert (late[180:] == samples[:-180]).all()


def test_stutter_holds_every_second_frame() -> None:
    frames = [np.full((2, 2, 3), number, np.uint8) for number in range(5)]
    assert [int(frame[0, 0, 0]) for frame in hold(frames)] == [0, 0, 2, 2, 4]


@given(scenes, seeds)
def test_one_of_three_consecutive_seeds_is_mistaken(scene: Scene, seed: int) -> None:
    assert sum(is_mistaken(scene, seed + step) for step in range(3)) == 1


def test_about_a_third_of_prompts_is_mistaken_at_one_seed() -> None:
    looks = product(*(WORDS[slot] for slot in ("size", "colour", "shape", "motion", "direction", "speed")))
    chosen = [is_mistaken(Scene((ObjectSpec(*look),), "grey"), 1) for look in looks]
    assert 0.30 < np.mean(chosen) < 0.37


@given(scenes, seeds)
def test_a_mistake_changes_one_colour_or_one_shape(scene: Scene, seed: int) -> None:
    shown = mistake(scene, seed)
    changes = [
        slot
        for asked, seen in zip(scene.objects, shown.objects, strict=True)
        for slot in ObjectSpec.__dataclass_fields__
        if getattr(asked, slot) != getattr(seen, slot)
    ]
    assert changes in ([["colour"], ["shape"]] if is_mistaken(scene, seed) else [[]])
    assert shown == mistake(scene, seed)


@given(scenes, st.integers(0, 2))
def test_the_background_stays(scene: Scene, seed: int) -> None:
    assert mistake(scene, seed).background == scene.background
