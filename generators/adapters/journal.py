"""Record of paid jobs, written before and after each submission: a crash leads to no second payment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from generators.base import InvalidResult
from generators.records import Entry, Step
from generators.replacing import replacing


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


class JournalRecord:
    """One clip's entry of a journal, as `generators.records.Record` has it."""

    def __init__(self, journal: Journal, key: str, provider: str) -> None:
        """Store which entry of which journal this is; `key` names the clip."""
        self._journal = journal
        self._key = key
        self._provider = provider

    def read(self) -> Entry | None:
        """Return the clip's entry, or None."""
        return self._journal.read(self._key)

    def begin(self, entry: Entry) -> Entry:
        """Store the entry of a submission before it is sent."""
        self._journal.write(self._key, entry)
        return entry

    def accept(self, entry: Entry) -> None:
        """Store the entry with its job's id."""
        self._journal.write(self._key, entry)

    def note(self, step: Step, cost_usd: float | None = None) -> None:
        """Do nothing: how far the job is, the provider is asked again."""

    def remove(self) -> None:
        """Forget the clip's entry."""
        self._journal.remove(self._key)

    def known_ids(self) -> set[str]:
        """Return the ids of the provider's jobs in the journal."""
        return self._journal.known_ids(self._provider)

    def advice(self) -> str:
        """Name the entry's file."""
        return (
            f"write its id under 'request_id' in {self._journal.path(self._key)}, or delete that file if "
            "there is none, and run again."
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
