"""Prints the five longest modules and functions: python -m tests.longest. Past 35 lines, look again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("arena", "generators", "elo", "analysis")


def measure_functions(path: Path) -> Iterator[tuple[int, str]]:
    """Lines and name of every function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{path}:{node.lineno} {node.name}"


def print_longest() -> None:
    paths = [path for room in ROOMS for path in Path(room).rglob("*.py") if "migrations" not in path.parts]
    modules = [(len(path.read_text(encoding="utf-8").splitlines()), str(path)) for path in paths]
    functions = [found for path in paths for found in measure_functions(path)]
    for kind, found in (("modules", modules), ("functions", functions)):
        lines = [f"{length:5} {name}\n" for length, name in sorted(found, reverse=True)[:5]]
        sys.stdout.writelines([f"longest {kind}, in lines:\n", *lines])


if __name__ == "__main__":
    print_longest()
