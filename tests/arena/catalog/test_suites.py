from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import storages

from arena.catalog.located import FileError
from arena.catalog.models import Prompt, Suite
from arena.catalog.suite_file import read_suite_file
from arena.catalog.suites import as_file, load_suite
from generators.base import file_sha256
from tests.factories_catalog import HEAD, draw_image, write_suite

pytestmark = pytest.mark.django_db


def test_a_suite_is_loaded_in_the_order_of_its_file(tmp_path: Path) -> None:
    suite, is_new = load_suite(path=write_suite(tmp_path, "id: z, text: x, tags: [t]", "id: a, text: y"))
    assert is_new
    assert (suite.name, suite.version, suite.title, len(suite.content_hash)) == (
        "first",
        1,
        "First steps",
        64,
    )
    rows = suite.prompts.values_list("key", "position", "text", "tags", "language", "seeds")
    assert list(rows) == [("z", 0, "x", ["t"], "en", [0]), ("a", 1, "y", [], "en", [0])]


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x")
    first, _ = load_suite(path=path)
    assert load_suite(path=path) == (first, False)
    assert (Suite.objects.count(), Prompt.objects.count()) == (1, 1)


def test_a_changed_file_is_a_new_version_and_the_old_one_stays(tmp_path: Path) -> None:
    first, _ = load_suite(path=write_suite(tmp_path, "id: a, text: x"))
    second, is_new = load_suite(path=write_suite(tmp_path, "id: a, text: y"))
    assert (second.version, is_new) == (2, True)
    assert [suite.prompts.get().text for suite in (first, second)] == ["x", "y"]


def test_a_file_changed_back_is_the_old_version(tmp_path: Path) -> None:
    first, _ = load_suite(path=write_suite(tmp_path, "id: a, text: x"))
    load_suite(path=write_suite(tmp_path, "id: a, text: y"))
    assert load_suite(path=write_suite(tmp_path, "id: a, text: x")) == (first, False)


def test_suites_of_other_names_count_their_own_versions(tmp_path: Path) -> None:
    load_suite(path=write_suite(tmp_path, "id: a, text: x"))
    other, _ = load_suite(path=write_suite(tmp_path, "id: a, text: x", head=HEAD.replace("first", "second")))
    assert (other.name, other.version) == ("second", 1)


def test_a_malformed_suite_loads_nothing(tmp_path: Path) -> None:
    draw_image(tmp_path / "a.png")
    with pytest.raises(FileError):
        load_suite(path=write_suite(tmp_path, "id: a, text: x, image: a.png", "id: b"))
    assert not Suite.objects.exists()
    assert not (tmp_path / "media").exists()


def test_a_reference_image_is_kept_by_its_content(tmp_path: Path) -> None:
    image = draw_image(tmp_path / "a.png")
    suite, _ = load_suite(path=write_suite(tmp_path, "id: a, text: x, image: a.png"))
    prompt = suite.prompts.get()
    assert prompt.reference_sha256 == file_sha256(image)
    with storages["references"].open(prompt.reference_name) as kept:
        assert kept.read() == image.read_bytes()


def test_a_loaded_suite_says_all_that_its_file_says(tmp_path: Path) -> None:
    described = (
        "expected_sound: rain, licence: CC0-1.0, origin: by hand, dimensions: [color], aux: {n: 2, r: 0.5}"
    )
    translation = "id: b, text: 雨, language: zh, translates: a"
    path = write_suite(tmp_path, f"id: a, text: rain, tags: [t], seeds: [4], {described}", translation)
    suite, _ = load_suite(path=path)
    assert as_file(suite) == read_suite_file(path)
    assert as_file(suite).content_hash() == suite.content_hash
