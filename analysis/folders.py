"""Folders of files that are written whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def require_new(folder: Path) -> None:
    """Refuse a folder with something in it.

    Raises:
        ValueError: the folder holds something, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"--out must be a new or empty folder; got {folder}, which is there.")


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files, by their paths in it, into a new or empty folder.

    Raises:
        OSError: the folder cannot be written.
    """
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, content in files.items():
            (made / name).parent.mkdir(exist_ok=True)
            (made / name).write_bytes(content)
        made.chmod(0o755)
        made.replace(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
