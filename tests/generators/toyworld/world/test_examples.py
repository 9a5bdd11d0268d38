from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest

from generators.toyworld.world.examples import FRAMES, SAMPLES, SIDE, Split, example, split_of
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene
from generators.toyworld.world.physics import QUIET_START_S


def test_a_clip_depends_on_its_place_alone() -> None:
    alone = example("train", 3, 17)
    with ThreadPoolExecutor(4) as pool:
        among_others = list(pool.map(lambda place: example("train", 3, place), range(24)))[17]
    assert alone == among_others
    assert (alone.frames == among_others.frames).all()
    assert (alone.samples == among_others.samples).all()


def test_places_seeds_and_splits_give_different_clips() -> None:
    clips = [
        example("train", 0, 0),
        example("train", 0, 1),
        example("train", 1, 0),
        example("held-out", 0, 0),
    ]
    assert len({(clip.caption, clip.seed) for clip in clips}) == 4


@pytest.mark.parametrize("split", ["train", "held-out"])
@pytest.mark.parametrize("objects", [1, 2])
def test_a_stream_keeps_to_its_split(split: Split, objects: int) -> None:
    scenes = [example(split, 0, place, objects).scene for place in range(60)]
    assert {split_of(scene) for scene in scenes} == {split}
    assert {len(scene.objects) for scene in scenes} == {objects}


def test_no_look_is_in_both_splits() -> None:
    looks: dict[str, set[tuple[object, str]]] = {"train": set(), "held-out": set()}
    for split in looks:
        for place in range(400):
            scene = example(split, 5, place, 1 + place % 2).scene  # type: ignore[arg-type]  # keys are splits
            held = [item for item in scene.objects if split_of(Scene((item,), scene.background)) == split]
            looks[split] |= {(item, scene.background) for item in held}
    assert not looks["train"] & looks["held-out"]
    assert len(looks["held-out"]) > 200


def test_a_tenth_of_all_looks_is_held_out() -> None:
    objects = [
        ObjectSpec(*words) for words in product(*(WORDS[slot] for slot in WORDS if slot != "background"))
    ]
    looks = [Scene((item,), background) for item in objects for background in WORDS["background"]]
    assert len(looks) == 4608
    assert np.mean([split_of(look) == "held-out" for look in looks]) == pytest.approx(0.1, abs=0.015)


def test_a_clip_is_as_long_as_its_sound_and_quiet_at_first() -> None:
    for place in range(20):
        clip = example("train", 2, place)
        assert clip.frames.shape == (FRAMES, SIDE, SIDE, 3)
        assert clip.samples.shape == (SAMPLES,)
        assert all(impact.time_s >= QUIET_START_S for impact in clip.impacts)


def test_single_frames_are_those_of_the_whole_clip() -> None:
    clip = example("train", 0, 2)
    assert (clip.frames_at([0, 7, 32]) == clip.frames[[0, 7, 32]]).all()
