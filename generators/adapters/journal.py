"""Record of paid jobs, written before and after each submission: a crash leads to no second payment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from generators.base import InvalidResult
from generators.replacing import replacing


@dataclass(frozen=True)
class Entry:
    """One submission for one clip."""

    provider: str
    model: str
    handle: str
    """Our own id of the submission; some providers store it."""
    submitted_at: float
    """Seconds since 1970."""
    request_id: str | None = None
    """Provider's id of the job; None while it is unknown whether there is one."""
    is_delivered: bool = False
    """Whether the job's clip was handed over; once its link is gone, another job may be asked for."""

    def accepted(self, request_id: str) -> Entry:
        """Return the entry of the same submission with its job's id."""
        return replace(self, request_id=request_id)

    def delivered(self) -> Entry:
        """Return the entry of the same submission after its clip was handed over."""
        return replace(self, is_delivered=True)


class Journal:
    """Folder with one small file for each clip whose job was submitted."""

    def __init__(self, folder: Path) -> None:
        """Make nothing yet; the folder is made with its first entry."""
        self._folder = folder

    def path(self, key: str) -> Path:
        """Return the file of a clip's entry."""
        return self._folder / f"{key}.json"

    def read(self, key: str) -> Entry | None:
        """Return a clip's entry, or None.

        Raises:
            InvalidResult: The file was edited and is not an entry any more.
        """
        try:
            return Entry(**json.loads(self.path(key).read_bytes()))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise InvalidResult(f"{self.path(key)} must be a job's entry; it is not: {error}.") from error

    def write(self, key: str, entry: Entry) -> None:
        """Store a clip's entry; it is on the disk when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path(key)) as draft, draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(entry), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self._folder)

    def remove(self, key: str) -> None:
        """Forget a clip's entry: there is no job that could still give a clip."""
        self.path(key).unlink(missing_ok=True)

    def known_ids(self, provider: str) -> set[str]:
        """Return the ids of a provider's jobs that belong to entries."""
        found = (self.read(path.stem) for path in self._folder.glob("*.json"))
        return {
            entry.request_id
            for entry in found
            if entry is not None and entry.provider == provider and entry.request_id
        }


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
