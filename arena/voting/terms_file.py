"""Read the terms of a study from a YAML file, and describe them for `--help`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from arena.catalog.reading import read_document
from arena.voting.terms import RULES, InvalidTerms, Terms


def read_terms(path: Path) -> Terms:
    """Read and check the terms in a YAML file, which is a mapping of fields to values.

    Raises:
        FileError: the file can't be read.
        InvalidTerms: a field is unknown or has an invalid value.
    """
    value = read_document(path).value
    if not isinstance(value, dict):
        raise InvalidTerms(f"{path.name} must be a mapping of terms; got {type(value).__name__}.")
    terms = Terms.of({name: _plain(item) for name, item in value.items()})
    terms.check()
    return terms


def describe_terms() -> str:
    """Return a line for each field of a file of terms: its meaning, its allowed values and its default."""
    lines = ["Fields of a file of terms, which may each be left out:"]
    for name, default in asdict(Terms()).items():
        rule = RULES[name]
        lines.append(f"  {name}: {rule.meaning}; {rule.must_be} (default {json.dumps(default)})")
    return "\n".join(lines)


def _plain(value: object) -> object:
    """Return a value without the type that remembers how its file writes numbers."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, float) else value
