"""Progress bar on the terminal, for long commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def counting(
    title: str, total: int | None, console: Console, *, passing: bool = False, visible: bool = True
) -> Iterator[Callable[..., None]]:
    """Show a progress bar; yield a function that updates the number done and, optionally, the total.

    Args:
        title: text before the bar.
        total: number of steps; None while it is unknown.
        console: where the bar is drawn.
        passing: whether the bar disappears at the end.
        visible: whether the bar is drawn at all.
    """
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=passing) as progress:
        bar = progress.add_task(title, total=total, visible=visible)

        def show(done: int, total: int | None = None) -> None:
            progress.update(bar, completed=done, total=total)

        yield show
