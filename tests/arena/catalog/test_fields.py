from __future__ import annotations

import pytest

from arena.catalog.written import WrittenFloat
from tests.factories_catalog import problems, take

SEEDS_WANTED = (
    "file.yaml:1: seeds: must be a list of different whole numbers from 0 to 9007199254740991; got "
)


@pytest.mark.parametrize(
    ("value", "refusal"),
    [
        ("", "must be text; got ''."),
        ("  ", "must be text; got ''."),
        (["a"], "must be text; got ['a']. Put the text in quotes."),
        ({"a": "b"}, "must be text; got {'a': 'b'}. Put the text in quotes."),
        ("a\0b", "must be printable text; got the character '\\x00' in 'a\\x00b'. Remove it."),
        ("a\x1bb", "must be printable text; got the character '\\x1b' in 'a\\x1bb'. Remove it."),
        ("\ud800", "must be printable text; got the character '\\ud800' in '\\ud800'. Remove it."),
        ("x" * 1001, "must be text of at most 1,000 characters; got 1,001. Shorten it."),
    ],
)
def test_text_is_text(value: object, refusal: str) -> None:
    fields = take({"title": value})
    assert fields.text("title", longest=1000) == ""
    assert problems(fields) == [f"file.yaml:1: title: {refusal}"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1984, "1984"),
        (-7, "-7"),
        (WrittenFloat("1e5"), "1e5"),
        (WrittenFloat("2.50"), "2.50"),
        (True, "true"),
    ],
)
def test_a_plain_value_is_the_text_that_stands_in_the_file(value: object, text: str) -> None:
    assert take({"title": value}).text("title") == text
    assert take({"tags": ["4k", value]}).texts("tags") == ["4k", text]


def test_line_ends_of_windows_are_line_ends() -> None:
    assert take({"text": "A potter.\r\nRain.\rWind."}).text("text") == "A potter.\nRain.\nWind."


def test_text_may_have_lines_and_any_script() -> None:
    assert take({"text": " ein Pferd\n\t馬 🐎 "}).text("text") == "ein Pferd\n\t馬 🐎"


@pytest.mark.parametrize("value", [{}, {"title": None}])
def test_a_required_field_without_a_value_is_missing(value: object) -> None:
    fields = take(value)
    assert fields.text("title") == ""
    assert problems(fields) == ["file.yaml:1: title: is missing."]


def test_an_optional_field_has_its_default() -> None:
    fields = take({})
    assert (fields.text("language", default="en"), fields.texts("tags")) == ("en", [])
    assert (fields.seeds("seeds", default=[4]), fields.mapping("settings")) == ([4], {})
    assert problems(fields) == []


@pytest.mark.parametrize("value", ["", "A", "a b", "a.b", "ä", "²", "x" * 65, 1.5, ["a"]])
def test_a_slug_is_short_plain_and_lower_case(value: object) -> None:
    fields = take({"id": value})
    assert fields.slug("id") == ""
    assert problems(fields)[0].startswith("file.yaml:1: id: must be 1 to 64 of a-z, 0-9, '-' and '_'; got ")


@pytest.mark.parametrize(
    ("value", "slug"), [(7, "7"), (WrittenFloat("1e5"), "1e5"), (True, "true"), (False, "false")]
)
def test_a_plain_value_may_be_a_slug(value: object, slug: str) -> None:
    assert take({"id": value}).slug("id") == slug


def test_a_number_that_is_no_slug_is_shown_as_it_stands_in_the_file() -> None:
    fields = take({"id": WrittenFloat("1.50")})
    fields.slug("id")
    assert problems(fields)[0].endswith("; got 1.50.")


@pytest.mark.parametrize("value", ["one", [["a"]], ["a", None], {"a": 1}])
def test_tags_are_a_list_of_texts(value: object) -> None:
    fields = take({"tags": value})
    assert fields.texts("tags") == []
    wanted = "must be a list of texts, such as [bouncing, two objects]"
    assert problems(fields) == [f"file.yaml:1: tags: {wanted}; got {value!r}. Put each text in quotes."]


@pytest.mark.parametrize("value", [["a", ""], [" "], ["a\0"], ["x" * 201]])
def test_a_tag_is_text(value: object) -> None:
    fields = take({"tags": value})
    assert fields.texts("tags") == []
    assert problems(fields)[0].startswith("file.yaml:1: tags: each text must be ")


