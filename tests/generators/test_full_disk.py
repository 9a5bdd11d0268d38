from __future__ import annotations

import errno
import os
import sqlite3

import pytest

from generators.base import Unavailable
from generators.full_disk import DiskFull, is_disk_full


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EDQUOT, "over quota"),
        ValueError("ffmpeg can't convert the file: Error writing trailer: No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
        DiskFull("1.0 MiB are free"),
    ],
)
def test_a_full_disk_is_told_by_code_or_text(error: Exception) -> None:
    assert is_disk_full(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOENT, "gone"),
        RuntimeError("broken"),
        Unavailable(f"The provider answered: {os.strerror(errno.ENOSPC)}"),
    ],
)
def test_other_faults_are_none(error: Exception) -> None:
    assert not is_disk_full(error)


def test_the_cause_counts() -> None:
    error = Unavailable("the clip can't be saved")
    error.__cause__ = ValueError("wrapped")
    error.__cause__.__context__ = OSError(errno.ENOSPC, "full")
    assert is_disk_full(error)


def test_a_chain_that_runs_in_a_circle_ends() -> None:
    error, other = ValueError("a"), ValueError("b")
    error.__context__, other.__context__ = other, error
    assert not is_disk_full(error)
