from __future__ import annotations

import numpy as np

from generators.toyworld.senses.decoding import SIDE
from generators.toyworld.senses.seeing import held_frames
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.grammar import parse
from generators.toyworld.world.physics import simulate
from tests.factories_generators import ONE


def test_held_frames_are_seen_and_motion_is_not_taken_for_them() -> None:
    scene = parse(ONE.replace("quickly", "slowly"))
    frames = np.stack(list(draw_frames(scene, simulate(scene, 1, 0.5), 0.5, SIDE, SIDE, 24.0)))
    assert not held_frames(frames).any()
    stuttering = frames[np.arange(12) // 2 * 2]
    assert held_frames(stuttering).tolist() == [False, True] * 6


def test_a_change_in_either_direction_is_a_change() -> None:
    frames = np.full((3, 8, 8, 3), 100, np.uint8)
    frames[1, :4] += 60
    assert not held_frames(frames)[1:].any()
