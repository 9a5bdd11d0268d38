from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from arena.media import command
from arena.media.binary import find_ffmpeg
from arena.media.command import run
from arena.media.intake import UnusableMedia
from tests.factories_media import write_clip


def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4")
    with pytest.raises(OSError, match="No space left on device") as caught:
        run([find_ffmpeg(), "-v", "error", "-i", str(source), "-f", "rawvideo", "-y", "/dev/full"])
    assert caught.value.errno == errno.ENOSPC


def test_a_file_that_cannot_be_converted_is_told_by_the_last_line_without_paths(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"no video")
    with pytest.raises(UnusableMedia, match=r"^ffmpeg can't convert the file: ") as caught:
        run([find_ffmpeg(), "-v", "error", "-i", f"file:{source}", "-f", "null", "-"])
    assert str(tmp_path) not in str(caught.value)


def test_what_a_command_prints_is_returned() -> None:
    assert run([sys.executable, "-c", "import sys; sys.stderr.write('done')"]) == "done"


def test_a_command_that_takes_too_much_memory_is_ended_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "MEMORY_LIMIT_BYTES", 64 * 2**20)
    wait = "import os, sys, time; time.sleep(0.5); "
    grow = "\ntry: kept = bytearray(2**28)\nexcept MemoryError: sys.exit(os.strerror(12))"
    with pytest.raises(UnusableMedia, match=r"must take at most 0.0625 GiB of memory; it takes more"):
        run([sys.executable, "-c", wait + grow])


def test_a_command_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TIME_LIMIT_S", 0.5)
    with pytest.raises(UnusableMedia, match=r"ffmpeg was stopped after 0.5 s"):
        run([sys.executable, "-c", "import time; time.sleep(60)"])
