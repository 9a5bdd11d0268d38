from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes

from analysis.figures.style import Figure


def _draw(axes: Axes) -> None:
    axes.plot([0, 1], [1, 0])
    axes.set_xlabel("rating")


@pytest.mark.slow
def test_threads_that_draw_at_once_draw_alike_and_leave_the_settings_as_they_were() -> None:
    figure, before = Figure("line", "A line.", _draw), mpl.rcParams.copy()
    alone = figure.svg()
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda _: figure.svg(), range(8)))
    assert set(together) == {alone}
    assert mpl.rcParams.copy() == before
