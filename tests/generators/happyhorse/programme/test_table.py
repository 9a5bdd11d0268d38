"""The table of what is done, and the page that shows the last one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generators.happyhorse.programme.table import render, rows

PAGE = Path(__file__).parents[4] / "docs/happyhorse.md"
COMMITTED = PAGE.with_name("happyhorse-table.md")


def _write(
    out: Path, name: str, result: dict[str, Any], card: str = "NVIDIA H200", device: str = "cuda"
) -> None:
    folder = out / "results"
    folder.mkdir(exist_ok=True)
    record = {"inputs": {}, "result": result, "seconds": 12.0, "date": "2026-03-04T05:06:07+00:00"}
    (folder / f"{name}.json").write_text(json.dumps(record | {"card": card, "device": device}))


def test_a_time_is_set_against_the_measured_and_the_published_rate(tmp_path: Path) -> None:
    _write(tmp_path, "ceilings", {"bf16_flops": 800e12, "copied_bytes_per_s": 4e12})
    _write(tmp_path, "256p-eager", {"time_s": 2.0, "flops": 800e12, "peak_bytes": 33 * 2**30})
    _write(tmp_path, "fit-8", {"plan": "precision bf16", "peak_bytes": None})
    _write(tmp_path, "fit-12", {"failed": "out of memory"})
    _write(tmp_path, "other", {"time_s": 2.0, "flops": 1.0}, card="CPU")

    table = {row.stage: row for row in rows(tmp_path)}

    assert table["ceilings"].time == "800.00 TFLOP/s in bfloat16, 4000.0 GB/s"
    eager = table["256p eager"]
    assert eager[1:] == ("2.00 s", "50%", "40%", "33.00", "NVIDIA H200", "2026-03-04")
    assert table["fit 8 GiB: precision bf16"].peak == "–"
    assert table["fit 12"].time == "out of memory"
    assert table["other"].mfu == "–"
    lines = render(list(table.values())).splitlines()
    assert lines[0].startswith("| stage | time | share of the floor | MFU | peak, GiB | card | date |")
    assert len(lines) == 2 + len(table)


def test_a_rehearsal_on_a_cpu_has_no_floor(tmp_path: Path) -> None:
    _write(tmp_path, "ceilings", {"bf16_flops": 1e9, "copied_bytes_per_s": 1e9}, "x86_64", "cpu")
    _write(tmp_path, "256p-eager", {"time_s": 2.0, "flops": 800e9, "peak_bytes": 2**30}, "x86_64", "cpu")

    table = {row.stage: row for row in rows(tmp_path)}

    assert table["256p eager"].share == "–"


def test_nothing_done_is_an_empty_table(tmp_path: Path) -> None:
    assert len(render(rows(tmp_path)).splitlines()) == 2


def test_the_page_includes_the_last_committed_table_or_says_that_there_is_none() -> None:
    page = PAGE.read_text()

    assert page.count("## Measured on a GPU") == 1
    section = page.partition("## Measured on a GPU")[2].partition("\n## ")[0]
    if COMMITTED.exists():
        assert COMMITTED.read_text().strip() in section
    else:
        assert "No table has been committed yet" in section
