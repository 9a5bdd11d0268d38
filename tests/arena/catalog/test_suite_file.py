from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

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
        "suite.yaml:2: prompts.0.id: must be 1 to 64 of a-z, 0-9, '-' and '_'; got 'A'.",
        "suite.yaml:3: prompts.1.text: is missing.",
        "suite.yaml:3: prompts.1.txt: unknown field. Known: aux, dimensions, expected_sound, id, image, "
        "language, licence, origin, seeds, tags, text, translates.",
        "suite.yaml:4: prompts.2.id: is missing.",
        "suite.yaml:4: prompts.2.seeds: must be a list of different whole numbers from 0 to "
        "9007199254740991; got [0, 0]. Write it like [0, 1].",
        "suite.yaml:5: prompts.3.text: is missing.",
    ]


def test_an_id_may_be_given_once(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x", "id: b, text: y", "id: a, text: z")
    assert _refuse(path) == ["suite.yaml:6: prompts.2.id: 'a' is taken by the entry of line 4."]


def test_a_list_at_the_top_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "suite.yaml", "- id: a\n- id: b\n")
    assert _refuse(path) == [
        "suite.yaml:1: file: must be a mapping of fields; got [{'id': 'a'}, {'id': 'b'}]."
    ]


def test_a_suite_without_prompts_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "suite.yaml", f"{HEAD}prompts: []\n")
    assert _refuse(path) == ["suite.yaml:3: prompts: must be a list with at least one entry; got []."]


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


def test_an_image_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    Image.new("1", (8192, 4097)).save(tmp_path / "a.png")
    path = write_suite(tmp_path, "id: a, text: x, image: a.png")
    told = "must have at most 33,554,432 pixels; got 8192×4097. Save it smaller."
    assert _refuse(path) == [f"suite.yaml:4: prompts.0.image: 'a.png' {told}"]


def test_a_huge_image_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(2**40)
    path = write_suite(tmp_path, "id: a, text: x, image: a.png")
    told = "must be at most 32 MiB; got 1048576.0 MiB. Save it smaller."
    assert _refuse(path) == [f"suite.yaml:4: prompts.0.image: 'a.png' {told}"]


def test_plain_values_of_yaml_are_texts_where_texts_belong(tmp_path: Path) -> None:
    head = "suite: 2026\ntitle: 2026\n"
    prompt_line = "id: 1e5, text: 1984, tags: [4k, 2024, 1.50, true, no, 2026-01-01]"
    suite = read_suite_file(write_suite(tmp_path, prompt_line, head=head))
    (prompt,) = suite.prompts
    assert (suite.name, suite.title) == ("2026", "2026")
    assert (prompt.key, prompt.text) == ("1e5", "1984")
    assert prompt.tags == ["4k", "2024", "1.50", "true", "no", "2026-01-01"]


def test_windows_line_ends_are_the_same_suite_in_yaml_and_jsonl(tmp_path: Path) -> None:
    lines = '{"suite": "first", "title": "First steps"}\r\n{"id": "a", "text": "x\\r\\ny"}\r\n'
    yaml_lines = f"{HEAD}prompts:\n  - id: a\n    text: |\n      x\n      y\n".replace("\n", "\r\n")
    (tmp_path / "suite.jsonl").write_bytes(lines.encode())
    (tmp_path / "suite.yaml").write_bytes(yaml_lines.encode())
    jsonl, yaml = (read_suite_file(tmp_path / name) for name in ("suite.jsonl", "suite.yaml"))
    assert (jsonl.prompts[0].text, jsonl.content_hash()) == ("x\ny", yaml.content_hash())


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
        "id: a, text: x, expected_sound: rain",
        "id: a, text: x, licence: CC0-1.0",
        "id: a, text: x, origin: a friend",
        "id: a, text: x, dimensions: [motion]",
        "id: a, text: x, aux: {objects: 2}",
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


def test_the_head_gives_licence_and_origin_of_prompts_that_say_nothing_else(tmp_path: Path) -> None:
    head = f"{HEAD}licence: CC0-1.0\norigin: by hand\n"
    own = "id: b, text: y, licence: MIT, origin: a book"
    suite = read_suite_file(write_suite(tmp_path, "id: a, text: x", own, head=head))
    assert [(p.licence, p.origin) for p in suite.prompts] == [("CC0-1.0", "by hand"), ("MIT", "a book")]


def test_a_prompt_says_what_should_be_heard_and_what_it_measures(tmp_path: Path) -> None:
    line = "id: a, text: x, expected_sound: two dull thuds, dimensions: [color], aux: {color: {object: red}}"
    (prompt,) = read_suite_file(write_suite(tmp_path, line)).prompts
    assert (prompt.expected_sound, prompt.dimensions) == ("two dull thuds", ["color"])
    assert prompt.aux == {"color": {"object": "red"}}


def test_a_translation_names_a_prompt_in_another_language(tmp_path: Path) -> None:
    original = "id: a, text: a horse"
    path = write_suite(tmp_path, original, "id: a-zh, text: 一匹马, language: zh, translates: a")
    assert [prompt.translates for prompt in read_suite_file(path).prompts] == ["", "a"]
    path = write_suite(tmp_path, original, "id: b, text: x, translates: c", "id: d, text: y, translates: a")
    assert _refuse(path) == [
        "suite.yaml:5: prompts.1.translates: must be the id of a prompt of this suite; got 'c'.",
        "suite.yaml:6: prompts.2.translates: must be a prompt in another language than 'en'; got 'a', which "
        "has the same.",
    ]


def test_a_suite_without_descriptions_has_the_hash_it_had_before_there_were_any(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x, tags: [one object]", "id: b, text: y, seeds: [3]")
    before = "c25ae073e90dc0516d8e25e432efdba57842cb826634a54965b8e6b0b9a0d0b4"
    assert read_suite_file(path).content_hash() == before


def test_every_field_of_a_prompt_is_documented(tmp_path: Path) -> None:
    (problem,) = _refuse(write_suite(tmp_path, "id: a, text: x, odd: y"))
    known = problem.partition("Known: ")[2].rstrip(".").split(", ")
    page = (Path(__file__).parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")
    section, _, _ = page.partition("## What changed")
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == known
