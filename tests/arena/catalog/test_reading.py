from __future__ import annotations

import os
from pathlib import Path

import pytest

from arena.catalog.located import FileError
from arena.catalog.reading import read_bounded, read_document
from tests.factories import write_file

JSONL_HEAD = '{"suite": "s", "title": "t"}'


def _refusal(path: Path) -> str:
    with pytest.raises(FileError) as caught:
        read_document(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "a.yaml:1: the file is empty."),
        ("# nothing but a comment\n", "a.yaml:1: the file is empty."),
        ("suite: s\n\tprompts: []\n", "a.yaml:2: can't be read as YAML: while scanning for the next token, "),
        ("suite: 'a\n", "a.yaml:2: can't be read as YAML: while scanning a quoted scalar, "),
        ("suite: s\n---\nsuite: t\n", "a.yaml:2: can't be read as YAML: expected a single document "),
        ("suite: s\n? [a, b]\n: c\n", "a.yaml:2: can't be read as YAML: while constructing a mapping, "),
        ("suite: s\ntitle: a\x00b\n", "a.yaml:2: a control character stands here. Remove it."),
    ],
)
def test_yaml_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, refusal: str) -> None:
    assert _refusal(write_file(tmp_path / "a.yaml", text)).startswith(refusal)


@pytest.mark.parametrize(
    "line",
    ["b: *x", "b: [*x]", "b: &y [*y]", "b: !!int 3", "b: !!python/name:os.system ''", "b: !!float .nan"],
)
def test_aliases_and_tags_are_refused(tmp_path: Path, line: str) -> None:
    path = write_file(tmp_path / "a.yaml", f"a: &x 1\n{line}\n")
    told = "aliases and tags aren't taken here; put a text that begins with *, & or ! in quotes"
    assert _refusal(path) == f"a.yaml:2: can't be read as YAML: {told}."


@pytest.mark.parametrize("name", ["a.yaml", "a.jsonl"])
def test_a_file_nested_too_deeply_is_refused(tmp_path: Path, name: str) -> None:
    path = write_file(tmp_path / name, "[" * 100_000)
    assert _refusal(path) == f"{name}: nested too deeply. A suite needs 4 levels."


def test_a_field_given_twice_is_a_problem_of_the_second_line(tmp_path: Path) -> None:
    document = read_document(write_file(tmp_path / "a.yaml", "a: {b: 1,\n    b: 2}\n"))
    assert document.problems == [(2, "a.yaml:2: a.b: given twice. Keep one.")]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-13-45", "2024-13-45"),
        (".nan", ".nan"),
        ("<<", "<<"),
        ("'7'", "7"),
        ("7", 7),
        ("-7", -7),
        ("-0", "-0"),
        ("9" * 30, "9" * 30),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_yaml_values_are_what_they_look_like(tmp_path: Path, written: str, value: object) -> None:
    read = read_document(write_file(tmp_path / "a.yaml", f"a: {written}\n")).value["a"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("name", ["a.yaml", "a.jsonl"])
@pytest.mark.parametrize("written", ["1e5", "2.50", "7.5", "1.0e+10"])
def test_a_number_remembers_how_it_was_written(tmp_path: Path, name: str, written: str) -> None:
    read = read_document(write_file(tmp_path / name, f'{{"a": {written}}}\n')).value["a"]
    assert (read, str(read)) == (float(written), written)


@pytest.mark.parametrize(
    "text",
    [
        "Scene one: a potter",
        "@home in the rain",
        "`quoted` words",
        "%5 of the light",
        '"Hello" she says',
        "'tis raining",
        "[indoors] a potter",
        "{indoors} a potter",
        "- a list: of one",
    ],
)
def test_a_text_that_needs_quotes_is_refused_with_that_advice(tmp_path: Path, text: str) -> None:
    refusal = _refusal(write_file(tmp_path / "a.yaml", f"prompts:\n  - id: a\n    text: {text}\n"))
    advice = "Put the text in quotes if it has ': ' or ' #' in it or begins with a special character."
    assert refusal.startswith("a.yaml:")
    assert refusal.endswith(advice)


def test_a_tab_is_refused_with_the_advice_to_use_spaces(tmp_path: Path) -> None:
    refusal = _refusal(write_file(tmp_path / "a.yaml", "suite: s\n\tprompts: []\n"))
    assert refusal.endswith("Indent with spaces instead of tabs.")


def test_yaml_knows_the_line_of_every_value(tmp_path: Path) -> None:
    path = write_file(
        tmp_path / "a.yml", "# a comment\na: 1\n\nb:\n  - c: x\n    d: |\n      long\n  - [7]\n"
    )
    document = read_document(path)
    assert document.value == {"a": 1, "b": [{"c": "x", "d": "long\n"}, [7]]}
    places = [("a",), ("b",), ("b", 0), ("b", 0, "d"), ("b", 1), ("b", 1, 0)]
    assert [document.line_of(place) for place in places] == [2, 4, 5, 6, 8, 8]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "a.jsonl:1: the first line must be the head, such as"),
        ("\n\n", "a.jsonl:1: the first line must be the head, such as"),
        ("[1]", "a.jsonl:1: the first line must be the head, such as"),
        (f'{JSONL_HEAD}\n\n{{"id": 1 "text"}}', "a.jsonl:3: can't be read as JSON: Expecting ',' delimiter"),
        (f'{JSONL_HEAD}\n{{"id": NaN}}', "a.jsonl:2: can't be read as JSON: NaN is no number in JSON."),
        (f'{JSONL_HEAD}\n{{"id": 1, "id": 2}}', "a.jsonl:2: can't be read as JSON: 'id' is given twice."),
        (f'{JSONL_HEAD}\n{{"id": {"9" * 5000}}}', "a.jsonl:2: can't be read as JSON: Exceeds the limit"),
    ],
)
def test_jsonl_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, refusal: str) -> None:
    assert _refusal(write_file(tmp_path / "a.jsonl", text)).startswith(refusal)


