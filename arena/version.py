"""Which code made a number."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

VERSION = "0.1.0"


def shown_version(request: HttpRequest) -> dict[str, str]:
    """Return the version for every page's footer (a context processor)."""
    return {"version": VERSION}


def code_version() -> str:
    """Return the version, with the commit where the code runs from a checkout of its own."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--show-toplevel", "--short=12", "HEAD"]
    # Git's own variables, as in a hook, would point at another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603 - fixed command
    except (OSError, subprocess.CalledProcessError):
        return VERSION
    top_level, commit = found.stdout.splitlines()
    if Path(top_level).resolve() != Path(settings.BASE_DIR).resolve():
        return VERSION  # an installed copy that lies in somebody else's repository
    return f"{VERSION}+{commit}"
