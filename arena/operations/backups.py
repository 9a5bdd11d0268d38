"""Back a site up into a folder, and restore one from it: database, media, snapshots and keys.

The database goes into one SQLite file, whatever the site's own is, in one consistent read: voting goes on
meanwhile. Media files never change and are stored before the rows that name them, so that they can follow.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from arena.catalog.models import Prompt
from arena.media.storage import CHUNK_BYTES, StoredFile, open_stored, store
from arena.runs.models import Clip, Rendition
from arena.serving import KEY_FILE as SECRET_KEY_FILE
from arena.signing import KEY_FILE as SIGNING_KEY_FILE
from arena.standings.snapshots.making import FOLDER as SNAPSHOTS
from arena.version import VERSION
from arena.voting.consistent import consistent_read
from arena.voting.controls.models import Twin
from arena.voting.copying import Copied, copy_back, copy_site, require_empty_site

FORMAT = 1
DATABASE = "paddock.sqlite3"
MANIFEST = "manifest.json"
MEDIA = ("originals", "renditions", "references")
KEYS = (SECRET_KEY_FILE, SIGNING_KEY_FILE)
"""Files of DATA_DIR with keys: whoever has a backup has them, too."""

Report = Callable[[str], None]


class CantBackUp(ValueError):
    """Backup that can't be made; the message says why and what to do."""


class CantRestore(ValueError):
    """Backup that can't be restored; the message says why and what to do."""


class BackedUp(NamedTuple):
    """Result of a backup."""

    copied: Copied
    files: int
    missing: list[str]
    """Media files that rows name and the storage lacks, or has with other bytes."""


class MediaFile(NamedTuple):
    """Media file of a site."""

    storage: str
    name: str
    sha256: str


def back_up(path: Path, report: Report) -> BackedUp:
    """Write a backup into a new folder, which appears once it is whole.

    Args:
        path: the folder to make.
        report: called with each table that is copied.

    Raises:
        CantBackUp: the path exists.
        BrokenLedger: a ledger differs from its rows; nothing is written.
        OSError: the files can't be written.
    """
    if path.exists() or path.is_symlink():
        raise CantBackUp(f"PATH must be a new folder; got one that exists, {path}. Name another.")
    draft = path.absolute().with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.mkdir(mode=0o700, parents=True)
    try:
        result = _write(draft, report)
        os.sync()
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return result


def _write(folder: Path, report: Report) -> BackedUp:
    with consistent_read():
        copied = copy_site(_address(folder / DATABASE), report)
        named = list(dict.fromkeys(_named_files()))
    kept = [file for file in named if _copy_out(file, folder)]
    missing = [f"{file.storage}/{file.name}" for file in named if file not in set(kept)]
    for key in KEYS:
        with suppress(FileNotFoundError):
            shutil.copy2(settings.DATA_DIR / key, folder / key)
    if (settings.DATA_DIR / SNAPSHOTS).is_dir():
        shutil.copytree(settings.DATA_DIR / SNAPSHOTS, folder / SNAPSHOTS)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "created_at": timezone.now().isoformat(),
        "database_sha256": _hash(folder / DATABASE),
        "entries": copied.entries,
        "files": kept,
        "missing": missing,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return BackedUp(copied, len(kept), missing)


def _named_files() -> Iterator[MediaFile]:
    """Yield the media files that the site's rows name."""
    for clip in Clip.objects.order_by("pk").iterator():
        yield MediaFile("originals", clip.name, clip.sha256)
    shown: Iterable[Rendition | Twin] = chain(
        Rendition.objects.order_by("pk").iterator(), Twin.objects.order_by("pk").iterator()
    )
    for each in shown:
        yield MediaFile("renditions", each.name, each.sha256)
        for sha256, size_bytes in each.variants:
            yield MediaFile("renditions", StoredFile.named(sha256, size_bytes, "mp4").name, sha256)
    for prompt in Prompt.objects.exclude(reference_name="").order_by("pk").iterator():
        yield MediaFile("references", prompt.reference_name, prompt.reference_sha256)


