"""Reports as files: whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from analysis.report.markdown import to_markdown
from analysis.report.page import to_html
from analysis.report.paper import to_pdf
from analysis.report.parts import Report

SUFFIXES = (".html", ".md", ".pdf")
"""Suffixes of the files that `write_report` writes."""


def check_suffix(path: Path) -> None:
    """Refuse a file of a kind that reports are not written as.

    Raises:
        ValueError: the suffix is unknown.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"A report must be a file with one of {', '.join(SUFFIXES)}; got {path.name!r}.")


def write_report(report: Report, path: Path) -> None:
    """Write a report as its file's suffix says; a Markdown file's figures go to a folder beside it.

    Everything is made before the first byte is written, and files replace older ones whole.

    Raises:
        ValueError: the suffix is unknown.
        OSError: the file cannot be written.
    """
    check_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".html":
        replace_file(path, to_html(report).encode())
    elif suffix == ".pdf":
        replace_file(path, to_pdf(report))
    else:
        folder = path.with_suffix(".figures")
        figures = {f"{figure.name}.svg": figure.svg().encode() for figure in report.figures}
        text = to_markdown(report, folder.name).encode()
        _replace_folder(folder, figures)
        replace_file(path, text)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there.

    Raises:
        OSError: the file cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remove_figures(folder: Path) -> None:
    """Remove a folder of figures.

    Raises:
        ValueError: it holds something else, which would be lost.
    """
    foreign = sorted(path.name for path in folder.iterdir() if path.suffix != ".svg")
    if foreign:
        raise ValueError(
            f"{folder} must hold figures alone; it has {foreign[0]}. Move it, or choose another --out."
        )
    shutil.rmtree(folder)


def _replace_folder(folder: Path, files: dict[str, bytes]) -> None:
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, content in files.items():
            (made / name).write_bytes(content)
        made.chmod(0o755)
        if folder.exists():
            _remove_figures(folder)
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
