"""Tell a full disk from other faults, as it ends a whole run and is no generator's fault."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from generators.base import GenerationError

_CODES = (errno.ENOSPC, errno.EDQUOT)
_MARKS = (*map(os.strerror, _CODES), "database or disk is full")
"""Texts that ffmpeg, PostgreSQL and SQLite print; a generator's own text may be about another machine."""


class DiskFull(RuntimeError):
    """Failure to write a file for want of space."""


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or one that led to it, comes from a full disk or an exhausted quota."""
    return any(
        isinstance(link, DiskFull)
        or (isinstance(link, OSError) and link.errno in _CODES)
        or (not isinstance(link, GenerationError) and _names_it(link))
        for link in _chain(error)
    )


def _names_it(error: BaseException) -> bool:
    try:
        text = str(error)
    except Exception:  # third parties write __str__, too
        return False
    return any(mark in text for mark in _MARKS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
