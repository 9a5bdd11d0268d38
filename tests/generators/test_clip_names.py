from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.clip_names import id_from, read_clip_folder


@pytest.mark.parametrize(
    ("name", "prompt_id"),
    [
        ("red-ball", "red-ball"),
        ("A red Ball", "a-red-ball"),
        ("a_red  ball!", "a_red-ball"),
        ("Prüfung", "prufung"),
        ("scene 01", "scene-01"),
    ],
)
def test_names_become_ids(name: str, prompt_id: str) -> None:
    assert id_from(name) == prompt_id


def test_names_that_an_id_cant_hold_stay_apart() -> None:
    long = "a very long prompt " * 5
    ids = [id_from(name) for name in ("猫", "犬", "a 猫", "!", "?", long, long + "more")]
    assert len(set(ids)) == len(ids)


@given(st.text(min_size=1))
def test_each_name_has_an_id(name: str) -> None:
    assert re.fullmatch("[a-z0-9_-]{1,64}", id_from(name))


def test_what_is_no_clip_is_named_and_what_is_hidden_is_not(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "notes.txt", ".DS_Store"):
        (tmp_path / name).touch()
    (tmp_path / "sub.mp4").mkdir()
    found = read_clip_folder(tmp_path)
    assert [file.path.name for file in found.files] == ["a.MOV", "b.mp4"]
    assert found.others == ("notes.txt", "sub.mp4")
