"""Draw a table of scores as a figure: a row for each measure, a mark with its interval for each contender."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from generators.base import InvalidInput
from generators.replacing import replacing
from generators.toyworld.referee.table import TITLES, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUFFIXES = {".svg": "Date", ".png": "Software"}
"""Kinds of picture, and the metadata of each that would differ between runs or machines."""
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours by M. Okabe and K. Ito, "Color Universal Design" (2008), told apart with any colour vision."""
_MARKS = "osD^vP"
_BAND = "#f3f4f6"
"""Ground of every second row."""
_LEFT_OUT = ("teleports", "held", "sync F1 by chance")
"""Measures of which more is not better."""
_WIDTH, _ROW, _MARGIN = 5.2, 0.08, 1.2
"""Inches: the figure's width, the height of one mark's line, and the height of title, legend and axis."""
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "paddock",
}


def require_picture(name: str, path: Path) -> None:
    """Check that a path names a kind of picture that can be drawn.

    Raises:
        InvalidInput: The name's ending is another.
    """
    if path.suffix not in _SUFFIXES:
        raise InvalidInput(f"{name} must end in {' or '.join(_SUFFIXES)}; got {path}. Rename it.")


def write_figure(path: Path, contenders: Table, unit: str) -> None:
    """Write a picture on white, which is readable on light and dark pages alike.

    Args:
        path: File that ends in `.svg` or `.png`.
        contenders: Scores with intervals, by contender, then by measure; others are left out.
        unit: What the scores are, as the title of their axis.
    """
    measures = _measures(contenders)
    with mpl.rc_context(_STYLE), replacing(path) as draft:
        height = _MARGIN + _ROW * (len(contenders) + 2) * len(measures)
        canvas = Canvas(figsize=(_WIDTH, height), layout="constrained", facecolor="white")
        _draw(canvas.add_subplot(), contenders, measures, unit)
        handles, labels = canvas.axes[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
        canvas.savefig(draft, format=path.suffix[1:], dpi=160, metadata={_SUFFIXES[path.suffix]: None})


def _measures(contenders: Table) -> list[str]:
    """Return the measures with an interval of which more is better, in the order of the table."""
    names = dict.fromkeys(
        name for scores in contenders.values() for name, score in scores.items() if not math.isnan(score.low)
    )
    return [name for name in names if name not in _LEFT_OUT]


def _draw(axes: Axes, contenders: Table, measures: list[str], unit: str) -> None:
    step = 1 / (len(contenders) + 2)
    for row in range(0, len(measures), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=_BAND, linewidth=0)
    axes.axvline(1, color="#5f6672", linewidth=0.8)
    for place, (contender, scores) in enumerate(contenders.items()):
        known = [(row, scores[name]) for row, name in enumerate(measures) if name in scores]
        values = [score.value for _, score in known]
        # Distances from the value to both ends of its interval, (2, measure).
        reach = [
            [score.value - score.low for _, score in known],
            [score.high - score.value for _, score in known],
        ]
        axes.errorbar(
            values,
            [row + (place - (len(contenders) - 1) / 2) * step for row, _ in known],
            xerr=reach,
            label=contender,
            color=_COLOURS[place % len(_COLOURS)],
            marker=_MARKS[(place + place // len(_COLOURS)) % len(_MARKS)],
            markersize=4.5,
            elinewidth=1.3,
            linestyle="none",
        )
    axes.set_yticks(range(len(measures)), [TITLES.get(name, name) for name in measures])
    axes.set_ylim(len(measures) - 0.5, -0.5)
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))
    axes.set_xlabel(unit)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
