"""Files of the catalogue, as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from arena.catalog.fields import Fields
from arena.catalog.located import Document, FileError
from generators.toyworld.world.grammar import parse
from generators.toyworld.world.reference import draw_reference
from tests.factories import CAPTION, write_file

HEAD = "suite: first\ntitle: First steps\n"


def write_suite(folder: Path, *prompts: str, head: str = HEAD, name: str = "suite.yaml") -> Path:
    """Write a suite whose prompts are given as YAML mappings without their braces; they begin on line 4."""
    lines = [f"  - {{{prompt}}}\n" for prompt in prompts]
    return write_file(folder / name, f"{head}prompts:\n{''.join(lines)}")


def draw_image(path: Path, caption: str = CAPTION) -> Path:
    """Write a caption's first frame: what an image track of the toy world starts from."""
    draw_reference(parse(caption), 0, 64).save(path)
    return path


def take(value: Any, lines: dict[tuple[str | int, ...], int] | None = None) -> Fields:  # noqa: ANN401 - of any kind
    return Fields(Document(Path("file.yaml"), value, lines or {}), (), value)


def problems(fields: Fields) -> list[str]:
    return [text for _, text in fields.document.problems]


def refusals(error: pytest.ExceptionInfo[FileError]) -> Sequence[str]:
    return str(error.value).splitlines()
