"""Run ffmpeg with a time limit, and turn its failures into reasons."""

from __future__ import annotations

import errno
import os
import re
import subprocess

from arena.media.intake import UnusableMedia

TIME_LIMIT_S = 900
ADDRESS = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\] ")  # "[mov,mp4 @ 0x55d0] "


def run(argv: list[str]) -> str:
    """Run the command and return what it printed on standard error.

    Raises:
        UnusableMedia: it failed or took too long.
        OSError: it found no space to write to; the file is not to blame.
    """
    try:
        done = subprocess.run(  # noqa: S603 - argv without a shell, built by graph.py
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TIME_LIMIT_S,
            start_new_session=True,  # else ffmpeg would call a Ctrl-C a broken file
        )
    except subprocess.TimeoutExpired as error:
        raise UnusableMedia(
            f"ffmpeg was stopped after {TIME_LIMIT_S} s. Export a shorter or smaller file."
        ) from error
    printed = done.stderr.decode(errors="replace")
    if done.returncode:
        _require_space(printed)
        raise UnusableMedia(f"ffmpeg can't convert the file: {_reason(printed, argv)}")
    return printed


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
