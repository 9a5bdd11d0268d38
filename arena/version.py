"""Version of the running code, which every export names."""

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
    """Return the version, followed by the commit if the code runs from its own checkout."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--show-toplevel", "--short=12", "HEAD"]
    # Git's own variables, which a hook sets, would point at another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603 - fixed command
    except (OSError, subprocess.CalledProcessError):
        return VERSION
    top_level, commit = found.stdout.splitlines()
    if Path(top_level).resolve() != Path(settings.BASE_DIR).resolve():
        return VERSION  # an installed copy inside another project's repository
    return f"{VERSION}+{commit}"
