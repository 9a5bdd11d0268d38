"""Draws and sounds many clips at once with PyTorch, by the formulas that `drawing` and `sound` hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from generators.toyworld.world.drawing import distance
from generators.toyworld.world.grammar import Scene
from generators.toyworld.world.palette import BACKGROUNDS, COLOURS
from generators.toyworld.world.physics import RADIUS, Flight, Impact
from generators.toyworld.world.sound import CEILING, RING_S, gain, pitch_hz, ring

Happening = tuple[Scene, tuple[Flight, ...]]
"""A scene and how it happened, as `physics.simulate` solved it."""


class _Hit(NamedTuple):
    clip: int
    impact: Impact


def draw_batch(
    happenings: Sequence[Happening], frames: int, fps: float, side: int, device: str = "cpu"
) -> Tensor:
    """The pictures of all clips: (clip, time, side, side, 3), uint8, within one level of `draw_frames`."""
    grounds = torch.tensor([BACKGROUNDS[scene.background] for scene, _ in happenings], device=device)
    pictures = grounds.float()[:, None, None, None, :].repeat(1, frames, side, side, 1)
    for place in range(max(len(scene.objects) for scene, _ in happenings)):
        for shape in ("circle", "square", "triangle"):
            chosen = [
                clip
                for clip, (scene, _) in enumerate(happenings)
                if place < len(scene.objects) and scene.objects[place].shape == shape
            ]
            if chosen:
                _paint(pictures, happenings, chosen, place, fps)
    return pictures.to(torch.uint8)


def _paint(
    pictures: Tensor, happenings: Sequence[Happening], chosen: list[int], place: int, fps: float
) -> None:
    """Adds the object at one place in order to the chosen clips, in which it has one shape."""
    _, frames, side, _, _ = pictures.shape
    device = pictures.device
    items = [happenings[clip][0].objects[place] for clip in chosen]
    ways = [[happenings[clip][1][place].position_at(i / fps) for i in range(frames)] for clip in chosen]
    centre = torch.tensor(ways, dtype=torch.float64, device=device) * side
    radius = torch.tensor([RADIUS[item.size] * side for item in items], device=device)[:, None, None, None]
    colour = torch.tensor([COLOURS[item.colour] for item in items], device=device).float()
    pixel = torch.arange(side, dtype=torch.float64, device=device) + 0.5
    dx = (pixel - centre[..., :1]).float()[:, :, None, :]
    dy = (pixel - centre[..., 1:]).float()[:, :, :, None]
    cover = (0.5 - distance(items[0].shape, dx, dy, radius, torch)).clip(0, 1)[..., None]
    behind = pictures[chosen]
    # Rounded as bytes are, because the next object is drawn on what a picture can hold.
    pictures[chosen] = (behind + cover * (colour[:, None, None, None] - behind) + 0.5).floor()


def sound_batch(
    happenings: Sequence[Happening], duration_s: float, sample_rate: int, device: str = "cpu"
) -> Tensor:
    """The sound of all clips as one channel: (clip, samples), within 1e-3 of `render_mono`."""
    length, ringing = round(duration_s * sample_rate), round(RING_S * sample_rate)
    sound = torch.zeros(len(happenings), length + ringing, device=device)
    for shape in ("circle", "square", "triangle"):
        hits = [
            _Hit(clip, impact)
            for clip, (scene, flights) in enumerate(happenings)
            for flight in flights
            for impact in flight.impacts
            if impact.audible and scene.objects[impact.object_index].shape == shape
        ]
        if hits:
            _strike(sound, happenings, hits, shape, sample_rate)
    sound = sound[:, :length]
    return sound * (CEILING / sound.abs().amax(dim=1, keepdim=True).clip(CEILING))


def _strike(
    sound: Tensor, happenings: Sequence[Happening], hits: list[_Hit], shape: str, sample_rate: int
) -> None:
    """Adds the tones of impacts of one shape; `sound` has room for what rings beyond the end."""
    device = sound.device
    items = [happenings[hit.clip][0].objects[hit.impact.object_index] for hit in hits]
    pitch = torch.tensor([pitch_hz(item) for item in items], device=device)[:, None]
    strength = torch.tensor([gain(hit.impact) for hit in hits], device=device)[:, None]
    first = [math.ceil(hit.impact.time_s * sample_rate) for hit in hits]
    lead = [at / sample_rate - hit.impact.time_s for at, hit in zip(first, hits, strict=True)]
    step = torch.arange(round(RING_S * sample_rate), device=device)
    since_s = step / sample_rate + torch.tensor(lead, device=device)[:, None]
    tones = strength * ring(shape, pitch, since_s, torch)
    begin = torch.tensor(
        [hit.clip * sound.shape[1] + at for hit, at in zip(hits, first, strict=True)], device=device
    )
    sound.view(-1).index_add_(0, (begin[:, None] + step).flatten(), tones.flatten())
