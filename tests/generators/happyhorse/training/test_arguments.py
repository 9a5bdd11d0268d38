from __future__ import annotations

from pathlib import Path

import pytest

from generators.base import InvalidInput
from generators.happyhorse.training.arguments import (
    make_folder,
    require_positive,
    require_share,
    require_whole,
    require_writable,
)


@pytest.mark.parametrize("value", [1, 2, 10**9])
def test_a_whole_number_in_range_passes(value: int) -> None:
    require_whole("batch", value)


@pytest.mark.parametrize("value", [0, -1, 10**9 + 1, 2**64])
def test_a_whole_number_out_of_range_is_refused_with_the_range(value: int) -> None:
    with pytest.raises(
        InvalidInput, match=f"batch must be a whole number from 1 to 1000000000; got {value}."
    ):
        require_whole("batch", value)


def test_the_range_can_be_chosen() -> None:
    require_whole("warm-up", 0, 0, 8)
    with pytest.raises(InvalidInput, match=r"warm-up must be a whole number from 0 to 8; got 9\."):
        require_whole("warm-up", 9, 0, 8)


@pytest.mark.parametrize("value", [1e-9, 0.5, 3])
def test_a_positive_number_passes(value: float) -> None:
    require_positive("minutes", value)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
def test_what_is_not_positive_or_not_finite_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match=f"minutes must be a positive number; got {value}."):
        require_positive("minutes", value)


def test_infinity_passes_where_it_is_allowed_and_nan_never() -> None:
    require_positive("minutes", float("inf"), finite=False)
    with pytest.raises(InvalidInput):
        require_positive("minutes", float("nan"), finite=False)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_share_lies_between_0_and_1(value: float) -> None:
    require_share("decay", 0.0)
    require_share("decay", 1.0)
    with pytest.raises(InvalidInput, match=f"decay must be from 0 to 1; got {value}."):
        require_share("decay", value)


def test_no_file_needs_no_folder() -> None:
    require_writable("json", None)


def test_a_file_needs_a_folder_that_exists(tmp_path: Path) -> None:
    require_writable("json", tmp_path / "scores.json")
    with pytest.raises(InvalidInput, match="json must be a file in a folder that exists"):
        require_writable("json", tmp_path / "none" / "scores.json")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="json must be a file"):
        require_writable("json", tmp_path)


def test_a_folder_is_made_with_its_parents_and_may_exist(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "base"
    make_folder("out", folder)
    make_folder("out", folder)
    assert folder.is_dir()


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    for folder in (tmp_path / "runs", tmp_path / "runs" / "base"):
        with pytest.raises(InvalidInput, match="out must be a folder; got "):
            make_folder("out", folder)
