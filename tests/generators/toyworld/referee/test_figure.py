from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from generators.base import InvalidInput
from generators.toyworld.referee.figure import require_picture, write_figure
from generators.toyworld.referee.scores import Score, wilson

TABLE = {
    "base": {"coherent": wilson(0.9, 100), "pitch": wilson(0.8, 100), "held": wilson(0.1, 100)},
    "2step": {"coherent": wilson(0.5, 100), "median |offset| ms": Score(8.0, math.nan, math.nan, 100)},
}


def _svg(folder: Path, contenders: int = 2) -> str:
    table = TABLE if contenders == 2 else {f"number {each}": TABLE["base"] for each in range(contenders)}
    write_figure(folder / "scores.svg", table, "share of clips")
    return (folder / "scores.svg").read_text(encoding="utf-8")


def _texts(svg: str) -> list[str]:
    return re.findall(r"<text [^>]*>([^<]+)</text>", svg)


def test_contenders_measures_and_the_unit_are_named(tmp_path: Path) -> None:
    assert {"base", "2step", "coherent frames", "pitch", "share of clips"} <= set(_texts(_svg(tmp_path)))


def test_measures_without_an_interval_or_of_which_more_is_not_better_are_left_out(tmp_path: Path) -> None:
    assert not {"median |offset| ms", "held frames"} & set(_texts(_svg(tmp_path)))


def test_it_is_readable_on_a_dark_page_by_its_own_white_ground(tmp_path: Path) -> None:
    ground = re.search(r'<g id="patch_1">\s*<path [^>]*style="([^"]*)"', _svg(tmp_path))
    assert ground
    assert "fill: #ffffff" in ground[1]


def test_the_same_scores_give_the_same_file(tmp_path: Path) -> None:
    assert _svg(tmp_path) == _svg(tmp_path)


def test_a_dozen_contenders_look_different(tmp_path: Path) -> None:
    twelve = _svg(tmp_path, 12)
    looks = re.findall(r'<use xlink:href="#(\w+)" [^>]*style="fill: (#\w+)', twelve)
    assert len(set(looks)) >= 12


def test_a_picture_is_small(tmp_path: Path) -> None:
    write_figure(tmp_path / "scores.png", TABLE, "share of clips")
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "scores.png").stat().st_size < 200_000
    assert len(_svg(tmp_path)) < 200_000


def test_another_kind_of_file_is_refused() -> None:
    require_picture("figure", Path("scores.png"))
    with pytest.raises(InvalidInput, match=r"figure must end in \.svg or \.png; got scores\.gif\. Rename it"):
        require_picture("figure", Path("scores.gif"))
