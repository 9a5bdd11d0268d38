"""Unpacking: a packed or piped file becomes one plain file that can be read twice."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, cast

MOST_BYTES = 1 << 30
"""Limit of the content of a packed or piped file: some twenty million rows of CSV, and an end to a bomb."""
MOST_LAYERS = 3
CHUNK = 1 << 20
START = 512
"""Bytes by which a kind of file is told."""
SPREADSHEETS = ("[Content_Types].xml", "mimetype")
"""Members of the zip that an .xlsx or .ods is."""
REFUSED = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook. Save the sheet as CSV",
    b"%PDF": "a PDF. Give the table as CSV",
    b"7z\xbc\xaf": "a 7z archive. Unpack it first",
    b"Rar!": "a RAR archive. Unpack it first",
    b"SQLite format 3": "an SQLite database. Export the table as CSV",
}


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """Give a plain file with what `path` holds: itself, or a temporary one with its content unpacked.

    Raises:
        OSError: it cannot be read.
        ValueError: it is packed in a way that is not read, damaged, or holds more than `MOST_BYTES`.
        ModuleNotFoundError: it is .zst, and pyarrow is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="elo-") as folder:
        plain = path if stat.S_ISREG(path.stat().st_mode) else _copied(path, Path(folder) / "piped")
        for layer in range(MOST_LAYERS + 1):
            unpack = _unpacker(plain, path)
            if unpack is None:
                break
            if layer == MOST_LAYERS:
                raise ValueError(f"{path} is packed {layer} times and more. Unpack it first.")
            plain = _unpacked(plain, path, unpack, Path(folder) / f"layer{layer}")
        yield plain


def _copied(path: Path, target: Path) -> Path:
    """Copy the content of a pipe, which can be read once."""
    with path.open("rb") as source:
        return _bounded(source, target, path)


def _unpacker(plain: Path, path: Path) -> Callable[[Path], IO[bytes]] | None:
    """Return the function that opens a packed file; None for a plain file."""
    with plain.open("rb") as file:
        start = file.read(START)
    for magic, kind in REFUSED.items():
        if start.startswith(magic):
            raise ValueError(f"{path} is {kind}.")
    if start[257:262] == b"ustar":
        raise ValueError(f"{path} is a tar archive. Unpack it, and give the file of votes in it.")
    known: dict[bytes, Callable[[Path], IO[bytes]]] = {
        b"\x1f\x8b": cast("Callable[[Path], IO[bytes]]", gzip.open),
        b"BZh": bz2.open,
        b"\xfd7zXZ\x00": lzma.open,
        b"\x28\xb5\x2f\xfd": _open_zstd,
        b"PK\x03\x04": lambda file: _open_zip(file, path),
        b"PK\x05\x06": lambda file: _open_zip(file, path),
    }
    return next((opener for magic, opener in known.items() if start.startswith(magic)), None)


def _unpacked(plain: Path, path: Path, unpack: Callable[[Path], IO[bytes]], target: Path) -> Path:
    damaged = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile)
    try:
        with unpack(plain) as source:
            return _bounded(source, target, path)
    except damaged as error:
        raise ValueError(f"{path} is damaged and cannot be unpacked: {error}.") from error
    except (RuntimeError, NotImplementedError) as error:  # zipfile's words for a password or a rare method
        raise ValueError(f"{path} cannot be unpacked: {error}. Unpack it first.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{path} is damaged and cannot be unpacked: {error}.") from error


def _bounded(source: IO[bytes], target: Path, path: Path) -> Path:
    size = 0
    with target.open("wb") as file:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > MOST_BYTES:
                limit = f"{MOST_BYTES / 2**20:g} MiB"
                raise ValueError(f"{path} must hold at most {limit}; it holds more. Unpack it first.")
            file.write(chunk)
    return target


def _open_zstd(file: Path) -> IO[bytes]:
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        remedy = 'Install it: pip install ".[parquet]".'
        raise ModuleNotFoundError(f"{file} is packed as .zst and needs pyarrow. {remedy}") from error
    stream: IO[bytes] = pa.input_stream(str(file), compression="zstd")
    return stream


def _open_zip(file: Path, path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    if any(name in names for name in SPREADSHEETS):
        raise ValueError(f"{path} is a spreadsheet (.xlsx or .ods). Save the sheet as CSV, and give that.")
    held = [name for name in names if not _is_clutter(name)]
    if len(held) != 1:
        _refuse_several(path, held)
    return archive.open(held[0])


def _is_clutter(name: str) -> bool:
    """Return whether a member is a folder, or was left behind by a file manager."""
    return name.endswith("/") or name.startswith("__MACOSX/") or Path(name).name.startswith(".")


def _refuse_several(path: Path, held: list[str]) -> NoReturn:
    listed = ", ".join(held[:5]) + ", ..." * (len(held) > 5) or "none"
    raise ValueError(f"{path} must hold one file of votes; it holds {len(held)}: {listed}. Unpack it first.")
