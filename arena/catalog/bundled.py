"""Suite files that come with Paddock, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

FOLDER: Path = settings.BASE_DIR / "arena" / "suites"  # in a wheel, too


def bundled_suites() -> dict[str, Path]:
    """Return the files by the names of their suites; files of contenders lie beside them."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml")) if "." not in path.stem}


def suite_path(path: Path) -> Path:
    """Return the file of the bundled suite that a path names, such as paddock-120, or the path itself."""
    return bundled_suites().get(str(path), path)
