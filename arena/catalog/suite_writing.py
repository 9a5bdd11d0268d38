"""Write suite files, which `suite_file` reads back unchanged."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from arena.catalog.located import FileError
from arena.catalog.suite_file import SUITE_SUFFIXES, PromptEntry, SuiteFile, read_suite_file

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that JSON allows in texts, but that YAML refuses or takes for the end of a line."""


def write_suite_file(suite: SuiteFile, path: Path) -> SuiteFile:
    """Write a suite to a new file, and return it as reading gives it. An unreadable file is not kept.

    Raises:
        FileError: the path is taken, can't be written or has another ending, or the suite breaks a rule of
            suite files.
    """
    if path.suffix not in SUITE_SUFFIXES:
        raise FileError(
            f"{path.name}: unknown kind of file '{path.suffix}'. Known: {', '.join(SUITE_SUFFIXES)}."
        )
    if path.exists():
        raise FileError(f"{path}: must be a new file; it exists. Give another name, or remove it.")
    lines = _jsonl(suite, path.parent) if path.suffix == ".jsonl" else _yaml(suite, path.parent)
    draft = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        read = read_suite_file(draft)
        draft.replace(path)
    except OSError as error:
        raise FileError(f"{path}: can't be written: {error.strerror}.") from error
    except FileError as error:
        raise FileError(str(error).replace(draft.name, path.name)) from error
    finally:
        draft.unlink(missing_ok=True)
    return read


def _yaml(suite: SuiteFile, folder: Path) -> Iterator[str]:
    defaults = _head(suite)
    yield from (f"{name}: {_plain(value)}" for name, value in defaults.items())
    yield "prompts:"
    for prompt in suite.prompts:
        fields = _fields(prompt, defaults, folder)
        yield from (
            f"  {'  ' if i else '- '}{name}: {_plain(value)}"
            for i, (name, value) in enumerate(fields.items())
        )


def _jsonl(suite: SuiteFile, folder: Path) -> Iterator[str]:
    defaults = _head(suite)
    yield _plain(defaults)
    yield from (_plain(_fields(prompt, defaults, folder)) for prompt in suite.prompts)


def _head(suite: SuiteFile) -> dict[str, object]:
    """Return the head's fields; what most prompts share is given there once."""
    head: dict[str, object] = {"suite": suite.name, "title": suite.title, "seeds": suite.seeds}
    for name in ("language", "licence", "origin"):
        values = Counter(getattr(prompt, name) for prompt in suite.prompts)
        value, number = values.most_common(1)[0] if values else ("", 0)
        everyone_has_one = bool(value) and "" not in values
        if everyone_has_one and (number > 1 or name == "language"):
            head[name] = value
    return head


def _fields(prompt: PromptEntry, defaults: dict[str, object], folder: Path) -> dict[str, object]:
    """Return a prompt's fields by their names in a file, without empty ones and those that the head gives."""
    fields = {
        "id": prompt.key,
        "text": prompt.text,
        "image": Path(os.path.relpath(prompt.image, folder)).as_posix() if prompt.image else "",
        "language": prompt.language,
        "translates": prompt.translates,
        "tags": prompt.tags,
        "expected_sound": prompt.expected_sound,
        "seeds": prompt.seeds,
        "dimensions": prompt.dimensions,
        "aux": prompt.aux,
        "licence": prompt.licence,
        "origin": prompt.origin,
    }
    return {name: value for name, value in fields.items() if value and defaults.get(name) != value}


def _plain(value: object) -> str:
    """Return a value as JSON, which YAML reads too."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