def test_jsonl_has_its_head_first_and_an_entry_on_each_line(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.jsonl", f'\n{JSONL_HEAD}\n\n{{"id": "p"}}\n{{"id": "q\u2028r"}}\n')
    document = read_document(path)
    assert document.value == {"suite": "s", "title": "t", "prompts": [{"id": "p"}, {"id": "q\u2028r"}]}
    assert [document.line_of(place) for place in [(), ("prompts", 0), ("prompts", 1, "id")]] == [2, 4, 5]


def test_prompts_in_a_jsonl_head_are_not_passed_over(tmp_path: Path) -> None:
    document = read_document(write_file(tmp_path / "a.jsonl", '{"prompts": [1]}\n{"id": "p"}\n'))
    told = "a.jsonl:1: prompts: must stand on the lines after the head, one on each."
    assert document.problems == [(1, told)]


def test_another_kind_of_file_is_refused_with_the_known_kinds(tmp_path: Path) -> None:
    refusal = _refusal(write_file(tmp_path / "suite.csv", "a,b\n"))
    assert refusal == "suite.csv: unknown kind of file '.csv'. Known: .yaml, .yml, .jsonl."


def test_a_missing_file_and_a_folder_are_refused_with_their_path(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert _refusal(tmp_path / "gone.yaml").endswith("gone.yaml: can't be read: No such file or directory.")
    assert _refusal(tmp_path / "folder.yaml").endswith("folder.yaml: can't be read: Is a directory.")


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_a_device_is_refused_without_reading_it(tmp_path: Path, target: str) -> None:
    (tmp_path / "a.yaml").symlink_to(target)
    assert _refusal(tmp_path / "a.yaml").endswith("a.yaml: can't be read: not a regular file.")


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    assert _refusal(tmp_path / "a.jsonl").endswith("a.jsonl: can't be read: not a regular file.")


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.yaml", "x" * 2**20)
    assert read_bounded(path, 2**20) == b"x" * 2**20
    write_file(path, "x" * (2**20 + 1))
    with pytest.raises(FileError, match=r"^a\.yaml: must be at most 1 MiB; got more\. Split the file\.$"):
        read_bounded(path, 2**20)


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(2**40)  # holes take no space
    assert _refusal(path) == "a.yaml: must be at most 16 MiB; got more. Split the file."


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("suite: s\r\ntitle: Köln\r\n".encode("latin-1"))
    assert _refusal(tmp_path / "a.yaml") == "a.yaml:2: not UTF-8. Save the file as UTF-8."


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "a: ü"), ("a.jsonl", '{"a": "ü"}')])
def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8-sig"))
    assert read_document(tmp_path / name).value["a"] == "ü"
