from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from generators.base import InvalidInput
from generators.toyworld.world.grammar import parse
from generators.toyworld.world.physics import simulate
from generators.toyworld.world.reference import draw_reference, find_starts
from tests.factories_generators import ONE, TWO


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_objects_are_found_where_they_were_drawn(tmp_path: Path, suffix: str) -> None:
    scene, path = parse(TWO), tmp_path / f"start{suffix}"
    draw_reference(scene, 3, 256).save(path)
    for found, flight in zip(find_starts(scene, path), simulate(scene, 3, 0.0), strict=True):
        assert found == pytest.approx(flight.position_at(0.0), abs=0.01)


def test_only_the_central_square_of_a_wide_image_counts(tmp_path: Path) -> None:
    scene = parse(ONE)
    wide = Image.new("RGB", (512, 256))
    wide.paste(draw_reference(scene, 3, 256), (128, 0))
    wide.save(tmp_path / "wide.png")
    (found,) = find_starts(scene, tmp_path / "wide.png")
    assert found == pytest.approx(simulate(scene, 3, 0.0)[0].position_at(0.0), abs=0.01)


def test_a_missing_colour_is_named(tmp_path: Path) -> None:
    draw_reference(parse(ONE), 1, 128).save(tmp_path / "start.png")
    with pytest.raises(InvalidInput, match="shows nothing green; the prompt asks for it"):
        find_starts(parse(ONE.replace("red", "green")), tmp_path / "start.png")


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "start.png").write_text("no image")
    with pytest.raises(InvalidInput, match=r"Can't read the reference image start\.png"):
        find_starts(parse(ONE), tmp_path / "start.png")
