from __future__ import annotations

from pathlib import Path

import pytest

from arena.catalog.located import Document, FileError


def test_a_document_without_problems_raises_nothing() -> None:
    Document(Path("suite.yaml")).raise_problems()


def test_problems_are_raised_together_in_the_order_of_lines() -> None:
    document = Document(Path("a/suite.yaml"), lines={(): 1, ("title",): 9, ("prompts", 0, "id"): 4})
    document.report(("title",), "is missing.")
    document.report(("prompts", 0, "id"), "is odd.")
    with pytest.raises(FileError) as caught:
        document.raise_problems()
    assert str(caught.value) == "suite.yaml:4: prompts.0.id: is odd.\nsuite.yaml:9: title: is missing."


def test_a_place_without_a_line_has_that_of_the_nearest_place_around_it() -> None:
    document = Document(Path("suite.yaml"), lines={(): 2, ("prompts", 3): 7})
    assert document.line_of(("prompts", 3, "text")) == 7
    assert document.line_of(("prompts", 4, "text")) == 2
    assert Document(Path("suite.yaml")).line_of(("title",)) == 1


def test_a_problem_of_the_whole_file_says_so() -> None:
    document = Document(Path("suite.yaml"))
    document.report((), "must be a mapping.")
    assert document.problems == [(1, "suite.yaml:1: file: must be a mapping.")]


def test_a_repeated_value_points_at_the_entry_that_has_it() -> None:
    lines = {("prompts", 0): 4, ("prompts", 2, "id"): 9}
    document = Document(Path("suite.yaml"), lines=dict(lines))
    document.report_repeated("prompts", "id", ["a", "b", "a"])
    assert document.problems == [(9, "suite.yaml:9: prompts.2.id: 'a' is taken by the entry of line 4.")]


def test_what_could_not_be_read_is_not_called_repeated() -> None:
    document = Document(Path("suite.yaml"))
    document.report_repeated("prompts", "id", ["", ""])
    assert document.problems == []