@pytest.mark.parametrize("value", [1, [], [-1], [1, 1], [True], [1.0], ["1"], [2**53]])
def test_seeds_are_different_whole_numbers_from_0(value: object) -> None:
    fields = take({"seeds": value})
    assert fields.seeds("seeds", default=[5]) == [5]
    assert problems(fields) == [f"{SEEDS_WANTED}{value!r}. Write it like [0, 1]."]


def test_seeds_reach_as_far_as_every_reader_of_json() -> None:
    assert take({"seeds": [0, 2**53 - 1]}).seeds("seeds", default=[]) == [0, 2**53 - 1]


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": float("inf")}, {"a": {1, 2}}, {"a": 1, 2: 3}])
def test_settings_hold_what_json_holds(value: object) -> None:
    fields = take({"settings": value})
    assert fields.mapping("settings") == {}
    assert problems(fields)[0].startswith("file.yaml:1: settings: must hold texts, finite numbers, ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**53, "9007199254740992"),
        ("a\0", r"'a\x00'"),
        ({"\ud800": 1}, r"'\ud800'"),
        ([[-(2**70)]], "-11805"),
    ],
)
def test_settings_hold_what_every_database_keeps(value: object, shown: str) -> None:
    fields = take({"settings": {"seed": value}})
    assert fields.mapping("settings") == {}
    wanted = "whole numbers up to 9007199254740991 and texts without NUL and lone surrogates"
    assert problems(fields)[0].startswith(f"file.yaml:1: settings: must hold {wanted}; got {shown}")


def test_settings_are_a_mapping() -> None:
    fields = take({"settings": ["flaw"]})
    assert fields.mapping("settings") == {}
    assert problems(fields) == ["file.yaml:1: settings: must be a mapping; got ['flaw']."]


def test_settings_are_read_as_the_database_gives_them_back() -> None:
    assert take({"settings": {1: {"b": [1.5, None]}}}).mapping("settings") == {"1": {"b": [1.5, None]}}


@pytest.mark.parametrize("value", [None, [], "p0", {"id": "p0"}])
def test_entries_are_a_list_with_something_in_it(value: object) -> None:
    fields = take({"prompts": value})
    assert fields.entries("prompts") == []
    assert len(problems(fields)) == 1


def test_entries_know_their_places() -> None:
    fields = take({"prompts": [{"id": "a"}, {"id": "B"}]}, {("prompts", 1, "id"): 12})
    assert [entry.slug("id") for entry in fields.entries("prompts")] == ["a", ""]
    assert problems(fields)[0].startswith("file.yaml:12: prompts.1.id: must be ")


@pytest.mark.parametrize("value", [["a"], "a", None, 3])
def test_what_is_no_mapping_is_said_once(value: object) -> None:
    fields = take(value)
    fields.text("title")
    fields.refuse_others()
    assert problems(fields) == [f"file.yaml:1: file: must be a mapping of fields; got {value!r}."]


def test_an_unknown_field_is_named_with_the_known_ones() -> None:
    fields = take({"titel": "T"}, {("titel",): 3})
    fields.text("title", default="")
    fields.slug("suite")
    fields.refuse_others()
    assert problems(fields) == [
        "file.yaml:1: suite: is missing.",
        "file.yaml:3: titel: unknown field. Known: suite, title.",
    ]


def test_a_long_value_is_shown_cut_short() -> None:
    fields = take({"id": "x" * 10_000})
    fields.slug("id")
    assert len(problems(fields)[0]) < 150


def test_fields_that_nothing_took_are_taken_as_they_are() -> None:
    fields = take({"id": "a", "objects": ["boat"], "share": 0.5})
    fields.text("id")
    assert fields.others() == {"objects": ["boat"], "share": 0.5}
    fields.refuse_others()
    assert problems(fields) == []


def test_other_fields_that_no_database_keeps_are_reported() -> None:
    fields = take({"id": "a", "large": 2**53, "odd": "\0"})
    fields.text("id")
    fields.others()
    wanted = "whole numbers up to 9007199254740991 and texts without NUL and lone surrogates"
    assert problems(fields) == [
        f"file.yaml:1: large: must hold {wanted}; got {2**53}.",
        f"file.yaml:1: odd: must hold {wanted}; got '\\x00'.",
    ]
