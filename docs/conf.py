"""Settings of the documentation site, which `make docs` builds with warnings as errors.

The source folder is the root of the tree, so that pages and their links are the same on the forge.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring

from arena.version import VERSION

project = "Paddock"
author = "The Paddock contributors"
project_copyright = author
version = release = VERSION
language = "en"

root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "generators/happyhorse/toy/MODEL_CARD.md"]
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
html_theme = "furo"
html_title = f"Paddock {VERSION}"

CONTENTS = """
```{toctree}
:glob:
:hidden:

docs/glossary
docs/ratings
docs/elo
docs/*
generators/happyhorse/toy/MODEL_CARD
CONTRIBUTING
SECURITY
CHANGELOG
```
"""


def _add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Append the table of contents to the first page, since the forge would show it as a block of code."""
    if name == root_doc:
        source[0] += CONTENTS


def _read_google_style(
    app: Sphinx, kind: str, name: str, item: object, options: object, lines: list[str]
) -> None:
    """Turn the sections of a docstring into fields, except an attribute's, whose first word isn't a type."""
    if kind not in {"attribute", "property"}:
        lines[:] = GoogleDocstring(lines, Config(), app, kind, name, item, options).lines()


def _open_at_the_readme(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        shutil.copyfile(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))


def setup(app: Sphinx) -> None:
    """Connect the functions above to the build's events."""
    app.connect("autodoc-process-docstring", _read_google_style)
    app.connect("source-read", _add_contents)
    app.connect("build-finished", _open_at_the_readme)
