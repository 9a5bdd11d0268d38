from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import write_file
from tests.factories_layouts import read_problems, read_records, single, write_json


def test_a_key_that_is_no_number_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_json(tmp_path / "metadata.json", {"0000": {"prompt": "a boat"}, "1": {"attributes": []}})
    assert read_problems("evalcrafter", path) == [
        "metadata.json:5: 1.attributes: must be a mapping; got [].",
        "metadata.json:5: 1.prompt: is missing.",
        "metadata.json:5: 1: must be named by four digits, such as 0012; got '1'.",
    ]


@pytest.mark.parametrize("text", ["a boat\na ship\n", "a boat\r\na ship\r\n"])
def test_lines_are_numbered_from_0(tmp_path: Path, text: str) -> None:
    (tmp_path / "prompt700.txt").write_bytes(text.encode())
    records = read_records("evalcrafter", tmp_path / "prompt700.txt")
    assert [(r.item_id, r.prompt, r.source_line, r.clip_names) for r in records] == [
        ("0000", "a boat", 1, ["0000"]),
        ("0001", "a ship", 2, ["0001"]),
    ]


def test_metadata_give_attributes_which_are_tags(tmp_path: Path) -> None:
    attributes = {"count": "2 boat", "color": "teal boat"}
    path = write_json(
        tmp_path / "metadata.json", {"0041": {"prompt": "2 teal boats", "attributes": attributes}}
    )
    record = single("evalcrafter", path)
    assert (record.item_id, record.tags, record.aux) == (
        "0041",
        ["color", "count"],
        {"attributes": attributes},
    )


def test_a_folder_has_one_prompt_in_each_file(tmp_path: Path) -> None:
    write_file(tmp_path / "0007.txt", "a boat\n")
    write_file(tmp_path / "0003.txt", "a ship")
    assert [(r.item_id, r.prompt) for r in read_records("evalcrafter", tmp_path)] == [
        ("0003", "a ship"),
        ("0007", "a boat"),
    ]
    write_file(tmp_path / "0008.txt", "a boat\na ship\n")
    assert read_problems("evalcrafter", tmp_path) == [
        "0008.txt:1: file: must be one prompt on one line; got 2 lines."
    ]


def test_a_folder_without_prompts_is_refused(tmp_path: Path) -> None:
    assert read_problems("evalcrafter", tmp_path) == [
        f"{tmp_path}: must hold 0000.txt and so on; it has no .txt file."
    ]
