"""Take in clips that exist already: a manifest, or the files' names, say which answers which request.

A folder without a manifest holds one contender's clips, each named by its prompt's id, as in `red-ball.mp4`,
or by id and seed, as in `red-ball-1.mp4`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

from generators.base import TRACKS, Request, Result, Track, Unavailable
from generators.choices import read_text, refuse_unknown
from generators.clip_names import SUFFIXES, ClipFolder, read_clip_folder
from generators.delivery import Made, deliver
from generators.manifest import Key, ManifestError, Row, read_manifest
from generators.schema import Setting, schema_of

NOT_HONOURED = ("duration_s", "fps", "height", "width")
"""Fields of a request that whoever made the clip never saw: its prompt and seed alone choose the file."""


class _Source(Protocol):
    """Where clips that exist are looked up."""

    place: Path
    """Manifest or folder that says which clips there are."""
    settings: Mapping[str, object]
    rows: Mapping[Key, Row]
    """Rows of the manifest; none where files' names say it all."""

    def find(self, prompt_id: str, seed: int) -> Path | None:
        """Return the file of a prompt and seed, or None where there is none."""
        ...

    def unknown_prompts(self, known: Mapping[str, object]) -> list[str]:
        """Return what names none of these prompt ids."""
        ...

    def describe_missing(self, prompt_id: str, seed: int) -> str:
        """Return a sentence that says that there is no such clip."""
        ...

    def origin(self, file: Path, prompt_id: str, seed: int) -> Mapping[str, object]:
        """Return where a clip was found, for its provenance."""
        ...


class _ListedClips:
    """Clips of one contender in a manifest."""

    def __init__(self, manifest: Path, contender: str, root: Path) -> None:
        self.place = manifest
        self.settings: Mapping[str, object] = {
            "manifest": str(manifest),
            "contender": contender,
            "root": str(root),
        }
        self._contender, self._root = contender, root
        self.rows = read_manifest(manifest, root)
        self._require_rows()

    def _require_rows(self) -> None:
        known = sorted({key.contender for key in self.rows})
        if self._contender not in known:
            raise ManifestError(
                f"{self.place} must have a row for contender {self._contender!r}; "
                f"it has {', '.join(known) or 'no rows'}."
            )

    def find(self, prompt_id: str, seed: int) -> Path | None:
        row = self.rows.get(Key(self._contender, prompt_id, seed))
        return Path(row.file) if row else None

    def unknown_prompts(self, known: Mapping[str, object]) -> list[str]:
        ids = [key.prompt_id for key in self.rows if key.contender == self._contender]
        return list(dict.fromkeys(prompt_id for prompt_id in ids if prompt_id not in known))

    def describe_missing(self, prompt_id: str, seed: int) -> str:
        return (
            f"{self.place} has no row for contender {self._contender!r}, prompt {prompt_id!r}, seed {seed}."
        )

    def origin(self, file: Path, prompt_id: str, seed: int) -> Mapping[str, object]:
        row = self.rows[Key(self._contender, prompt_id, seed)]
        relative = file.relative_to(self._root.resolve()).as_posix()
        return {"file": relative, "manifest_line": row.line}


class _NamedClips:
    """Clips in a folder that say by their names which prompt and seed they answer."""

    def __init__(self, folder: Path) -> None:
        self.place = folder
        self.settings: Mapping[str, object] = {"clips": str(folder)}
        self.rows: Mapping[Key, Row] = {}
        self._clips = _read_clips(folder)

    def find(self, prompt_id: str, seed: int) -> Path | None:
        found = self._clips.find(prompt_id, seed)
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise ManifestError(
                f"{self.place} must have one file for prompt {prompt_id!r}, seed {seed}; it has {names}."
            )
        return found[0] if found else None

    def unknown_prompts(self, known: Mapping[str, object]) -> list[str]:
        return [file.path.name for file in self._clips.files if not {file.whole, file.base} & known.keys()]

    def describe_missing(self, prompt_id: str, seed: int) -> str:
        return f"{self.place} has no file for prompt {prompt_id!r}, seed {seed}."

    def origin(self, file: Path, prompt_id: str, seed: int) -> Mapping[str, object]:
        return {"file": file.name}


class Folder:
    """Generator of clips that exist already. Registry name `folder`.

    Settings: either `clips`, a folder of one contender's clips named by prompt id; or `manifest`, the path of
    a CSV, with `contender`, whose rows to read, and optionally `root`, the folder that files are relative to
    and must lie in, if it isn't the manifest's own.
    """

    name = "folder"
    version = "1"
    tracks: frozenset[Track] = frozenset(TRACKS)
    path_settings: ClassVar[frozenset[str]] = frozenset({"clips", "manifest", "root"})
    is_light: ClassVar[bool] = True
    """Whether it runs no model."""

    @staticmethod
    def settings_schema() -> tuple[Setting, ...]:
        """Return the settings, all of which are texts."""
        return schema_of({"clips": "", "manifest": "", "contender": "", "root": ""})

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, {"clips", "manifest", "contender", "root"})
        self._source: _Source = _open_source(self.name, settings)
        self.settings = self._source.settings

    @property
    def rows(self) -> Mapping[Key, Row]:
        """All rows of the manifest, those of other contenders too; none where a folder's names say it all."""
        return self._source.rows

    def find_clip(self, prompt_id: str, seed: int) -> Path | None:
        """Return the file of a prompt and seed, or None where there is none.

        Raises:
            ManifestError: Two files of the folder answer the same prompt and seed.
        """
        return self._source.find(prompt_id, seed)

    def unknown_prompts(self, known: Mapping[str, object]) -> list[str]:
        """Return what names none of these prompt ids: ids of the manifest's rows, or names of files."""
        return self._source.unknown_prompts(known)

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Copy the file as it is.

        Raises:
            Unavailable: No row or no file answers the request, or the file is gone.
        """
        file = self.find_clip(request.prompt_id, request.seed)
        if file is None:
            missing = self._source.describe_missing(request.prompt_id, request.seed)
            raise Unavailable(f"{missing} Add one, or leave this clip out.")
        return deliver(self, request, out_dir, file.suffix.lower(), partial(self._copy, request, file))

    def _copy(self, request: Request, file: Path, path: Path) -> Made:
        try:
            shutil.copyfile(file, path)
        except FileNotFoundError as error:
            raise Unavailable(f"{file} was there when {self._source.place} was read, and is gone.") from error
        origin = self._source.origin(file, request.prompt_id, request.seed)
        return Made(resolved={**origin, "not_honoured": list(NOT_HONOURED)}, cost_usd=None)


def _open_source(generator: str, settings: Mapping[str, object]) -> _Source:
    if "clips" in settings:
        refuse_unknown(f"{generator} with 'clips'", settings, {"clips"})
        return _NamedClips(Path(read_text(generator, settings, "clips")))
    manifest = Path(read_text(generator, settings, "manifest"))
    contender = read_text(generator, settings, "contender")
    root = Path(read_text(generator, settings, "root", default=str(manifest.parent)))
    return _ListedClips(manifest, contender, root)


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
