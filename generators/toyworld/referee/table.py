"""Print scores as a table of plain text, or write them as CSV or JSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from generators.replacing import replacing
from generators.toyworld.referee.scores import Score

Table = Mapping[str, Mapping[str, Score]]
"""Scores by contender, then by measure."""
TITLES = {"count": "object count", "coherent": "coherent frames", "held": "held frames"}
"""Measures whose printed names say more than their keys."""


def render_table(contenders: Table, show: Callable[[Score], str] = str) -> str:
    """Return plain text with a row for each measure and a column for each contender."""
    measures = dict.fromkeys(name for scores in contenders.values() for name in scores)
    rows = [["", *contenders]]
    for name in measures:
        cells = [show(scores[name]) if name in scores else "–" for scores in contenders.values()]
        rows.append([TITLES.get(name, name), *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def write_json(path: Path, contenders: Table) -> None:
    """Write the scores as JSON: contender, measure, then the fields of `Score`, with null for NaN."""
    plain = {
        contender: {name: _fields(score) for name, score in scores.items()}
        for contender, scores in contenders.items()
    }
    with replacing(path) as draft:
        draft.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_csv(path: Path, contenders: Table) -> None:
    """Write the scores as CSV, a row for each contender and measure, with empty cells for NaN."""
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["contender", "measure", "value", "low", "high", "count"])
        for contender, scores in contenders.items():
            writer.writerows([contender, name, *_fields(score).values()] for name, score in scores.items())


def _line(row: list[str], widths: list[int]) -> str:
    cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _fields(score: Score) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in asdict(score).items()}
