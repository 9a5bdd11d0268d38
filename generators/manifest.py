"""Read a manifest: a table that says which clip files answer which contender, prompt and seed.

A manifest is a CSV with the columns contender, prompt_id, seed and file; files are relative to its root.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from generators.base import LARGEST_SEED
from generators.choices import SettingsError
from generators.rooted_files import FileNameError, RootedFiles
from generators.tables import TableError, read_table

COLUMNS = ("contender", "prompt_id", "seed", "file")
MOST_DIGITS = 20
"""Digits of a seed that are read at all: Python refuses numbers of thousands of digits."""


class ManifestError(SettingsError):
    """A manifest or a folder of clips can't be read; the message names file, line, field and remedy."""


class Key(NamedTuple):
    """Clip that is asked for: whose it is, which prompt and which seed."""

    contender: str
    prompt_id: str
    seed: int


class Row(NamedTuple):
    """True path of one clip, and the line of the manifest that names it."""

    file: str
    line: int


def read_manifest(manifest: Path, root: Path) -> Mapping[Key, Row]:
    """Read and check all rows, so that a mistake shows up before the first clip is taken in.

    A manifest that hasn't changed is read once in a process, however many clips it names.

    Args:
        manifest: The table.
        root: Folder that its files are relative to and must lie in.

    Raises:
        ManifestError: The message names file, line and field, and says what would be right.
    """
    try:
        facts = manifest.stat()
    except OSError as error:
        raise ManifestError(f"Can't read the manifest {manifest}: {error.strerror}.") from error
    return _read_rows(manifest, root, (facts.st_ino, facts.st_mtime_ns, facts.st_size))


class _WrongRow(Exception):
    """Fault of a row, as the rest of a message that begins with the manifest and the line."""


@lru_cache(maxsize=16)
def _read_rows(manifest: Path, root: Path, state: tuple[int, ...]) -> Mapping[Key, Row]:
    rows: dict[Key, Row] = {}
    files = RootedFiles(root)
    try:
        for line, fields in read_table(manifest, COLUMNS):
            try:
                key = _read_key(fields)
                _refuse_repeated(key, rows)
                rows[key] = Row(_find_file(fields["file"], files), line)
            except _WrongRow as error:
                raise ManifestError(f"{manifest}, line {line}{error}") from error
    except TableError as error:
        raise ManifestError(f"Can't read the manifest {manifest}: {error}") from error
    return rows


def _read_key(fields: Mapping[str, str]) -> Key:
    for name in ("contender", "prompt_id"):
        if not fields[name]:
            raise _WrongRow(f", field {name!r}: must not be empty.")
    return Key(fields["contender"], fields["prompt_id"], _read_seed(fields["seed"]))


def _read_seed(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if not is_number or int(text) > LARGEST_SEED:
        raise _WrongRow(
            f", field 'seed': must be a whole number from 0 to {LARGEST_SEED}; got {text[:40]!r}."
        )
    return int(text)


def _refuse_repeated(key: Key, rows: Mapping[Key, Row]) -> None:
    if key in rows:
        raise _WrongRow(
            f": contender {key.contender!r}, prompt {key.prompt_id!r}, seed {key.seed} "
            f"is already on line {rows[key].line}. Keep one of them."
        )


def _find_file(name: str, files: RootedFiles) -> str:
    try:
        return files.find(name)
    except FileNameError as error:
        raise _WrongRow(f", field 'file': {error}") from error
