"""Find the ffmpeg to run. Builds encode to different bytes, so a rendition names the version."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

import imageio_ffmpeg
from django.conf import settings


class MissingFfmpeg(FileNotFoundError):
    """Missing ffmpeg: none was found, or the named one isn't there."""


def find_ffmpeg(explicit: str = "") -> str:
    """Return the path of ffmpeg: `explicit`, else the setting, else on the path, else imageio-ffmpeg's.

    Raises:
        MissingFfmpeg: the named binary isn't there (no other is tried), or there is none at all.
    """
    asked = explicit or settings.FFMPEG_BINARY
    if asked:
        return _executable(asked)
    return shutil.which("ffmpeg") or _packaged()


def ffmpeg_version(explicit: str = "") -> str:
    """Return the version as the binary prints it, such as `9.0.2-static`."""
    return _version(find_ffmpeg(explicit))


def _executable(asked: str) -> str:
    found = shutil.which(asked)
    if found is None:
        raise MissingFfmpeg(
            f"FFMPEG_BINARY must name an executable file; got '{asked}'. "
            "Correct it, or leave it empty to use the packaged one: pip install imageio-ffmpeg"
        )
    return found


def _packaged() -> str:
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[no-any-return]  # publishes no types
    except RuntimeError as error:
        raise MissingFfmpeg(
            "No ffmpeg: FFMPEG_BINARY is empty, none is on the path, and imageio-ffmpeg brings none for this "
            "platform. Install one, or try: pip install --force-reinstall imageio-ffmpeg"
        ) from error


@lru_cache
def _version(binary: str) -> str:
    answer = subprocess.run([binary, "-version"], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return answer.stdout.split()[2]  # "ffmpeg version 9.0.2-static Copyright ..."
