"""Find the video files inside a folder by the names that people write, and none outside it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from generators.clip_names import SUFFIXES


class FileNameError(ValueError):
    """A name leads to no video file inside the folder; the message says what to write instead."""


class _Listing(NamedTuple):
    """True path of a folder, and the names of the plain files in it."""

    path: str
    files: frozenset[str]


class RootedFiles:
    """Files inside one folder, of which each subfolder is listed once."""

    def __init__(self, root: Path) -> None:
        self._shown = root
        self._root = os.path.realpath(root)
        self._inside = os.path.join(self._root, "")
        self._listings: dict[str, _Listing] = {}

    def find(self, name: str) -> str:
        """Return a file's true path; its name may have Windows' slashes or another Unicode form.

        Raises:
            FileNameError: The name leads outside the folder, to no file, or to no video.
        """
        for spelling in _spellings(name):
            path, is_file = self._look(spelling)
            if not f"{path}{os.sep}".startswith(self._inside):
                raise FileNameError(f"{name!r} is outside {self._shown}. Name a file inside it.")
            if is_file and path.lower().endswith(SUFFIXES):
                return path
        if not name.lower().endswith(SUFFIXES):
            raise FileNameError(f"{name!r} must end in one of {', '.join(SUFFIXES)}.")
        raise FileNameError(f"{name!r} is no file in {self._shown}.")

    def _look(self, name: str) -> tuple[str, bool]:
        """Return the true path of a name, and whether a file is there."""
        if "\0" in name:
            return self._inside, False
        folder, slash, base = name.rpartition("/")
        listing = self._listings.get(folder)
        if listing is None:
            listing = self._listings[folder] = _list(os.path.join(self._root, folder + slash))
        if base in listing.files:
            return f"{listing.path}{os.sep}{base}", True
        path = os.path.realpath(os.path.join(listing.path, base))  # a link must not lead out of the folder
        return path, os.path.isfile(path)


def _spellings(name: str) -> Iterator[str]:
    yield name
    slashes = name.replace("\\", "/")
    yield slashes
    yield unicodedata.normalize("NFC", slashes)
    yield unicodedata.normalize("NFD", slashes)


def _list(folder: str) -> _Listing:
    path = os.path.realpath(folder)
    try:
        with os.scandir(path) as entries:
            files = frozenset(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except (OSError, ValueError):  # no folder, or a name that can't be one
        files = frozenset()
    return _Listing(path, files)
