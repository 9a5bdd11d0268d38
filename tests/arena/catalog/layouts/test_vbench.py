from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories import write_file
from tests.factories_layouts import TWIN, read_problems, read_records, single, write_json


@pytest.mark.parametrize("layout", ["vbench", "vbench-i2v", "vbench2"])
def test_missing_and_odd_fields_are_told_with_line_and_item(tmp_path: Path, layout: str) -> None:
    whole = {"prompt_en": "a boat", "dimension": ["color"], "image_type": "water", "image_name": "a boat.jpg"}
    items = [
        whole,
        {"dimension": ["color"], "image_type": "water", "image_name": "x.jpg"},
        whole | {"dimension": 3},
    ]
    path = write_file(tmp_path / "info.json", "[\n" + ",\n".join(map(json.dumps, items)) + "\n]")
    assert read_problems(layout, path) == [
        "info.json:3: 1.prompt_en: is missing.",
        "info.json:4: 2.dimension: must be a list of texts, such as [bouncing, two objects]; got 3. "
        "Put each text in quotes.",
    ]


def test_an_item_of_vbench_needs_a_dimension(tmp_path: Path) -> None:
    path = write_json(tmp_path / "info.json", [{"prompt_en": "a boat"}], indent=None)
    assert read_problems("vbench", path) == [
        'info.json:1: 0.dimension: must be a list of dimensions, such as ["color"]; got none.'
    ]


def test_vbench_is_numbered_by_place_even_on_a_single_line(tmp_path: Path) -> None:
    aux = {"color": {"color": "teal"}}
    items = [
        {"prompt_en": "a teal boat", "dimension": ["color", "scene"], "auxiliary_info": aux},
        {"prompt_en": "A teal boat", "dimension": ["scene"]},
    ]
    first, second = read_records("vbench", write_json(tmp_path / "info.json", items, indent=None))
    assert (first.item_id, first.prompt, first.source_line) == ("0000", "a teal boat", 1)
    assert (first.tags, first.dimensions) == (["color", "scene"], ["color", "scene"])
    assert (first.aux, first.clip_names) == ({"auxiliary_info": aux}, ["a teal boat"])
    assert (second.item_id, second.prompt, second.aux) == ("0001", "A teal boat", {})


def test_vbench_i2v_names_an_image_and_its_type(tmp_path: Path) -> None:
    item = {
        "prompt_en": "a boat",
        "dimension": ["subject"],
        "image_type": "water",
        "image_name": "boat 1.jpg",
    }
    record = single("vbench-i2v", write_json(tmp_path / "info.json", [item]))
    assert (record.image_ref, record.tags, record.dimensions) == (
        "boat 1.jpg",
        ["water", "subject"],
        ["subject"],
    )


def test_vbench_i2v_takes_the_image_of_the_scene_where_a_camera_movement_names_none(tmp_path: Path) -> None:
    item = {
        "prompt_en": "a boat, moored, camera pans left",
        "dimension": ["camera_motion"],
        "image_type": "water",
    }
    record = single("vbench-i2v", write_json(tmp_path / "info.json", [item]))
    assert record.image_ref == "a boat, moored.jpg"


def test_vbench2_is_read_from_captions_by_cut_names(tmp_path: Path) -> None:
    caption = f"{TWIN}sinks."
    items = {caption[:180]: {"caption": caption, "dimension": ["Plot", "Diversity"]}}
    record = single("vbench2", write_json(tmp_path / "text_info.json", items))
    assert (record.item_id, record.prompt, record.source_line) == ("0000", caption, 2)
    assert record.clip_names == [f"Plot/{caption[:180]}", f"Diversity/{caption[:180]}"]


def test_vbench2_keeps_both_prompts_of_one_cut_name(tmp_path: Path) -> None:
    captions = [f"{TWIN}{end}" for end in ("sinks.", "lands.")]
    entries = [f'"{text[:180]}": {{"caption": "{text}", "dimension": ["Plot"]}}' for text in captions]
    path = write_file(tmp_path / "text_info.json", "{\n" + ",\n".join(entries) + "\n}")
    records = read_records("vbench2", path)
    assert [(r.item_id, r.prompt, r.source_line) for r in records] == [
        ("0000", captions[0], 2),
        ("0001", captions[1], 3),
    ]


def test_vbench2_is_read_from_a_list_too(tmp_path: Path) -> None:
    item = {"prompt_en": f"{TWIN}sinks.", "dimension": ["Camera"], "auxiliary_info": "zoom_in"}
    record = single("vbench2", write_json(tmp_path / "full_info.json", [item]))
    assert record.clip_names == [f"Camera/{TWIN[:180]}"]
    assert record.aux == {"auxiliary_info": "zoom_in"}


def test_vbench2_is_read_from_a_folder_with_a_list_for_each_dimension(tmp_path: Path) -> None:
    questions = ["Does the boat sink?"]
    write_json(tmp_path / "Plot.json", [{"prompt_en": "it sinks", "auxiliary_info": questions}])
    write_json(tmp_path / "Camera.json", [{"prompt_en": "zoom in", "dimension": "Camera"}])
    records = read_records("vbench2", tmp_path)
    assert [(r.item_id, r.dimensions, r.clip_names) for r in records] == [
        ("camera-0000", ["Camera"], ["Camera/zoom in"]),
        ("plot-0000", ["Plot"], ["Plot/it sinks"]),
    ]
    assert records[1].aux == {"auxiliary_info": questions}


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert read_problems("vbench2", tmp_path) == [
        f"{tmp_path}: must hold a .json file for each dimension; it has none."
    ]
