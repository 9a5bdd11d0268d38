from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories import write_file
from tests.factories_layouts import read_problems, read_records, single

HEADING = "prompt,concept,motion_level\n"


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (problem,) = read_problems("moviegen", write_file(tmp_path / "bench.json", "[]"))
    assert problem.startswith(
        "bench.json: must be MovieGenVideoBench.txt, MovieGenVideoBenchWithTag.csv, or "
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "prompt,concept\na boat,scene\n",
            "line 1: columns must be prompt, concept, motion_level; got prompt, concept.",
        ),
        (f"{HEADING}a boat,scene\n", "line 2: must have 3 fields: prompt, concept, motion_level."),
    ],
)
def test_other_columns_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert read_problems("moviegen", write_file(tmp_path / "tags.csv", text)) == [f"tags.csv: {problem}"]


def test_an_odd_motion_level_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_file(tmp_path / "tags.csv", f"{HEADING}a boat,scene,low\na ship,scene,fast\n")
    assert read_problems("moviegen", path) == [
        "tags.csv:3: 1.motion_level: must be low, medium, high; got 'fast'."
    ]


def test_an_odd_id_and_a_missing_prompt_are_told_with_their_lines(tmp_path: Path) -> None:
    whole = {"id": 0, "video_prompt": "a boat", "audio_prompt": "lapping"}
    lines = [whole, whole | {"id": "one"}, {"id": 2, "audio_prompt": "lapping"}]
    path = write_file(tmp_path / "sfx.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    assert read_problems("moviegen", path) == [
        "sfx.jsonl:2: 1.id: must be a whole number from 0; got 'one'.",
        "sfx.jsonl:3: 2.video_prompt: is missing.",
    ]


def test_prompts_without_tags_are_numbered_from_0(tmp_path: Path) -> None:
    records = read_records("moviegen", write_file(tmp_path / "bench.txt", "a boat\na ship\n"))
    assert [(r.item_id, r.prompt, r.tags) for r in records] == [
        ("video-0000", "a boat", []),
        ("video-0001", "a ship", []),
    ]


def test_concepts_and_motion_are_tags(tmp_path: Path) -> None:
    row = '"A boat, moored","scene,camera motion",high\n'
    record = single("moviegen", write_file(tmp_path / "tags.csv", f"{HEADING}{row}"))
    assert (record.prompt, record.source_line) == ("A boat, moored", 2)
    assert (record.tags, record.dimensions) == (
        ["scene", "camera motion", "high motion"],
        ["scene", "camera motion"],
    )


def test_what_should_be_heard_is_the_expected_sound(tmp_path: Path) -> None:
    item = {"id": 31, "video_prompt": "a boat ", "audio_prompt": "lapping", "music_prompt": "a slow waltz"}
    record = single("moviegen", write_file(tmp_path / "music.jsonl", json.dumps(item)))
    assert (record.item_id, record.prompt) == ("audio-0031", "a boat")
    assert (record.expected_sound, record.tags) == ("lapping Music: a slow waltz", ["sound effects", "music"])
    assert record.aux == {"audio_prompt": "lapping", "music_prompt": "a slow waltz"}
