from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given

from generators.toyworld.world.grammar import Scene, parse
from generators.toyworld.world.physics import (
    HEADING,
    QUIET_START_S,
    RADIUS,
    REST_SPEED,
    SPEED,
    Arc,
    Flight,
    Impact,
    Point,
    simulate,
)
from tests.factories_generators import ONE, TWO, scenes, seeds


@given(scenes, seeds)
def test_nothing_leaves_the_box(scene: Scene, seed: int) -> None:
    for item, flight in zip(scene.objects, simulate(scene, seed, 8.0), strict=True):
        radius = RADIUS[item.size] - 1e-9
        for tick in range(160):
            assert all(radius <= at <= 1 - radius for at in flight.position_at(tick / 20))


@given(scenes, seeds)
def test_nothing_hits_a_wall_before_its_direction_is_seen(scene: Scene, seed: int) -> None:
    for flight in simulate(scene, seed, 2.0):
        assert all(impact.time_s >= QUIET_START_S for impact in flight.impacts)


@given(scenes, seeds)
def test_everything_sets_out_as_the_caption_says(scene: Scene, seed: int) -> None:
    for item, flight in zip(scene.objects, simulate(scene, seed, 0.0), strict=True):
        vx, vy = flight.arcs[0].velocity
        turn = math.degrees(math.atan2(vy, vx)) - HEADING[item.direction]
        assert abs((turn + 180) % 360 - 180) <= 6.001
        assert math.hypot(vx, vy) == pytest.approx(SPEED[item.speed], rel=0.1001)


@given(scenes, seeds)
def test_a_longer_run_starts_with_the_shorter_one(scene: Scene, seed: int) -> None:
    for short, long in zip(simulate(scene, seed, 1.0), simulate(scene, seed, 4.0), strict=True):
        assert long.impacts[: len(short.impacts)] == short.impacts


@given(scenes, seeds)
def test_flights_are_continuous(scene: Scene, seed: int) -> None:
    for flight in simulate(scene, seed, 6.0):
        for before, after in pairwise(flight.arcs):
            assert before.position_at(after.start_s) == pytest.approx(after.position, abs=1e-9)


def test_chance_comes_from_scene_and_seed_alone() -> None:
    scene = parse(TWO)
    assert simulate(scene, 7, 3.0) == simulate(scene, 7, 3.0)
    assert simulate(scene, 7, 3.0) != simulate(scene, 8, 3.0)
    other = parse(TWO.replace("charcoal", "navy"))
    assert simulate(scene, 7, 3.0)[0].arcs[0].position != simulate(other, 7, 3.0)[0].arcs[0].position


def test_gliding_keeps_its_speed() -> None:
    (flight,) = simulate(parse(ONE), 3, 10.0)
    speeds = [math.hypot(*arc.velocity) for arc in flight.arcs]
    assert len(speeds) > 5
    assert speeds == pytest.approx([speeds[0]] * len(speeds))


def test_bouncing_loses_height_and_comes_to_rest() -> None:
    flight = simulate(parse(ONE.replace("gliding up-left", "bouncing up")), 1, 60.0)[0]
    floor = [impact.speed for impact in flight.impacts if impact.wall == "bottom"]
    assert all(after == pytest.approx(0.85 * before) for before, after in pairwise(floor[1:]))
    assert flight.arcs[-1].velocity.y == 0.0
    assert 0.85 * floor[-1] < REST_SPEED


@pytest.mark.parametrize(
    ("arc", "expected"),
    [
        (Arc(0, Point(0.5, 0.5), Point(0.2, 0.0), 0.0), (2.0, "right")),
        (Arc(0, Point(0.5, 0.5), Point(-0.4, 0.1), 0.0), (1.0, "left")),
        (Arc(0, Point(0.5, 0.5), Point(0.0, -0.8), 0.0), (0.5, "top")),
        (Arc(0, Point(0.5, 0.5), Point(0.0, 0.4), 0.0), (1.0, "bottom")),
        (Arc(0, Point(0.5, 0.7), Point(0.0, 0.0), 1.6), (0.5, "bottom")),  # 0.2 = 1.6 t² / 2
        (Arc(0, Point(0.5, 0.3), Point(0.0, -0.6), 0.8), (0.5, "top")),  # 0.2 = 0.6 t - 0.8 t² / 2
    ],
)
def test_the_next_hit_is_where_paper_and_pencil_say(arc: Arc, expected: tuple[float, str]) -> None:
    time_s, wall = arc.next_hit(radius=0.1)
    assert time_s == pytest.approx(expected[0])
    assert wall == expected[1]


def test_an_object_that_rests_meets_no_wall() -> None:
    assert Arc(0, Point(0.5, 0.5), Point(0.0, 0.0), 0.0).next_hit(0.1)[0] == math.inf


def test_given_starts_are_kept() -> None:
    start = Point(0.3, 0.7)
    assert simulate(parse(ONE), 1, 1.0, starts=(start,))[0].position_at(0.0) == start


def test_slow_impacts_are_silent() -> None:
    assert not Impact(1.0, "top", Point(0.5, 0.1), 0.11, 0).audible
    assert Impact(1.0, "top", Point(0.5, 0.1), 0.13, 0).audible


def test_a_position_belongs_to_the_arc_of_its_time() -> None:
    first = Arc(0.0, Point(0.5, 0.5), Point(0.4, 0.0), 0.0)
    flight = Flight((first, Arc(1.0, Point(0.9, 0.5), Point(-0.4, 0.0), 0.0)), ())
    assert flight.position_at(0.5) == pytest.approx((0.7, 0.5))
    assert flight.position_at(1.5) == pytest.approx((0.7, 0.5))
