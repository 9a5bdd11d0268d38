"""Run ffmpeg with limits of time and memory, and turn its failures into reasons."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
from contextlib import suppress

from arena.media.intake import UnusableMedia

TIME_LIMIT_S = 900
MEMORY_LIMIT_BYTES = 4 * 2**30
"""Memory of its own that the command may take."""
ADDRESS = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\] ")  # "[mov,mp4 @ 0x55d0] "


def run(argv: list[str]) -> str:
    """Run the command and return what it printed on standard error.

    Raises:
        UnusableMedia: it failed or took too long.
        OSError: it found no space to write to; the file is not to blame.
    """
    try:
        status, printed = _ended(argv)
    except subprocess.TimeoutExpired as error:
        raise UnusableMedia(
            f"ffmpeg was stopped after {TIME_LIMIT_S} s. Export a shorter or smaller file."
        ) from error
    if status:
        _require_space(printed)
        _require_memory(printed)
        raise UnusableMedia(f"ffmpeg can't convert the file: {_reason(printed, argv)}")
    return printed


def _ended(argv: list[str]) -> tuple[int, str]:
    """Run the command to its end, within the limits; return its status and what it printed."""
    with subprocess.Popen(  # noqa: S603 - argv without a shell, built by graph.py
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # else ffmpeg would call a Ctrl-C a broken file
    ) as process:
        try:
            _limit_memory(process.pid)
            _, printed = process.communicate(timeout=TIME_LIMIT_S)
        except BaseException:
            process.kill()
            raise
        return process.returncode, printed.decode(errors="replace")


def _limit_memory(pid: int) -> None:
    if hasattr(resource, "prlimit"):  # Linux alone limits another process
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


def _require_memory(printed: str) -> None:
    if os.strerror(errno.ENOMEM) in printed:
        raise UnusableMedia(
            f"Converting the file must take at most {MEMORY_LIMIT_BYTES / 2**30:g} GiB of memory; it takes "
            "more. Export it at a smaller size."
        )


def _require_space(printed: str) -> None:
    for code in (errno.ENOSPC, errno.EDQUOT):
        if os.strerror(code) in printed:
            raise OSError(code, os.strerror(code))


def _reason(printed: str, argv: list[str]) -> str:
    """Return the last line without local paths and memory addresses."""
    lines = [line for line in printed.splitlines() if line.strip()] or ["no reason given"]
    reason = ADDRESS.sub("", lines[-1])
    for argument in argv:
        if argument.startswith("file:"):
            path = argument.removeprefix("file:")
            reason = reason.replace(argument, "the file").replace(path, "the file")
    return reason
