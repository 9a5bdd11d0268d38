"""Folder or zip file of a snapshot: written whole or not at all, read without trusting it."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member of a zip file, so that the same files give the same archive."""
ENCRYPTED = 1
"""Bit of a member's flags."""
MOST_FILES = 10_000
MOST_BYTES = 4 * 2**30
"""Largest total size of a snapshot's files, unpacked."""


class BadPackage(ValueError):
    """Folder or zip file that cannot be a snapshot; the message names what is wrong."""


class Package(Protocol):
    """Files of a snapshot by name."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Size of each file in bytes."""

    def read(self, name: str) -> bytes:
        """Return the content of a file."""


def write_folder(files: Mapping[str, bytes], path: Path) -> None:
    """Write files into a new folder, which appears whole or not at all.

    Raises:
        BadPackage: the path exists.
        OSError: the folder cannot be written.
    """
    draft = _draft(path)
    try:
        for name, content in files.items():
            target = draft / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, content)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def write_zip(files: Mapping[str, bytes], path: Path) -> None:
    """Write files into a new zip file, which appears whole or not at all; it is the same for the same files.

    Raises:
        BadPackage: the path exists.
        OSError: the file cannot be written.
    """
    draft = _draft(path)
    try:
        with zipfile.ZipFile(draft, "x") as archive:
            for name in sorted(files):
                member = zipfile.ZipInfo(name, EPOCH)
                member.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(member, files[name], zipfile.ZIP_DEFLATED)
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path) -> Path:
    if path.exists():
        raise BadPackage(f"--out must be a path that does not exist yet; got {path}. Choose another.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _write(target: Path, content: bytes) -> None:
    with target.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


class Folder:
    """Snapshot in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.sizes = _checked(self._members())

    def _members(self) -> Iterable[tuple[str, int]]:
        for path in sorted(self._path.rglob("*")):
            name = path.relative_to(self._path).as_posix()
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BadPackage(f"{name} must be a plain file; got a link or a device. Nothing was read.")
            if path.is_file():
                yield name, path.stat().st_size

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self._path / name).read_bytes()


class Archive:
    """Snapshot in a zip file, which is never unpacked to disk."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            raise BadPackage(f"{path} must be a folder or a zip file; got neither ({error}).") from error
        self.sizes = _checked((_checked_member(member), member.file_size) for member in self._zip.infolist())

    def read(self, name: str) -> bytes:
        """Return the content of a file, of which no more is unpacked than the archive says that there is."""
        try:
            with self._zip.open(name) as file:
                return file.read(self.sizes[name] + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise BadPackage(f"{name} cannot be unpacked ({error}). Get the snapshot again.") from error


def open_package(path: Path) -> Package:
    """Open a snapshot, which is a folder or a zip file.

    Raises:
        BadPackage: it is neither, or holds names or sizes that no snapshot has.
        FileNotFoundError: there is nothing at the path.
    """
    if not path.exists():
        raise FileNotFoundError(f"There is no snapshot at {path}.")
    return Folder(path) if path.is_dir() else Archive(path)


def _checked_member(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or member.is_dir():
        raise BadPackage(f"{member.filename} must be a plain file; got a folder or a link. Nothing was read.")
    if member.flag_bits & ENCRYPTED or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadPackage(f"{member.filename} must be stored or deflated; got another form. Nothing was read.")
    return member.orig_filename


def _checked(members: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the sizes by name; raise BadPackage for a name that leads outside, or too much of anything."""
    sizes: dict[str, int] = {}
    total = 0
    for name, size in members:
        if not is_plain_name(name) or name in sizes:
            raise BadPackage(
                f"A name must be one file inside the snapshot; got {name[:80]!r}. Nothing was read."
            )
        sizes[name] = size
        total += size
        if len(sizes) > MOST_FILES or total > MOST_BYTES:
            raise BadPackage(
                f"A snapshot must have at most {MOST_FILES:,} files and {MOST_BYTES // 2**30} GiB; got more. "
                "Nothing was read."
            )
    return sizes


def is_plain_name(name: str) -> bool:
    """Return whether a name leads to a file inside the snapshot, on every system."""
    path = PurePosixPath(name)
    clean = path.as_posix() == name and "\\" not in name and ":" not in name and name.isprintable()
    return clean and not path.is_absolute() and bool(path.name) and ".." not in path.parts
