"""`python -m tests.docstrings`: every public function says its shapes, its errors and its source.

Exits with 1 and a line for each fault. ruff's rules `D` check the form of docstrings; this checks what they
say.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

CHECKED = ("elo", "analysis", "generators")
"""Packages whose public functions are checked."""
PUBLISHED = (
    "elo/models",
    "elo/intervals",
    "elo/pairing",
    "elo/raters",
    "elo/robustness",
    "elo/study",
    "generators/happyhorse/network",
    "generators/happyhorse/sampling",
    "generators/happyhorse/training",
)
"""Folders whose functions compute what is published: each names a source, or its module does."""
UNPUBLISHED = {
    "elo/intervals/compiled.py": "the same sums as numpy's, by threads",
    "elo/intervals/kernels.py": "loops over rows",
    "elo/models/cells.py": "votes added up",
    "elo/models/design.py": "the layout of parameters",
    "elo/models/specification.py": "the choice of a model, whose source is in `outcomes`",
    "elo/pairing/assumptions.py": "checks of arguments",
    "elo/pairing/limits.py": "checks of arguments",
    "elo/raters/items.py": "votes read as answers",
    "elo/raters/labels.py": "votes read by cluster",
    "generators/happyhorse/network/config.py": "sizes",
    "generators/happyhorse/network/finite.py": "checks of results",
    "generators/happyhorse/network/kinds.py": "the kinds of checkpoint",
    "generators/happyhorse/network/limits.py": "checks of requests",
    "generators/happyhorse/network/memory.py": "bytes added up",
    "generators/happyhorse/network/tokens.py": "the layout of tokens",
    "generators/happyhorse/training/arguments.py": "checks of arguments",
    "generators/happyhorse/training/cache.py": "latents kept in files",
    "generators/happyhorse/training/clips.py": "clips decoded",
    "generators/happyhorse/training/codec_lessons.py": "the data of codecs",
    "generators/happyhorse/training/codec_run.py": "a run's state kept in files",
    "generators/happyhorse/training/data.py": "examples as tensors",
    "generators/happyhorse/training/distill_step.py": "a step, whose losses are in `dmd`",
    "generators/happyhorse/training/fitting.py": "codecs fitted and saved, by methods of theirs",
    "generators/happyhorse/training/flow_step.py": "a step, whose errors are in `flow`",
    "generators/happyhorse/training/loop.py": "the loop around steps",
    "generators/happyhorse/training/processes.py": "processes started and joined",
    "generators/happyhorse/training/run.py": "a run's state kept in files",
    "generators/happyhorse/training/scoring.py": "tables of scores",
    "generators/happyhorse/training/transfer.py": "weights copied",
}
"""Modules of these folders that compute nothing published, with what they do instead."""
ARRAYS = {
    "ArrayLike", "Arrows", "Codes", "Column", "Floats", "Integers", "NDArray", "Numbers", "Signs", "Tensor",
"ndarray", }  # fmt: skip
"""Names in annotations that stand for arrays."""

SIZE = r"(?:(?:\d )?\*?\w+(?: ?[-+*/^·×−] ?\w+)*|\.\.\.|…)"
SHAPE = re.compile(rf"\({SIZE},\)|\({SIZE}(?:, {SIZE})+\)|\b(?:scalar|any shape|shape of)\b")
"""A shape, such as (N, 4), (K + 1,) or (..., K, K), or words for it."""
STANDARD = r"\b(?:ISO|IEC|IEEE|ITU|EBU|RFC|BT\.\d+)\b"
SOURCE = re.compile(rf"\b(?:18|19|20)\d\d\b|\barXiv\b|{STANDARD}|\S = \S|\^-1\b")
"""A year, which papers and books have, a standard, or an equation."""


def main(root: Path) -> None:
    """Print the faults of the packages under a folder; exit with 1 if there is any."""
    paths = [path for package in CHECKED for path in sorted((root / package).rglob("*.py"))]
    faults = [fault for path in paths for fault in faults_of(path.read_text(encoding="utf-8"), path)]
    if faults:
        sys.exit("\n".join([*faults, f"{len(faults)} docstrings to complete"]))


def faults_of(text: str, path: Path) -> Iterator[str]:
    """Yield a line for each public function of a module that leaves something unsaid.

    Args:
        text: the module's source.
        path: the module's address below the root, for messages and for the table of folders.
    """
    if path.name.startswith("_") and path.name != "__init__.py":
        return
    module = ast.parse(text)
    source_needed = needs_source(path) and not SOURCE.search(ast.get_docstring(module) or "")
    for function, owner in public_functions(module):
        said = ast.get_docstring(function) or ""
        for fault in missing_from(function, said, source_needed=source_needed and owner is None):
            name = f"{owner}.{function.name}" if owner else function.name
            yield f"{path}:{function.lineno} {name}: {fault}"


def needs_source(path: Path) -> bool:
    """Return whether the module computes what is published."""
    return path.parent.as_posix() in PUBLISHED and path.as_posix() not in UNPUBLISHED


def public_functions(module: ast.Module) -> Iterator[tuple[Function, str | None]]:
    """Yield the public functions of a module, and the public methods of its public classes with the class."""
    for node in module.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node, None
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = (each for each in node.body if isinstance(each, Function))
            yield from ((each, node.name) for each in methods if not each.name.startswith("_"))


def missing_from(function: Function, said: str, *, source_needed: bool) -> Iterator[str]:
    """Yield what a docstring doesn't say of its function."""
    if not said:
        yield "needs a docstring"
        return
    if takes_arrays(function) and not SHAPE.search(said):
        yield "must give the shapes of its arrays, such as (N, 4), or say scalar"
    for error in sorted(errors_raised(function)):
        if error not in said:
            yield f"must say when it raises {error}"
    if source_needed and not SOURCE.search(said):
        yield "must name its source: a paper with its year, a standard, or an equation"


def takes_arrays(function: Function) -> bool:
    """Return whether an annotation of the function holds arrays."""
    arguments = function.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    annotations = [each.annotation for each in every if each is not None] + [function.returns]
    nodes = (node for annotation in annotations if annotation is not None for node in ast.walk(annotation))
    return any(getattr(node, "id", getattr(node, "attr", None)) in ARRAYS for node in nodes)


def errors_raised(function: Function) -> set[str]:
    """Return the names of the errors that the body raises; `Raises` for one that another function makes."""
    names = set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = getattr(raised, "id", getattr(raised, "attr", ""))
            names.add(name if name[:1].isupper() else "Raises")
        waiting.extend(ast.iter_child_nodes(node))
    return names


if __name__ == "__main__":
    main(Path())
