"""How objects move in a box of unit size, and when they hit its walls.

Flights are solved from impact to impact in closed form, so neither picture size nor frame rate changes them.
x points right and y points down, as in pictures; lengths are in boxes, speeds in boxes a second.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from generators.toyworld.world.grammar import ObjectSpec, Scene, write

RADIUS = {"small": 0.09, "large": 0.14}
SPEED = {"slowly": 0.45, "quickly": 0.9}
GRAVITY = {"gliding": 0.0, "bouncing": 1.6}
RESTITUTION = {"gliding": 1.0, "bouncing": 0.85}
HEADING = {
    "right": 0, "down-right": 45, "down": 90, "down-left": 135,
    "left": 180, "up-left": 225, "up": 270, "up-right": 315,
}  # fmt: skip
"""Degrees clockwise from the right, as seen on the screen."""

HEADING_JITTER = 6.0
SPEED_JITTER = 0.1
QUIET_START_S = 0.2
"""Least time before an object's first impact, so that a viewer can see its first direction."""
REST_SPEED = 0.06
"""An object that leaves the floor slower than this stays on it. Otherwise it would hop forever."""
SILENT_SPEED = 0.12
"""Impacts slower than this make no sound."""
_TRIES = 1000

Wall = Literal["left", "right", "top", "bottom"]


class Point(NamedTuple):
    """A position in boxes, or a velocity in boxes a second."""

    x: float
    y: float


@dataclass(frozen=True)
class Impact:
    """An impact of an object on a wall. `speed` is along the wall's normal, before the impact."""

    time_s: float
    wall: Wall
    position: Point
    speed: float
    object_index: int

    @property
    def audible(self) -> bool:
        """Whether the impact makes a sound."""
        return self.speed >= SILENT_SPEED


@dataclass(frozen=True)
class Arc:
    """Free flight that starts at `start_s` and lasts until the next arc starts."""

    start_s: float
    position: Point
    velocity: Point
    gravity: float

    def position_at(self, time_s: float) -> Point:
        """Return the position at a time, in seconds from the start of the clip."""
        t = time_s - self.start_s
        (x, y), (vx, vy) = self.position, self.velocity
        return Point(x + vx * t, y + vy * t + self.gravity * t * t / 2)

    def next_hit(self, radius: float) -> tuple[float, Wall]:
        """Return the seconds from the start of the arc to its impact, and the wall that it hits."""
        near, far = radius, 1 - radius
        (x, y), (vx, vy), g = self.position, self.velocity, self.gravity
        # Along y: y + v·t + g·t²/2 = wall, solved for its first positive root.
        hits: list[tuple[float, Wall]] = [(math.inf, "bottom")]
        if vx:
            hits.append(((far - x) / vx, "right") if vx > 0 else ((near - x) / vx, "left"))
        if vy < 0 and (under_root := vy * vy - 2 * g * (y - near)) >= 0:
            # This form of the root doesn't divide by gravity, which is 0 for gliding objects.
            hits.append((2 * (y - near) / (-vy + math.sqrt(under_root)), "top"))
        if g:
            hits.append(((-vy + math.sqrt(vy * vy + 2 * g * (far - y))) / g, "bottom"))
        elif vy > 0:
            hits.append(((far - y) / vy, "bottom"))
        return min(hits)


@dataclass(frozen=True)
class Flight:
    """Path of one object: its arcs in order of time, and the impacts between them."""

    arcs: tuple[Arc, ...]
    impacts: tuple[Impact, ...]

    def position_at(self, time_s: float) -> Point:
        """Return the object's position at a time, in seconds from the start of the clip."""
        current = bisect_right(self.arcs, time_s, key=lambda arc: arc.start_s) - 1
        return self.arcs[max(current, 0)].position_at(time_s)


def simulate(
    scene: Scene, seed: int, duration_s: float, starts: tuple[Point, ...] | None = None
) -> tuple[Flight, ...]:
    """Simulate a scene.

    Args:
        scene: The objects.
        seed: Seed; with the scene's caption, the only source of randomness.
        duration_s: Length. A longer simulation begins with the shorter one.
        starts: Centres of the objects at time 0; drawn at random if None.

    Returns:
        One flight for each object, in the scene's order.

    Raises:
        RuntimeError: No start was found from which an object hits no wall for `QUIET_START_S`.
    """
    rng = np.random.default_rng([seed, digest(write(scene))])
    fixed = starts or (None,) * len(scene.objects)
    return tuple(
        _launch(item, index, rng, duration_s, fixed[index]) for index, item in enumerate(scene.objects)
    )


def digest(text: str) -> int:
    """Return a 64-bit hash of a text. Unlike Python's `hash`, it is the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _launch(
    item: ObjectSpec, index: int, rng: np.random.Generator, duration_s: float, start: Point | None
) -> Flight:
    """Draw start states until one hits no wall for `QUIET_START_S`. A given start is taken as it is."""
    radius = RADIUS[item.size]
    for _ in range(1 if start else _TRIES):
        x, y = rng.uniform(radius, 1 - radius, 2)
        drawn = Point(float(x), float(y))
        degrees = HEADING[item.direction] + rng.uniform(-HEADING_JITTER, HEADING_JITTER)
        heading = math.radians(degrees)
        speed = SPEED[item.speed] * (1 + rng.uniform(-SPEED_JITTER, SPEED_JITTER))
        velocity = Point(speed * math.cos(heading), speed * math.sin(heading))
        arc = Arc(0.0, start or drawn, velocity, GRAVITY[item.motion])
        if start or arc.next_hit(radius)[0] >= QUIET_START_S:
            return _fly(arc, radius, RESTITUTION[item.motion], index, duration_s)
    raise RuntimeError(f"Found no start without an early impact in {_TRIES} tries for {item}.")


def _fly(arc: Arc, radius: float, restitution: float, index: int, duration_s: float) -> Flight:
    arcs = [arc]
    impacts: list[Impact] = []
    while True:
        wait_s, wall = arc.next_hit(radius)
        time_s = arc.start_s + wait_s
        if time_s > duration_s:
            return Flight(tuple(arcs), tuple(impacts))
        position = arc.position_at(time_s)
        vx, vy = arc.velocity.x, arc.velocity.y + arc.gravity * wait_s
        speed = abs(vx) if wall in ("left", "right") else abs(vy)
        impacts.append(Impact(time_s, wall, position, speed, index))
        arc = _rebound(time_s, wall, position, Point(vx, vy), arc.gravity, radius, restitution)
        arcs.append(arc)


def _rebound(
    time_s: float, wall: Wall, at: Point, velocity: Point, gravity: float, radius: float, restitution: float
) -> Arc:
    """Return the arc after an impact. It starts exactly on the wall: rounding must let no object through."""
    side = radius if wall in ("left", "top") else 1 - radius
    if wall in ("left", "right"):
        return Arc(time_s, Point(side, at.y), Point(-restitution * velocity.x, velocity.y), gravity)
    vy = -restitution * velocity.y
    if wall == "bottom" and gravity and abs(vy) < REST_SPEED:
        return Arc(time_s, Point(at.x, side), Point(velocity.x, 0.0), 0.0)
    return Arc(time_s, Point(at.x, side), Point(velocity.x, vy), gravity)
