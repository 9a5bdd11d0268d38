"""The table of adapter × fault in docs/adapters.md; `python -m tests.providers.table` writes it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.providers.clips import make_clips
from tests.providers.contract import MODELS, attempt_with_fault
from tests.providers.faults import Fault
from tests.providers.server import Server

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
START, END = "<!-- contract: start -->", "<!-- contract: end -->"

Table = dict[str, dict[str, str]]
"""Outcome by fault and provider."""


def measure_table() -> Table:
    """Run every adapter against every fault."""
    table: Table = {fault.value: {} for fault in Fault}
    with tempfile.TemporaryDirectory() as folder:
        clips = make_clips(Path(folder))
        for provider in MODELS:
            for fault in Fault:
                with Server(clips).running() as server:
                    place = Path(folder) / f"{provider}-{fault.name}"
                    table[fault.value][provider] = str(attempt_with_fault(server, provider, fault, place))
    return table


def read_table() -> Table:
    """Return the table as the page has it."""
    inside = PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in inside.strip().splitlines()]
    head, _, *body = rows
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def write_table(table: Table) -> None:
    """Replace the table in the page."""
    head = ["fault", *MODELS]
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line([fault, *(cells[provider] for provider in MODELS)]) for fault, cells in table.items()]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}\n\n{chr(10).join(lines)}\n\n{END}{after}", encoding="utf-8")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    write_table(measure_table())
