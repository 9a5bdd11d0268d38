from __future__ import annotations

import torch

from generators.happyhorse.training.data import as_bytes, as_pixels, to_tensors
from generators.toyworld.world.batch import draw_batch, sound_batch
from generators.toyworld.world.examples import FRAMES, SAMPLES, SIDE, example


def test_tensors_are_the_clips_drawn_on_either_device() -> None:
    clips = [example("train", 0, place, objects) for place in range(4) for objects in (1, 2)]
    pixels, samples = to_tensors(clips)
    assert pixels.shape == (8, 3, FRAMES, SIDE, SIDE)
    assert samples.shape == (8, 2, SAMPLES)
    assert (as_bytes(pixels)[5] == clips[5].frames).all()
    happenings = [(clip.scene, clip.flights) for clip in clips]
    there = as_pixels(draw_batch(happenings, FRAMES, 16.0, SIDE))
    assert (there - pixels).abs().max() <= 1.01 / 127.5
    assert torch.allclose(sound_batch(happenings, FRAMES / 16, 16_000), samples[:, 0], atol=1e-3)
