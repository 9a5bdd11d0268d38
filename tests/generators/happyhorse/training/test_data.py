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


def test_pixels_and_bytes_are_each_others_inverse() -> None:
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16, 1).expand(-1, -1, -1, -1, 3)

    pixels = as_pixels(every)

    assert pixels.shape == (1, 3, 1, 16, 16)
    assert (pixels.min().item(), pixels.max().item()) == (-1, 1)
    assert (as_bytes(pixels) == every.numpy()).all()


def test_pixels_out_of_range_become_black_or_white() -> None:
    wild = torch.tensor([-3.0, 3.0]).reshape(1, 1, 1, 1, 2).expand(-1, 3, -1, -1, -1)

    assert as_bytes(wild)[0, 0, 0].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_both_channels_have_the_same_sound() -> None:
    _, samples = to_tensors([example("train", 0, 0, 1)])

    assert samples[:, 0].equal(samples[:, 1])
    assert samples.abs().max() <= 1
