"""The stages that are done as one table: stage, time, share of the floor, MFU, peak, card, date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from generators.free_memory import GIB
from generators.happyhorse.programme.ceilings import published_flops
from generators.happyhorse.programme.stages import FAILED


class Row(NamedTuple):
    """One stage in words."""

    stage: str
    time: str
    share: str
    """Least time at the card's measured matrix rate, as a share of the time; none on a CPU."""
    mfu: str
    """FLOP/s as a share of the card's published dense bfloat16 rate."""
    peak: str
    card: str
    date: str


HEADINGS = Row("stage", "time", "share of the floor", "MFU", "peak, GiB", "card", "date")
_NONE = "–"


def rows(out: Path) -> list[Row]:
    """Return a row for each stage that is done in a folder, in the order in which they were."""
    records = {file.stem.replace("-", " "): json.loads(file.read_text()) for file in _files(out)}
    ceilings = records.get("ceilings")
    ceiling = ceilings["result"].get("bf16_flops") if ceilings and ceilings["device"] != "cpu" else None
    return [_row(name, record, ceiling) for name, record in records.items()]


def render(table: Sequence[Row]) -> str:
    """Return rows as a table in Markdown."""
    lines = [_line(HEADINGS), _line(["---"] * len(HEADINGS)), *map(_line, table)]
    return "\n".join(lines) + "\n"


def _files(out: Path) -> list[Path]:
    files = (out / "results").glob("*.json")
    return sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))


def _row(name: str, record: Mapping[str, Any], ceiling: float | None) -> Row:
    result = record["result"]
    card, date = record["card"], record["date"][:10]
    if FAILED in result:
        return Row(name, result[FAILED], _NONE, _NONE, _NONE, card, date)
    if name == "ceilings":
        return Row(name, _ceilings(result), _NONE, _NONE, _NONE, card, date)
    peak = result.get("peak_bytes")
    peak_text = _NONE if peak is None else f"{peak / GIB:.2f}"
    if "time_s" not in result:
        return Row(_named(name, result), f"{record['seconds']:.2f} s", _NONE, _NONE, peak_text, card, date)
    rate, published = result["flops"] / result["time_s"], published_flops(card)
    share = _NONE if ceiling is None else f"{rate / ceiling:.0%}"
    mfu = _NONE if published is None else f"{rate / published:.0%}"
    return Row(name, f"{result['time_s']:.2f} s", share, mfu, peak_text, card, date)


def _named(name: str, result: Mapping[str, Any]) -> str:
    return f"{name} GiB: {result['plan']}" if "plan" in result else name


def _ceilings(result: Mapping[str, float]) -> str:
    said = [f"{result['bf16_flops'] / 1e12:.2f} TFLOP/s in bfloat16"]
    if "fp8_flops" in result:
        said.append(f"{result['fp8_flops'] / 1e12:.2f} in e4m3")
    return ", ".join([*said, f"{result['copied_bytes_per_s'] / 1e9:.1f} GB/s"])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
