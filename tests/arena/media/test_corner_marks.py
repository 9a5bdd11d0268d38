from __future__ import annotations

from pathlib import Path

import pytest

from arena.media.corner_marks import find_corner_mark
from tests.factories_marks import Scene, barred, marked, panning, pillared, plain, standing, write_scene


@pytest.mark.parametrize(
    ("scene", "opacity"), [(panning, 0.6), (panning, 1.0), (plain, 0.6), (barred, 0.6), (pillared, 0.6)]
)
def test_a_text_that_stands_in_a_corner_is_found(scene: Scene, opacity: float, tmp_path: Path) -> None:
    path = write_scene(tmp_path / "clip.mp4", marked(scene, (470, 320), opacity))
    assert find_corner_mark(path) == "bottom right"


@pytest.mark.parametrize(
    ("place", "corner"),
    [((12, 10), "top left"), ((470, 10), "top right"), ((12, 320), "bottom left")],
)
def test_the_corner_is_named(place: tuple[int, int], corner: str, tmp_path: Path) -> None:
    assert find_corner_mark(write_scene(tmp_path / "clip.mp4", marked(panning, place, 0.8))) == corner


@pytest.mark.parametrize("scene", [panning, standing, plain, barred, pillared])
def test_a_clip_without_a_mark_has_none(scene: Scene, tmp_path: Path) -> None:
    assert find_corner_mark(write_scene(tmp_path / "clip.mp4", scene)) is None


def test_a_text_in_the_middle_is_part_of_the_picture(tmp_path: Path) -> None:
    assert find_corner_mark(write_scene(tmp_path / "clip.mp4", marked(panning, (250, 170), 1.0))) is None


def test_too_few_pictures_tell_nothing(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "clip.mp4", marked(panning, (470, 320), 1.0), pictures=8)
    assert find_corner_mark(path) is None
