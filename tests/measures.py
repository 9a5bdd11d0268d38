"""`python -m tests.measures`: how long functions and modules are, and which lines are dense.

Fails where a bar is passed. The densest lines are printed to show what to unfold next; they fail nothing.
"""

from __future__ import annotations

import ast
import io
import keyword
import statistics
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("arena", "generators", "elo", "analysis")
MOST_MEDIAN, MOST_P90, LONGEST_FUNCTION, LONGEST_MODULE = 8, 25, 60, 330
"""Bars in lines, docstrings counted: of all functions the median, the ninth decile and the longest."""
SHOWN = 5
COUNTED = (tokenize.NAME, tokenize.NUMBER)
"""Kinds of token that are ideas of their own; punctuation and text are not."""


class Measured(NamedTuple):
    """A length or density, and the place that has it."""

    value: int
    place: str


def sources(root: Path) -> list[Path]:
    """Return the modules of the packages, without migrations, which Django writes."""
    found = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[Measured]:
    """Measure the lines of each function, from `def` to its last line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield Measured(last - node.lineno + 1, f"{path}:{node.lineno} {node.name}")


def lines(path: Path) -> Iterator[Measured]:
    """Count the names and numbers of each line, without keywords."""
    text = path.read_text(encoding="utf-8")
    counts: dict[int, int] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in COUNTED and not keyword.iskeyword(token.string):
            row = token.start[0]
            counts[row] = counts.get(row, 0) + 1
    written = text.splitlines()
    for row, count in counts.items():
        yield Measured(count, f"{path}:{row} {written[row - 1].strip()}")


def modules(path: Path) -> Measured:
    """Measure the lines of a module."""
    return Measured(len(path.read_text(encoding="utf-8").splitlines()), str(path))


def passed_bars(lengths: Sequence[Measured], files: Sequence[Measured]) -> list[str]:
    """Return a sentence for each bar that is passed.

    Args:
        lengths: the functions.
        files: the modules.
    """
    ordered = sorted(each.value for each in lengths)
    median, decile = statistics.median(ordered), ordered[int(0.9 * len(ordered))]
    faults = [f"{long.place} has {long.value} lines; allowed: {most}"
              for measured, most in ((lengths, LONGEST_FUNCTION), (files, LONGEST_MODULE))
              for long in measured if long.value > most]  # fmt: skip
    if median > MOST_MEDIAN:
        faults.append(f"The median function has {median:g} lines; allowed: {MOST_MEDIAN}")
    if decile > MOST_P90:
        faults.append(f"One function in ten has {decile} lines or more; allowed: {MOST_P90}")
    return faults


def report(title: str, measured: Sequence[Measured]) -> str:
    """Write the largest few, one a line."""
    largest = sorted(measured, reverse=True)[:SHOWN]
    return "\n".join([title, *(f"{each.value:6} {each.place}" for each in largest)])


def main(root: Path) -> None:
    """Print the measures of the packages under a folder; exit with 1 where a bar is passed."""
    paths = sources(root)
    lengths = [each for path in paths for each in functions(path)]
    files = [modules(path) for path in paths]
    ordered = sorted(each.value for each in lengths)
    median, decile = statistics.median(ordered), ordered[int(0.9 * len(ordered))]
    sys.stdout.write(f"{len(ordered)} functions: median {median:g} lines, one in ten {decile} or more\n")
    sys.stdout.write(report("Longest functions, lines:", lengths) + "\n")
    sys.stdout.write(report("Longest modules, lines:", files) + "\n")
    dense = [each for path in paths for each in lines(path)]
    sys.stdout.write(report("Densest lines, names and numbers:", dense) + "\n")
    if faults := passed_bars(lengths, files):
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main(Path())
