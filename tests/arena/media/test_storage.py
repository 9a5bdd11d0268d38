from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from arena.media.storage import StoredFile, identify, open_stored, store

CONTENT = b"moving pictures"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}.mp4"


@pytest.fixture(params=["local", "remote"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FileSystemStorage(tmp_path) if request.param == "local" else InMemoryStorage()


def keep(file: File[Any] | IO[bytes], storage: Storage, *, draft: str = "") -> StoredFile:
    return store(file, storage, identify(file, "mp4"), draft=draft)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_kept_under_the_name_of_its_content(storage: Storage) -> None:
    stored = keep(io.BytesIO(CONTENT), storage)

    assert stored == StoredFile(SHA256, len(CONTENT), NAME)
    assert identify(io.BytesIO(CONTENT), "mp4") == stored
    with open_stored(stored.name, storage) as file:
        assert file.read() == CONTENT


def test_storing_twice_changes_nothing(tmp_path: Path) -> None:
    storage = FileSystemStorage(tmp_path)
    keep(io.BytesIO(CONTENT), storage)
    before = (tmp_path / NAME).stat()
    keep(ContentFile(CONTENT), storage)

    assert files_in(tmp_path) == [NAME]
    assert (tmp_path / NAME).stat() == before


def test_a_file_is_read_from_its_beginning(storage: Storage) -> None:
    file = io.BytesIO(CONTENT)
    file.read()

    assert keep(file, storage).size_bytes == len(CONTENT)


def test_a_write_that_breaks_off_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads > 3:  # two for the digest, one chunk for the copy
                raise OSError("unplugged")
            return super().read(4 if self.reads > 2 else size)

    storage = FileSystemStorage(tmp_path)
    with pytest.raises(OSError, match="unplugged"):
        keep(Broken(CONTENT), storage, draft="incoming/7")

    assert files_in(tmp_path) == ["incoming/7"]
    assert keep(io.BytesIO(CONTENT), storage).name == NAME
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_two_processes_may_store_the_same_content_at_once(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(io.BytesIO(CONTENT), storage)
    exists, asked_too_early = storage.exists, iter([False])
    monkeypatch.setattr(storage, "exists", lambda name: next(asked_too_early, exists(name)))

    assert keep(io.BytesIO(CONTENT), storage).name == NAME
    assert storage.listdir(NAME.rpartition("/")[0])[1] == [f"{SHA256}.mp4"]


@pytest.mark.parametrize("suffix", ["", ".mp4", "../mp4", "m/4"])
def test_a_suffix_is_no_path(storage: Storage, suffix: str) -> None:
    with pytest.raises(ValueError, match="suffix must be letters and digits"):
        store(io.BytesIO(CONTENT), storage, identify(io.BytesIO(CONTENT), suffix))


def test_opening_what_is_not_there(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        open_stored(NAME, storage)
