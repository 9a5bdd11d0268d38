"""Read lists of prompts in the forms that people have: CSV of ids and texts, plain lines, or suite files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from arena.catalog.located import FileError
from arena.catalog.suite_file import SUITE_SUFFIXES, read_suite_file
from generators.clip_names import id_from
from generators.tables import TableError, read_table, read_text

COLUMNS = ("id", "text")
LONGEST_TEXT = 10_000


class ListedPrompt(NamedTuple):
    """Id and text of a prompt in a list."""

    key: str
    text: str
    described: Mapping[str, Any] = MappingProxyType({"language": "en"})
    """Further fields of the prompt's row, which only a suite file gives."""


def read_prompt_list(path: Path) -> list[ListedPrompt]:
    """Read a list of prompts.

    A `.csv` or `.tsv` has the columns id and text. Another text file has one prompt a line, whose id is made
    of its text as it is of a file's name. A suite file gives its prompts with all that describes them,
    without their images.

    Raises:
        FileError: the list can't be read, is empty, or has an id twice; the message names file and line.
    """
    if path.suffix.lower() in SUITE_SUFFIXES:
        return [
            ListedPrompt(entry.key, entry.text, entry.described()) for entry in read_suite_file(path).prompts
        ]
    try:
        rows = _read_columns(path) if path.suffix.lower() in (".csv", ".tsv") else _read_lines(path)
    except TableError as error:
        raise FileError(f"{path}: {error}") from error
    if not rows:
        raise FileError(f"{path}: must have at least one prompt; it is empty.")
    lines: dict[str, int] = {}
    for line, prompt in rows:
        if not prompt.text or not prompt.key or len(prompt.text) > LONGEST_TEXT or "\0" in prompt.text:
            raise FileError(
                f"{path}, line {line}: must have an id and a text of 1 to {LONGEST_TEXT:,} characters."
            )
        if lines.setdefault(prompt.key, line) != line:
            raise FileError(
                f"{path}, line {line}: prompt '{prompt.key}' is already on line {lines[prompt.key]}. "
                "Keep one of them."
            )
    return [prompt for _, prompt in rows]


def _read_columns(path: Path) -> list[tuple[int, ListedPrompt]]:
    rows = read_table(path, COLUMNS)
    return [
        (line, ListedPrompt(id_from(fields["id"]) if fields["id"] else "", fields["text"]))
        for line, fields in rows
    ]


def _read_lines(path: Path) -> list[tuple[int, ListedPrompt]]:
    lines = [(number, line.strip()) for number, line in enumerate(read_text(path).split("\n"), start=1)]
    return [(number, ListedPrompt(id_from(line), line)) for number, line in lines if line]
