"""Draw and sound many clips at once with PyTorch, by the formulas in `drawing` and `sound`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from generators.toyworld.world.drawing import distance
from generators.toyworld.world.grammar import ObjectSpec, Scene
from generators.toyworld.world.palette import BACKGROUNDS, COLOURS
from generators.toyworld.world.physics import RADIUS, Flight, Impact
from generators.toyworld.world.sound import CEILING, RING_S, gain, pitch_hz, ring

Happening = tuple[Scene, tuple[Flight, ...]]
"""A scene and the flights that `physics.simulate` returned for it."""

_SHAPES = ("circle", "square", "triangle")


class _Hit(NamedTuple):
    clip: int
    item: ObjectSpec
    impact: Impact


def draw_batch(
    happenings: Sequence[Happening], frames: int, fps: float, side: int, device: str = "cpu"
) -> Tensor:
    """Return the frames of all clips, within one level of `draw_frames`.

    Args:
        happenings: The clips.
        frames: Number of frames of each clip.
        fps: Frames a second.
        side: Width and height in pixels.
        device: Where to draw.

    Returns:
        uint8 (clip, time, side, side, 3).
    """
    grounds = torch.tensor([BACKGROUNDS[scene.background] for scene, _ in happenings], device=device)
    pictures = grounds.float()[:, None, None, None, :].repeat(1, frames, side, side, 1)
    most_objects = max(len(scene.objects) for scene, _ in happenings)
    for place in range(most_objects):
        for shape in _SHAPES:
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
    """Paint the object at one place in order into the chosen clips, in which it has one shape."""
    _, frames, side, _, _ = pictures.shape
    device = pictures.device
    items = [happenings[clip][0].objects[place] for clip in chosen]
    flights = [happenings[clip][1][place] for clip in chosen]
    positions = [[flight.position_at(i / fps) for i in range(frames)] for flight in flights]
    # Pixels from the centre: centre (clip, time, 2), dx (clip, time, 1, side), dy (clip, time, side, 1).
    centre = torch.tensor(positions, dtype=torch.float64, device=device) * side
    pixel = torch.arange(side, dtype=torch.float64, device=device) + 0.5
    dx = (pixel - centre[..., :1]).float()[:, :, None, :]
    dy = (pixel - centre[..., 1:]).float()[:, :, :, None]
    # cover (clip, time, side, side, 1) = clip(½ − distance, 0, 1): the share of each pixel that is covered.
    radius = torch.tensor([RADIUS[item.size] * side for item in items], device=device)[:, None, None, None]
    cover = (0.5 - distance(items[0].shape, dx, dy, radius, torch)).clip(0, 1)[..., None]
    colour = torch.tensor([COLOURS[item.colour] for item in items], device=device).float()
    behind = pictures[chosen]
    blended = behind + cover * (colour[:, None, None, None] - behind)
    # Round as bytes are rounded, because the next object is drawn over the bytes of this one.
    pictures[chosen] = (blended + 0.5).floor()


def sound_batch(
    happenings: Sequence[Happening], duration_s: float, sample_rate: int, device: str = "cpu"
) -> Tensor:
    """Return the sound of all clips as one channel, (clip, samples), within 1e-3 of `render_mono`."""
    length = round(duration_s * sample_rate)
    ringing = round(RING_S * sample_rate)
    sound = torch.zeros(len(happenings), length + ringing, device=device)
    for shape in _SHAPES:
        hits = [hit for hit in _audible_hits(happenings) if hit.item.shape == shape]
        if hits:
            _strike(sound, hits, shape, sample_rate)
    sound = sound[:, :length]
    return sound * (CEILING / sound.abs().amax(dim=1, keepdim=True).clip(CEILING))


def _audible_hits(happenings: Sequence[Happening]) -> Iterator[_Hit]:
    for clip, (scene, flights) in enumerate(happenings):
        for flight in flights:
            for impact in flight.impacts:
                if impact.audible:
                    yield _Hit(clip, scene.objects[impact.object_index], impact)


def _strike(sound: Tensor, hits: list[_Hit], shape: str, sample_rate: int) -> None:
    """Add the tones of impacts of one shape to `sound`, which has room for what rings beyond the end."""
    device = sound.device
    pitch = torch.tensor([pitch_hz(hit.item) for hit in hits], device=device)[:, None]
    strength = torch.tensor([gain(hit.impact) for hit in hits], device=device)[:, None]
    first = [math.ceil(hit.impact.time_s * sample_rate) for hit in hits]
    lead = [at / sample_rate - hit.impact.time_s for at, hit in zip(first, hits, strict=True)]
    # tones (hit, step): each sample's time since its impact, which falls between two samples.
    step = torch.arange(round(RING_S * sample_rate), device=device)
    since_s = step / sample_rate + torch.tensor(lead, device=device)[:, None]
    tones = strength * ring(shape, pitch, since_s, torch)
    # begin (hit,): index of a tone's first sample in the flattened sound.
    places = [hit.clip * sound.shape[1] + at for hit, at in zip(hits, first, strict=True)]
    begin = torch.tensor(places, device=device)
    sound.view(-1).index_add_(0, (begin[:, None] + step).flatten(), tones.flatten())
