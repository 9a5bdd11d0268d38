"""Progress on the terminal, for commands that take a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def counting(
    title: str, total: int | None, console: Console, *, passing: bool = False, visible: bool = True
) -> Iterator[Callable[..., None]]:
    """Show a progress bar; yield the function that takes the number done, and the total if it changes.

    Args:
        title: what is counted.
        total: how many there are; None until they are known.
        console: where the bar is drawn.
        passing: whether the bar goes away at the end.
        visible: whether there is a bar at all.
    """
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=passing) as progress:
        bar = progress.add_task(title, total=total, visible=visible)

        def show(done: int, total: int | None = None) -> None:
            progress.update(bar, completed=done, total=total)

        yield show