def _copy_out(file: MediaFile, folder: Path) -> bool:
    """Copy a media file into a backup; return False if it is missing or not what was stored."""
    target = folder / "media" / file.storage / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with open_stored(file.name, storages[file.storage]) as source, target.open("xb") as copy:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
    except FileNotFoundError:
        return False
    if digest.hexdigest() != file.sha256:
        target.unlink()
        return False
    return True


def restore(path: Path, report: Report) -> Copied:
    """Restore a backup into this site, which must be empty; after a failure it is empty still.

    Args:
        path: folder that `back_up` wrote.
        report: called with each table that is copied.

    Raises:
        CantRestore: the folder is no whole backup, or of a newer version; or the site has files.
        CantCopy: the site's database has rows.
        BrokenLedger: a ledger differs from its rows.
        OSError: the files can't be written.
    """
    manifest = _read_manifest(path)
    require_empty_site()
    _require_no_files()
    _require_known_version(path, manifest["version"])
    with _removed_on_failure() as placed, tempfile.TemporaryDirectory() as folder:
        for file in (MediaFile(*each) for each in manifest["files"]):
            _copy_in(file, path, placed)
        _place_rest(path, placed)
        database = Path(folder) / DATABASE  # an older one is brought to this version: never in the backup
        shutil.copyfile(path / DATABASE, database)
        return copy_back(_address(database), report)


def _read_manifest(path: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        is_whole = manifest["format"] == FORMAT and manifest["database_sha256"] == _hash(path / DATABASE)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CantRestore(
            f"PATH must be a folder that manage.py backup wrote; got {path} ({error})."
        ) from error
    if not is_whole:
        raise CantRestore(f"PATH must be a whole backup; the database in {path} was changed. Take another.")
    return manifest


def _require_no_files() -> None:
    for alias in MEDIA:
        storage = storages[alias]
        if isinstance(storage, FileSystemStorage):
            has_files = any(found.is_file() for found in Path(storage.location).rglob("*"))
        else:
            has_files = any(storage.listdir(""))
        if has_files:
            raise CantRestore(f"The storage of {alias} must be empty; got files. Restore into a new site.")
    if (settings.DATA_DIR / SNAPSHOTS).exists():
        raise CantRestore(f"DATA_DIR must have no {SNAPSHOTS}; got some. Restore into a new site.")


def _require_known_version(path: Path, version: str) -> None:
    with closing(sqlite3.connect(f"file:{quote(str(path / DATABASE))}?mode=ro", uri=True)) as database:
        applied = set(database.execute("SELECT app, name FROM django_migrations"))
    if unknown := applied - set(MigrationLoader(None).disk_migrations):
        raise CantRestore(
            f"PATH must come from version {VERSION} or an earlier one; got {version}, with the migration "
            f"{'.'.join(min(unknown))}. Install that version first."
        )


@contextmanager
def _removed_on_failure() -> Iterator[list[Callable[[], None]]]:
    """Yield a list of what to undo, and undo it if the block fails."""
    undo: list[Callable[[], None]] = []
    try:
        yield undo
    except BaseException:
        for each in reversed(undo):
            each()
        raise


def _copy_in(file: MediaFile, path: Path, undo: list[Callable[[], None]]) -> None:
    source, storage = path / "media" / file.storage / file.name, storages[file.storage]
    if not source.is_file() or _hash(source) != file.sha256:
        raise CantRestore(f"PATH must be a whole backup; {source} is missing or changed. Take another.")
    undo.append(lambda: storage.delete(file.name))
    with source.open("rb") as opened:
        store(opened, storage, StoredFile(file.sha256, source.stat().st_size, file.name))


def _place_rest(path: Path, undo: list[Callable[[], None]]) -> None:
    """Copy snapshots, and keys that this site has none of."""
    for key in KEYS:
        target = settings.DATA_DIR / key
        if (path / key).is_file() and not target.exists():
            undo.append(lambda target=target: target.unlink(missing_ok=True))  # type: ignore[misc]
            shutil.copy2(path / key, target)
    if (path / SNAPSHOTS).is_dir():
        undo.append(lambda: shutil.rmtree(settings.DATA_DIR / SNAPSHOTS, ignore_errors=True))
        shutil.copytree(path / SNAPSHOTS, settings.DATA_DIR / SNAPSHOTS)


def _address(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
