from __future__ import annotations

from pathlib import Path

from tests.factories import write_file
from tests.factories_layouts import read_problems, read_records, single, write_json


def test_a_file_of_an_unknown_category_is_refused(tmp_path: Path) -> None:
    (problem,) = read_problems("t2v-compbench", write_file(tmp_path / "8_colour.txt", "a boat\n"))
    assert problem.startswith(
        "8_colour.txt: must be named for a category; got '8_colour'. Known: 1_consistent_attr, "
    )


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    assert read_problems("t2v-compbench", tmp_path) == [
        f"{tmp_path}: must hold a .txt or .json file for each category; it has none."
    ]


def test_an_empty_line_would_shift_the_numbers_and_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "7_numeracy.txt", "two boats\n\nthree boats\n\n")
    assert read_problems("t2v-compbench", path) == ["7_numeracy.txt:2: 1.prompt: must be text; got ''."]


def test_an_item_without_a_prompt_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_json(tmp_path / "motion_binding.json", [{"prompt": "a boat"}, {"object_1": "boat"}])
    assert read_problems("t2v-compbench", path) == ["motion_binding.json:5: 1.prompt: is missing."]


def test_clips_are_numbered_from_1_within_each_category(tmp_path: Path) -> None:
    write_file(tmp_path / "7_numeracy.txt", "two boats\nthree boats\n")
    write_file(tmp_path / "4_motion_binding.txt", "a boat drifts left\n")
    records = read_records("t2v-compbench", tmp_path)
    assert [(r.item_id, r.prompt, r.clip_names, r.source_line) for r in records] == [
        ("motion_binding-0001", "a boat drifts left", ["motion_binding/0001"], 1),
        ("numeracy-0001", "two boats", ["numeracy/0001"], 1),
        ("numeracy-0002", "three boats", ["numeracy/0002"], 2),
    ]


def test_text_and_json_of_a_category_give_the_same_ids(tmp_path: Path) -> None:
    item = {"prompt": "two boats", "objects": "boat", "numbers": "2"}
    as_json = single("t2v-compbench", write_json(tmp_path / "generative_numeracy.json", [item]))
    as_text = single("t2v-compbench", write_file(tmp_path / "7_numeracy.txt", "two boats"))
    assert (
        (as_json.item_id, as_json.tags) == (as_text.item_id, as_text.tags) == ("numeracy-0001", ["numeracy"])
    )
    assert (as_json.aux, as_text.aux) == ({"objects": "boat", "numbers": "2"}, {})
