from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.catalog.layouts.json_items import read_lines, read_list, read_mapping
from arena.catalog.located import FileError
from tests.factories import write_file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "items.json:1: must be a list [ … ] of items; got ''."),
        ('{"a": {}}', "items.json:1: must be a list [ … ] of items; got '{\"a\": {}}'."),
        ("[{},\n", "items.json:2: can't be read as JSON: Expecting value (column 1)."),
        ("[{}\n{}]", "items.json:2: must have ',' here; got '{}]'."),
        ("[{}", "items.json:1: must have ',' here; got the end of the file."),
        ("[{},\n{},]", "items.json:2: can't be read as JSON: Expecting value (column 4)."),
        (
            '[{},\n{"a": 1\n"b": 2}]',
            "items.json:3: can't be read as JSON: Expecting ',' delimiter (column 1).",
        ),
        ('[{},\n{"a": 1, "a": 2}]', "items.json:2: can't be read as JSON: 'a' is given twice."),
        ('[{"a": NaN}]', "items.json:1: can't be read as JSON: NaN is no number in JSON."),
        ("[{}]\n[]", "items.json:1: must end with ]; got '[]' after it."),
        ("[" * 100_000, "items.json:1: nested too deeply."),
    ],
)
def test_what_is_no_list_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError) as caught:
        read_list(write_file(tmp_path / "items.json", text))
    assert str(caught.value) == message


def test_a_list_is_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"^items\.json:1: must be a mapping \{ … \} of items; got '\[\]'\.$"):
        read_mapping(write_file(tmp_path / "items.json", "[]"))


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "items.json").write_bytes(b'[\n{"a": "\xff"}]')
    with pytest.raises(FileError, match=r"^items\.json:2: must be UTF-8\. Save the file as UTF-8\.$"):
        read_list(tmp_path / "items.json")


def test_an_item_that_is_no_mapping_is_reported_with_its_line_and_place(tmp_path: Path) -> None:
    document, _ = read_list(write_file(tmp_path / "items.json", '[\n  {},\n  "text"\n]'))
    assert document.problems == [(3, "items.json:3: 1: must be a mapping of fields; got 'text'.")]


def test_each_item_knows_its_line(tmp_path: Path) -> None:
    path = write_file(tmp_path / "items.json", '\ufeff[\n  {"a": 1},\n  {"a":\n 2}, {"a": 3}\n]\n')
    document, items = read_list(path)
    assert [document.line_of(item.fields.place) for item in items] == [2, 3, 4]
    assert [(item.key, item.fields.text("a")) for item in items] == [("0", "1"), ("1", "2"), ("2", "3")]


def test_a_key_that_is_given_twice_makes_two_items(tmp_path: Path) -> None:
    path = write_file(tmp_path / "items.json", '{\n"x": {"a": 1},\n"x": {"a": 2}}')
    document, items = read_mapping(path)
    assert [(item.key, document.line_of(item.fields.place)) for item in items] == [("x", 2), ("x", 3)]


@given(
    items=st.lists(st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.lists(st.booleans()))),
    indent=st.none() | st.integers(0, 3),
)
def test_items_are_those_of_the_standard_library(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, object]], indent: int | None
) -> None:
    path = tmp_path_factory.mktemp("json") / "items.json"
    write_file(path, json.dumps(items, indent=indent))
    document, read = read_list(path)
    assert [item.fields.values for item in read] == items
    lines = [document.line_of(item.fields.place) for item in read]
    assert lines == sorted(lines)
    keyed = {str(place): item for place, item in enumerate(items)}
    write_file(path, json.dumps(keyed, indent=indent))
    assert {item.key: item.fields.values for item in read_mapping(path)[1]} == keyed


def test_an_empty_list_and_mapping_hold_no_items(tmp_path: Path) -> None:
    assert read_list(write_file(tmp_path / "list.json", " [ ] "))[1] == []
    assert read_mapping(write_file(tmp_path / "mapping.json", "{}\n"))[1] == []


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    path = write_file(tmp_path / "items.jsonl", '{"a": 1}\n\n{"a": 2}\n')
    document, items = read_lines(path)
    assert [document.line_of(item.fields.place) for item in items] == [1, 3]
    with pytest.raises(FileError, match=r"^items\.jsonl:2: can't be read as JSON: "):
        read_lines(write_file(tmp_path / "items.jsonl", '{"a": 1}\n{"a": \n'))
