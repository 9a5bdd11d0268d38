"""Keep files in Django's storages under names made of their SHA-256, so that no file ever changes."""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from arena.media.remote import RemoteFile

CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class StoredFile:
    """Name of a kept file, with the hash and length that identify its content."""

    sha256: str
    size_bytes: int
    name: str

    @classmethod
    def named(cls, sha256: str, size_bytes: int, suffix: str) -> StoredFile:
        """Return where a file of this hash is kept.

        Args:
            sha256: hash of the file's bytes, in hexadecimal.
            size_bytes: length of the file.
            suffix: end of the name without a dot, such as `mp4`.
        """
        if not suffix.isalnum():
            raise ValueError(f"suffix must be letters and digits, such as 'mp4'; got '{suffix}'.")
        return cls(sha256, size_bytes, f"{sha256[:2]}/{sha256[2:4]}/{sha256}.{suffix}")


def identify(file: File[Any] | IO[bytes], suffix: str) -> StoredFile:
    """Hash a file from its beginning, and return where `store` would keep it."""
    return StoredFile.named(*_digest(file), suffix)


def store(file: File[Any] | IO[bytes], storage: Storage, kept: StoredFile, *, draft: str = "") -> StoredFile:
    """Keep a file under the name of its content; leave one that is already there alone.

    A process killed midway leaves no partial file under that name.

    Args:
        file: opened for reading bytes, seekable; read from its beginning.
        storage: such as `storages["originals"]`.
        kept: identity of exactly these bytes, from `identify` or from whoever hashed them before.
        draft: name of a local file until it is whole, known to whoever clears up after a kill; a fresh one by
            default.
    """
    if not storage.exists(kept.name):
        file.seek(0)
        _publish(File(file), storage, kept.name, draft or f"incoming/{uuid.uuid4()}")
    return kept


def open_stored(name: str, storage: Storage) -> File[Any] | RemoteFile:
    """Open a stored file for reading bytes; from a remote store, only the bytes asked for are fetched.

    Raises:
        FileNotFoundError: there is none of that name; for a remote store, at the first read or bound.
    """
    if isinstance(storage, FileSystemStorage | InMemoryStorage):
        return storage.open(name, "rb")
    return RemoteFile(storage.url(name), name)  # a storage's own files would fetch the whole object first


def _digest(file: File[Any] | IO[bytes]) -> tuple[str, int]:
    file.seek(0)
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes


def _publish(file: File[Any], storage: Storage, name: str, draft_name: str) -> None:
    if not isinstance(storage, FileSystemStorage):
        _upload(file, storage, name)
        return
    # It writes in place: a kill would leave half a file under the name of the whole one.
    draft, final = Path(storage.path(storage.save(draft_name, file))), Path(storage.path(name))
    final.parent.mkdir(parents=True, exist_ok=True)
    _flush_to_disk(draft)
    os.replace(draft, final)


def _upload(file: File[Any], storage: Storage, name: str) -> None:
    """Upload a file; object stores show an object once it is whole."""
    saved = storage.save(name, file)
    if saved != name:  # another process stored the same content first, and Django made up a second name
        storage.delete(saved)


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
