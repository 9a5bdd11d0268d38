"""Draw the frames and render the sound of a scene and its flights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generators.toyworld.world.drawing import Figure, Frame, draw_backdrop, draw_frame
from generators.toyworld.world.grammar import Scene
from generators.toyworld.world.physics import RADIUS, Flight
from generators.toyworld.world.sound import Samples, render_sound

SAMPLE_RATE = 48_000


def draw_frames(
    scene: Scene, flights: tuple[Flight, ...], duration_s: float, width: int, height: int, fps: float
) -> Iterator[Frame]:
    """Draw a clip frame by frame; the flights are those of the scene's objects, in the same order.

    Args:
        scene: Looks of the objects, and the background.
        flights: One for each object.
        duration_s: Length of the clip; there is at least one frame.
        width: Pixels.
        height: Pixels.
        fps: Frames a second.

    Yields:
        Frames (height, width, 3).
    """
    times_s = (index / fps for index in range(max(round(duration_s * fps), 1)))
    yield from draw_moments(scene, flights, times_s, width, height)


def draw_moments(
    scene: Scene, flights: tuple[Flight, ...], times_s: Iterable[float], width: int, height: int
) -> Iterator[Frame]:
    """Draw the frames (height, width, 3) of a clip at some times, in seconds."""
    backdrop = draw_backdrop(scene.background, width, height)
    for time_s in times_s:
        yield draw_frame(backdrop, _figures(scene, flights, time_s))


def sound_of(scene: Scene, flights: tuple[Flight, ...], duration_s: float) -> Samples:
    """Render the sound of the flights' impacts: stereo (samples, 2) at `SAMPLE_RATE`."""
    impacts = [impact for flight in flights for impact in flight.impacts]
    return render_sound(scene, impacts, duration_s, SAMPLE_RATE)


def _figures(scene: Scene, flights: tuple[Flight, ...], time_s: float) -> Iterator[Figure]:
    for item, flight in zip(scene.objects, flights, strict=True):
        yield Figure(item.shape, item.colour, RADIUS[item.size], flight.position_at(time_s))
