from __future__ import annotations

from pathlib import Path

import pytest

from arena.catalog.located import FileError
from arena.catalog.suite_file import PromptEntry, SuiteFile, read_suite_file
from generators.base import file_sha256
from tests.factories import write_file
from tests.factories_catalog import HEAD, draw_image, refusals, write_suite


def _refuse(path: Path) -> list[str]:
    with pytest.raises(FileError) as caught:
        read_suite_file(path)
    return list(refusals(caught))


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path, "id: A, text: x", "id: a, txt: x", "text: x, seeds: [0, 0]", "id: b", head=""
    )
    assert _refuse(path) == [
        "suite.yaml:1: suite: is missing.",
        "suite.yaml:1: title: is missing.",
        "suite.yaml:2: prompts.0.id: must be 1 to 64 of a-z, 0-9, '-' and '_', not 'A'.",
        "suite.yaml:3: prompts.1.text: is missing.",
        "suite.yaml:3: prompts.1.txt: unknown field. Known: id, image, language, seeds, tags, text.",
        "suite.yaml:4: prompts.2.id: is missing.",
        "suite.yaml:4: prompts.2.seeds: must be a list of different whole numbers from 0, such as [0, 1], "
        "not [0, 0].",
        "suite.yaml:5: prompts.3.text: is missing.",
    ]


def test_an_id_may_be_given_once(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x", "id: b, text: y", "id: a, text: z")
    assert _refuse(path) == ["suite.yaml:6: prompts.2.id: 'a' is taken by the entry of line 4."]


def test_a_list_at_the_top_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "suite.yaml", "- id: a\n- id: b\n")
    assert _refuse(path) == [
        "suite.yaml:1: file: must be a mapping of fields, not [{'id': 'a'}, {'id': 'b'}]."
    ]


def test_a_suite_without_prompts_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "suite.yaml", f"{HEAD}prompts: []\n")
    assert _refuse(path) == ["suite.yaml:3: prompts: must be a list with at least one entry, not []."]


@pytest.mark.parametrize("name", ["../outside.png", "/etc/passwd.png", "notes.txt", "link.png"])
def test_an_image_lies_in_the_suites_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "link.png").symlink_to(draw_image(tmp_path / "outside.png"))
    (folder / "notes.txt").write_text("no image")
    path = write_suite(folder, f"id: a, text: x, image: {name}")
    wanted = "must be a .png, .jpg, .jpeg, .webp in or under the suite's folder."
    assert _refuse(path) == [f"suite.yaml:4: prompts.0.image: '{name}' {wanted}"]


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x, image: gone.png")
    assert _refuse(path) == ["suite.yaml:4: prompts.0.image: 'gone.png' is missing."]


@pytest.mark.parametrize("fault", ["empty", "text", "truncated", "flipped"])
def test_a_broken_image_is_named(tmp_path: Path, fault: str) -> None:
    whole = draw_image(tmp_path / "a.png").read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    contents = {"empty": b"", "text": b"no image", "truncated": whole[:middle], "flipped": flipped}
    (tmp_path / "a.png").write_bytes(contents[fault])
    path = write_suite(tmp_path, "id: a, text: x, image: a.png")
    assert _refuse(path) == ["suite.yaml:4: prompts.0.image: 'a.png' is not a whole, readable image."]


def test_a_picture_of_another_kind_is_refused_under_a_known_ending(tmp_path: Path) -> None:
    draw_image(tmp_path / "a.gif").rename(tmp_path / "a.png")
    path = write_suite(tmp_path, "id: a, text: x, image: a.png")
    assert _refuse(path) == ["suite.yaml:4: prompts.0.image: 'a.png' is not a whole, readable image."]


def test_a_suite_fits_on_one_screen(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    image = draw_image(tmp_path / "images" / "a.png")
    head = f"{HEAD}language: no\nseeds: [0, 1]\n"
    whole = "id: 010, text: et rødt eple, tags: [apple], language: nn, seeds: [7], image: images/a.png"
    suite = read_suite_file(write_suite(tmp_path, "id: plain, text: en hest", whole, head=head))
    assert (suite.name, suite.title, suite.seeds) == ("first", "First steps", [0, 1])
    assert suite.prompts == [
        PromptEntry("plain", "en hest", [], "no", [0, 1], None, ""),
        PromptEntry("010", "et rødt eple", ["apple"], "nn", [7], image.resolve(), file_sha256(image)),
    ]


def test_yaml_and_jsonl_of_the_same_content_are_the_same_suite(tmp_path: Path) -> None:
    lines = '{"suite": "first", "title": "First steps"}\n{"text": "x", "id": "a", "seeds": [3]}\n'
    jsonl = read_suite_file(write_file(tmp_path / "suite.jsonl", lines))
    yaml = read_suite_file(write_suite(tmp_path, "id: a, text: x, seeds: [3]"))
    assert jsonl.content_hash() == yaml.content_hash()


def test_comments_and_names_of_images_change_no_hash(tmp_path: Path) -> None:
    draw_image(tmp_path / "a.png")
    draw_image(tmp_path / "b.png")
    one = read_suite_file(write_suite(tmp_path, "id: a, text: x, image: a.png"))
    other = read_suite_file(write_suite(tmp_path, "id: a, text: x, image: b.png", head=f"# anew\n{HEAD}"))
    assert one.content_hash() == other.content_hash()


@pytest.mark.parametrize(
    "changed",
    [
        "id: b, text: x",
        "id: a, text: y",
        "id: a, text: x, tags: [t]",
        "id: a, text: x, language: de",
        "id: a, text: x, seeds: [1]",
        "id: a, text: x, image: a.png",
    ],
)
def test_whatever_a_clip_or_a_slice_depends_on_changes_the_hash(tmp_path: Path, changed: str) -> None:
    draw_image(tmp_path / "a.png")
    usual = read_suite_file(write_suite(tmp_path, "id: a, text: x"))
    assert read_suite_file(write_suite(tmp_path, changed)).content_hash() != usual.content_hash()


def test_another_picture_under_the_same_name_changes_the_hash(tmp_path: Path) -> None:
    def read(caption: str) -> SuiteFile:
        draw_image(tmp_path / "a.png", caption)
        return read_suite_file(write_suite(tmp_path, "id: a, text: x, image: a.png"))

    red, blue = (
        read(f"a large {colour} circle bouncing right quickly on a white background")
        for colour in ("red", "blue")
    )
    assert red.content_hash() != blue.content_hash()
