"""Takes in clips that somebody already has: a manifest says which file answers which request.

The manifest is a CSV with the columns contender, prompt_id, seed and file; files are relative to its folder.
"""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.base import TRACKS, Provenance, Request, Result, Track, Unavailable, clip_path, file_sha256
from generators.settings import SettingsError, read_text, refuse_unknown

COLUMNS = ("contender", "prompt_id", "seed", "file")
SUFFIXES = (".mp4", ".webm", ".mov", ".mkv")

Key = tuple[str, str, int]
"""Contender, prompt id, seed."""


class ManifestError(SettingsError):
    """A manifest can't be read. Says file, line, field and what would be right."""


@dataclass(frozen=True)
class Row:
    """One clip that is there, and the line of the manifest that names it."""

    path: Path
    line: int


class Folder:
    """Registry name `folder`.

    Settings: `manifest`, the path of the CSV; `contender`, whose rows to read; optionally `root`, the folder
    that files are relative to and must lie in, if it isn't the manifest's own.
    """

    name = "folder"
    version = "1"
    tracks: frozenset[Track] = frozenset(TRACKS)

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, {"manifest", "contender", "root"})
        self.manifest = Path(read_text(self.name, settings, "manifest"))
        self.contender = read_text(self.name, settings, "contender")
        self.root = Path(read_text(self.name, settings, "root", default=str(self.manifest.parent)))
        self.rows = read_manifest(self.manifest, self.root)

    @property
    def settings(self) -> Mapping[str, object]:
        return {"manifest": str(self.manifest), "contender": self.contender, "root": str(self.root)}

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Copies the file as it is. Raises Unavailable when no row or no file answers the request."""
        started = time.monotonic()
        row = self.rows.get((self.contender, request.prompt_id, request.seed))
        if row is None:
            raise Unavailable(
                f"{self.manifest} has no row for contender {self.contender!r}, "
                f"prompt {request.prompt_id!r}, seed {request.seed}. Add one, or leave this clip out."
            )
        out_dir.mkdir(parents=True, exist_ok=True)
        path = clip_path(self, request, out_dir, row.path.suffix.lower())
        partial = path.with_suffix(".part")
        try:
            shutil.copyfile(row.path, partial)
            partial.replace(path)
        except FileNotFoundError as error:
            raise Unavailable(f"{row.path} was there when {self.manifest} was read, and is gone.") from error
        finally:
            partial.unlink(missing_ok=True)
        return Result(path, self._provenance(request, row, path, time.monotonic() - started))

    def _provenance(self, request: Request, row: Row, path: Path, wall_time_s: float) -> Provenance:
        return Provenance(
            generator=self.name,
            generator_version=self.version,
            settings=self.settings,
            request=request,
            seed=request.seed,
            resolved={
                "file": row.path.relative_to(self.root.resolve()).as_posix(),
                "manifest_line": row.line,
                # Whoever made the clip saw none of the request; only its prompt and seed chose the file.
                "not_honoured": ["duration_s", "fps", "height", "width"],
            },
            provider_request_id=None,
            cost_usd=None,
            wall_time_s=wall_time_s,
            library_versions={},
            sha256=file_sha256(path),
        )


def read_manifest(manifest: Path, root: Path) -> dict[Key, Row]:
    """Reads and checks all rows, so that a mistake shows up before the first clip is taken in.

    Raises:
        ManifestError: Names file, line and field, and says what would be right.
    """
    rows: dict[Key, Row] = {}
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _require_columns(manifest, reader.fieldnames or ())
            for fields in reader:
                line = reader.line_num
                key = _read_key(f"{manifest}, line {line}", fields)
                if key in rows:
                    raise ManifestError(
                        f"{manifest}, line {line}: contender {key[0]!r}, prompt {key[1]!r}, seed {key[2]} "
                        f"is already on line {rows[key].line}. Keep one of them."
                    )
                rows[key] = Row(_read_file(f"{manifest}, line {line}", fields["file"], root), line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"Can't read the manifest {manifest}: {error}.") from error
    return rows


def _require_columns(manifest: Path, found: Sequence[str]) -> None:
    if sorted(found) != sorted(COLUMNS):
        raise ManifestError(
            f"{manifest}, line 1: columns must be {', '.join(COLUMNS)}; got {', '.join(found) or 'none'}."
        )


def _read_key(where: str, fields: Mapping[str | None, object]) -> Key:
    # csv gives short rows None for what is missing, and long ones a None key for what is too much.
    if None in fields or None in fields.values():
        raise ManifestError(f"{where}: must have {len(COLUMNS)} fields: {', '.join(COLUMNS)}.")
    contender, prompt_id, seed = (str(fields[name]).strip() for name in COLUMNS[:3])
    for name, value in (("contender", contender), ("prompt_id", prompt_id)):
        if not value:
            raise ManifestError(f"{where}, field {name!r}: must not be empty.")
    if not (seed.isascii() and seed.isdigit()):
        raise ManifestError(f"{where}, field 'seed': {seed!r} must be a whole number from 0 on.")
    return contender, prompt_id, int(seed)


def _read_file(where: str, name: str, root: Path) -> Path:
    where = f"{where}, field 'file'"
    path = (root / name.strip()).resolve()  # follows links, so that none leads out of the folder
    if not path.is_relative_to(root.resolve()):
        raise ManifestError(f"{where}: {name!r} is outside {root}. Name a file inside it.")
    if path.suffix.lower() not in SUFFIXES:
        raise ManifestError(f"{where}: {name!r} must end in one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise ManifestError(f"{where}: {name!r} is no file in {root}.")
    return path
