from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from arena.terminal import counting


def _last_line(
    total: int | None, *reports: tuple[int, ...], passing: bool = False, visible: bool = True
) -> str:
    out = StringIO()
    with counting("Clips", total, Console(file=out, width=80), passing=passing, visible=visible) as show:
        for report in reports:
            show(*report)
    return out.getvalue().strip()


def test_the_bar_tells_how_many_are_done() -> None:
    line = _last_line(5, (1,), (3,))
    assert line.startswith("Clips")
    assert "3/5" in line


def test_a_total_that_is_learnt_on_the_way_is_taken() -> None:
    assert "2/7" in _last_line(None, (1, 7), (2, 7))


@pytest.mark.parametrize("hidden", [{"visible": False}, {"passing": True}])
def test_a_bar_that_is_hidden_or_passes_leaves_nothing(hidden: dict[str, bool]) -> None:
    assert _last_line(5, (5,), **hidden) == ""
