from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.catalog.located import FileError
from arena.catalog.suite_file import PromptEntry, SuiteFile
from arena.catalog.suite_writing import write_suite_file
from generators.base import file_sha256
from tests.factories import write_file
from tests.factories_catalog import draw_image

PLAIN = PromptEntry("a", "x", [], "en", [0], None, "")
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1, max_size=40
).filter(lambda text: text.strip() == text)


def _suite(*prompts: PromptEntry) -> SuiteFile:
    return SuiteFile("first", "First steps", [0], list(prompts))


def test_a_taken_path_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    path = write_file(tmp_path / "suite.yaml", "mine")
    with pytest.raises(FileError) as caught:
        write_suite_file(_suite(PLAIN), path)
    assert str(caught.value) == f"{path}: must be a new file; it exists. Give another name, or remove it."
    assert path.read_text() == "mine"


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"^suite\.json: unknown kind of file '\.json'\. Known: \.yaml, \.yml, "
    ):
        write_suite_file(_suite(PLAIN), tmp_path / "suite.json")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"suite\.yaml: can't be written: No such file or directory\.$"):
        write_suite_file(_suite(PLAIN), tmp_path / "gone" / "suite.yaml")


def test_a_suite_that_breaks_a_rule_leaves_no_file(tmp_path: Path) -> None:
    twice = _suite(PLAIN, PLAIN)
    with pytest.raises(
        FileError, match=r"^suite\.yaml:8: prompts\.1\.id: 'a' is taken by the entry of line 6\.$"
    ):
        write_suite_file(twice, tmp_path / "suite.yaml")
    assert list(tmp_path.iterdir()) == []


def test_what_all_prompts_share_stands_in_the_head(tmp_path: Path) -> None:
    prompts = [PromptEntry(key, "x", [], "en", [0], None, "", licence="MIT", origin=key) for key in "ab"]
    write_suite_file(_suite(*prompts), tmp_path / "suite.yaml")
    assert (tmp_path / "suite.yaml").read_text().splitlines()[:7] == [
        'suite: "first"',
        'title: "First steps"',
        "seeds: [0]",
        'language: "en"',
        'licence: "MIT"',
        "prompts:",
        '  - id: "a"',
    ]


def test_images_are_named_from_the_suites_folder(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    image = draw_image(tmp_path / "images" / "a b.png")
    read = write_suite_file(_suite(PromptEntry("a", "x", [], "en", [0], image, "")), tmp_path / "suite.yaml")
    assert 'image: "images/a b.png"' in (tmp_path / "suite.yaml").read_text()
    assert read.prompts[0].image_sha256 == file_sha256(image)


@pytest.mark.parametrize("suffix", [".yaml", ".jsonl"])
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=3),
    licences=st.lists(st.sampled_from(["", "MIT", "CC0-1.0"]), min_size=3, max_size=3),
    language=st.sampled_from(["en", "zh", "no", "true"]),
    aux=st.dictionaries(TEXTS, st.booleans() | st.integers(-9, 9) | st.none() | TEXTS | st.lists(TEXTS)),
)
def test_a_written_suite_reads_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    texts: list[str],
    licences: list[str],
    language: str,
    aux: dict[str, object],
) -> None:
    prompts = [
        PromptEntry(f"p{i}", text, texts, language, [i], None, "", text, licences[i], text, "", texts, aux)
        for i, text in enumerate(texts)
    ]
    path = tmp_path_factory.mktemp("suites") / f"suite{suffix}"
    assert write_suite_file(_suite(*prompts), path) == _suite(*prompts)
