"""Takes in clips that somebody already has: a manifest, or the files' names, say which answers which request.

A manifest is a CSV with the columns contender, prompt_id, seed and file; files are relative to its folder.
Without one, a folder holds one contender's clips, each named by its prompt's id, as in `red-ball.mp4`, or
with a seed, as in `red-ball-1.mp4`.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar, NamedTuple

from generators.base import LARGEST_SEED, Request, Result, Track, Unavailable
from generators.choices import SettingsError, read_text, refuse_unknown
from generators.clip_names import SUFFIXES, ClipFolder, read_clip_folder
from generators.delivery import Made, deliver
from generators.tables import TableError, read_table

COLUMNS = ("contender", "prompt_id", "seed", "file")

Key = tuple[str, str, int]
"""Contender, prompt id, seed."""


class ManifestError(SettingsError):
    """A manifest can't be read. Says file, line, field and what would be right."""


class Row(NamedTuple):
    """One clip that is there, by its true path, and the line of the manifest that names it."""

    file: str
    line: int


class Folder:
    """Registry name `folder`.

    Settings: either `clips`, a folder of one contender's clips named by prompt id; or `manifest`, the path of
    a CSV, with `contender`, whose rows to read, and optionally `root`, the folder that files are relative to
    and must lie in, if it isn't the manifest's own.
    """

    name = "folder"
    version = "1"
    tracks: frozenset[Track] = frozenset(Track)
    path_settings: ClassVar[frozenset[str]] = frozenset({"clips", "manifest", "root"})

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, {"clips", "manifest", "contender", "root"})
        if "clips" in settings:
            refuse_unknown(f"{self.name} with 'clips'", settings, {"clips"})
            self.root = Path(read_text(self.name, settings, "clips"))
            self.settings: Mapping[str, object] = {"clips": str(self.root)}
            self.folder: ClipFolder | None = _read_clips(self.root)
            return
        self.folder = None
        self.manifest = Path(read_text(self.name, settings, "manifest"))
        self.contender = read_text(self.name, settings, "contender")
        self.root = Path(read_text(self.name, settings, "root", default=str(self.manifest.parent)))
        self.settings = {
            "manifest": str(self.manifest),
            "contender": self.contender,
            "root": str(self.root),
        }
        self.rows = read_manifest(self.manifest, self.root)
        self._require_rows()

    def _require_rows(self) -> None:
        known = sorted({contender for contender, _, _ in self.rows})
        if self.contender not in known:
            raise ManifestError(
                f"{self.manifest} must have a row for contender {self.contender!r}; "
                f"it has {', '.join(known) or 'no rows'}."
            )

    def find_clip(self, prompt_id: str, seed: int) -> Path | None:
        """Return the file of a prompt and seed, or None where there is none.

        Raises:
            ManifestError: two files of the folder answer the same prompt and seed.
        """
        if self.folder is None:
            row = self.rows.get((self.contender, prompt_id, seed))
            return Path(row.file) if row else None
        found = self.folder.find(prompt_id, seed)
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise ManifestError(
                f"{self.root} must have one file for prompt {prompt_id!r}, seed {seed}; it has {names}."
            )
        return found[0] if found else None

    def unknown_prompts(self, known: Mapping[str, object]) -> list[str]:
        """Return what names none of these prompt ids: ids of the manifest's rows, or names of files."""
        if self.folder is None:
            ids = [prompt_id for contender, prompt_id, _ in self.rows if contender == self.contender]
            return list(dict.fromkeys(prompt_id for prompt_id in ids if prompt_id not in known))
        return [file.path.name for file in self.folder.files if not {file.whole, file.base} & known.keys()]

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Copy the file as it is. Raise Unavailable when no row or no file answers the request."""
        source = self.find_clip(request.prompt_id, request.seed)
        if source is None:
            raise Unavailable(f"{self._lack(request)} Add one, or leave this clip out.")
        return deliver(self, request, out_dir, source.suffix.lower(), partial(self._copy, request, source))

    def _copy(self, request: Request, source: Path, path: Path) -> Made:
        try:
            shutil.copyfile(source, path)
        except FileNotFoundError as error:
            where = self.root if self.folder else self.manifest
            raise Unavailable(f"{source} was there when {where} was read, and is gone.") from error
        # Whoever made the clip saw none of the request; only its prompt and seed chose the file.
        unseen = ["duration_s", "fps", "height", "width"]
        return Made(resolved={**self._origin(request, source), "not_honoured": unseen}, cost_usd=None)

    def _lack(self, request: Request) -> str:
        if self.folder is not None:
            return f"{self.root} has no file for prompt {request.prompt_id!r}, seed {request.seed}."
        return (
            f"{self.manifest} has no row for contender {self.contender!r}, "
            f"prompt {request.prompt_id!r}, seed {request.seed}."
        )

    def _origin(self, request: Request, source: Path) -> dict[str, object]:
        if self.folder is not None:
            return {"file": source.name}
        row = self.rows[self.contender, request.prompt_id, request.seed]
        relative = source.relative_to(self.root.resolve()).as_posix()
        return {"file": relative, "manifest_line": row.line}


def _read_clips(folder: Path) -> ClipFolder:
    try:
        found = read_clip_folder(folder)
    except OSError as error:
        raise ManifestError(f"folder: 'clips' must be a folder; got {folder}: {error.strerror}.") from error
    if not found.files:
        raise ManifestError(
            f"folder: {folder} must hold clips ({', '.join(SUFFIXES)}); it has "
            f"{', '.join(found.others[:5]) or 'nothing'}."
        )
    return found


def read_manifest(manifest: Path, root: Path) -> Mapping[Key, Row]:
    """Read and check all rows, so that a mistake shows up before the first clip is taken in.

    A manifest that hasn't changed is read once in a process, however many clips it names.

    Raises:
        ManifestError: Names file, line and field, and says what would be right.
    """
    try:
        facts = manifest.stat()
    except OSError as error:
        raise ManifestError(f"Can't read the manifest {manifest}: {error.strerror}.") from error
    return _read_rows(manifest, root, (facts.st_ino, facts.st_mtime_ns, facts.st_size))


@lru_cache(maxsize=16)
def _read_rows(manifest: Path, root: Path, state: tuple[int, ...]) -> Mapping[Key, Row]:
    rows: dict[Key, Row] = {}
    files = _Files(root)
    try:
        for line, fields in read_table(manifest, COLUMNS):
            try:
                key = _read_key(fields)
                if key in rows:
                    raise _Wrong(
                        f": contender {key[0]!r}, prompt {key[1]!r}, seed {key[2]} "
                        f"is already on line {rows[key].line}. Keep one of them."
                    )
                rows[key] = Row(files.find(fields["file"]), line)
            except _Wrong as error:
                raise ManifestError(f"{manifest}, line {line}{error}") from error
    except TableError as error:
        raise ManifestError(f"Can't read the manifest {manifest}: {error}") from error
    return rows


class _Wrong(Exception):
    """What is wrong in a row, as the rest of a message that begins with the manifest and the line."""


def _read_key(fields: Mapping[str, str]) -> Key:
    contender, prompt_id, seed = fields["contender"], fields["prompt_id"], fields["seed"]
    if not (contender and prompt_id):
        raise _Wrong(f", field {'prompt_id' if contender else 'contender'!r}: must not be empty.")
    # The length first: Python refuses to read numbers of thousands of digits.
    if not (seed.isascii() and seed.isdigit()) or len(seed) > 20 or int(seed) > LARGEST_SEED:
        raise _Wrong(f", field 'seed': must be a whole number from 0 to {LARGEST_SEED}; got {seed[:40]!r}.")
    return contender, prompt_id, int(seed)


def _spellings(name: str) -> Iterator[str]:
    yield name
    slashes = name.replace("\\", "/")
    yield slashes
    yield unicodedata.normalize("NFC", slashes)
    yield unicodedata.normalize("NFD", slashes)


class _Files:
    """Finds the files that a manifest names inside a folder, and none outside it; lists each folder once."""

    def __init__(self, root: Path) -> None:
        self.shown = root
        self.root = os.path.realpath(root)
        self.inside = os.path.join(self.root, "")
        self.folders: dict[str, tuple[str, frozenset[str]]] = {}

    def find(self, name: str) -> str:
        """Return a file's true path by its name, also by one of Windows' slashes or another Unicode form."""
        for spelling in _spellings(name):
            path, is_file = self._look(spelling)
            if not f"{path}{os.sep}".startswith(self.inside):
                raise _Wrong(f", field 'file': {name!r} is outside {self.shown}. Name a file inside it.")
            if is_file and path.lower().endswith(SUFFIXES):
                return path
        if not name.lower().endswith(SUFFIXES):
            raise _Wrong(f", field 'file': {name!r} must end in one of {', '.join(SUFFIXES)}.")
        raise _Wrong(f", field 'file': {name!r} is no file in {self.shown}.")

    def _look(self, name: str) -> tuple[str, bool]:
        if "\0" in name:
            return self.inside, False
        folder, slash, base = name.rpartition("/")
        known = self.folders.get(folder)
        if known is None:
            path = os.path.realpath(os.path.join(self.root, folder + slash))
            known = self.folders[folder] = (path, _plain_files(path))
        path, files = known
        if base in files:
            return f"{path}{os.sep}{base}", True
        path = os.path.realpath(os.path.join(path, base))  # a link must not lead out of the folder either
        return path, os.path.isfile(path)


def _plain_files(folder: str) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except (OSError, ValueError):  # no folder, or a name that can't be one
        return frozenset()
