"""Which code made a number."""

from __future__ import annotations

import subprocess

from django.conf import settings

VERSION = "0.1.0"


def code_version() -> str:
    """The version, with the commit where the code runs from a checkout."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed command
    except (OSError, subprocess.CalledProcessError):
        return VERSION
    return f"{VERSION}+{found.stdout.strip()}"
