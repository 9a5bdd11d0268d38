"""Figures that set ratings beside other ratings: other intervals, other boards, earlier votes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.figures.charts import label_rows, plain_label, row_height, shortened
from analysis.figures.style import BLUE, GREEN, INK, LINE, ORANGE, PURPLE, VERMILION, Figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

APART = 0.17
"""Distance of each of two intervals from the middle of their row."""
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, INK)
DASHES = ("-", "--", ":")
"""Colours and, when they are used up, dashes tell lines apart."""
MOST_LINES = 10
"""Most contenders whose histories are drawn; the others would hide them."""
MOST_SHADES = 4
"""Most contenders whose intervals are shaded; more shades cover each other."""
NEAREST = 0.055
"""Least distance of two labels, as a share of the axis."""
OURS = ("rating", "lower", "upper")
INDEPENDENT = ("rating", "independent_lower", "independent_upper")
THEIRS = ("theirs", "theirs_lower", "theirs_upper")
"""Columns of an estimate and its limits: ours, ours without clustering, and a published board's."""


def clustering(table: pd.DataFrame, level: float) -> Figure:
    """Draw each rating with its interval under clustering, and with that of independent votes."""

    def draw(axes: Axes) -> None:
        _beside_ours(axes, table, ("clustered", "votes taken as independent"), INDEPENDENT)
        axes.set_xlabel("rating")

    caption = (
        f"Ratings with {100 * level:g} % intervals that allow for shared prompts and raters, and with those "
        "that take votes as independent."
    )
    return Figure("clustering", caption, draw, height=row_height(len(table)) + 0.4)


def published(rows: pd.DataFrame, name: str, stem: str) -> Figure:
    """Draw our ratings beside those of a published board."""

    def draw(axes: Axes) -> None:
        _beside_ours(axes, rows, ("these votes", "published"), THEIRS)
        axes.set_xlabel("rating, moved to the same mean")

    caption = f"Our ratings beside those of {name}, moved to our mean, each with its own intervals."
    return Figure(stem, caption, draw, height=row_height(len(rows)) + 0.4)


def _beside_ours(
    axes: Axes, frame: pd.DataFrame, labels: tuple[str, str], others: tuple[str, str, str]
) -> None:
    """Draw our interval of each contender, and below it another from the columns `others`."""
    y = np.arange(len(frame))[::-1]
    _intervals(axes, frame, y + APART, OURS, BLUE, "o", labels[0])
    _intervals(axes, frame, y - APART, others, VERMILION, "s", labels[1])
    label_rows(axes, frame["contender"].tolist(), y)
    _legend_above(axes)


def _intervals(
    axes: Axes,
    frame: pd.DataFrame,
    y: NDArray[np.floating[Any]],
    names: tuple[str, str, str],
    colour: str,
    marker: str,
    label: str,
) -> None:
    """Draw a marker for each row, with an interval where one is known."""
    value, lower, upper = (frame[name].to_numpy(dtype=np.float64) for name in names)
    known = np.isfinite(lower) & np.isfinite(upper)
    margins = np.stack([value - lower, upper - value])[:, known]
    axes.errorbar(value[known], y[known], xerr=np.maximum(margins, 0), fmt="none", color=colour, capsize=2)
    axes.plot(value, y, marker, color=colour, markersize=4, label=label)


def _legend_above(axes: Axes) -> None:
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handletextpad=0.3, columnspacing=1.5)


def history(table: pd.DataFrame) -> Figure:
    """Draw the ratings of the first contenders against time."""
    last = table[table["moment"] == table["moment"].max()].sort_values("rating", ascending=False)
    names = last["contender"].tolist()[:MOST_LINES]

    def draw(axes: Axes) -> None:
        for place, name in enumerate(names):
            rows = table[table["contender"] == name].sort_values("moment")
            colour = COLOURS[place % len(COLOURS)]
            dashes = DASHES[place // len(COLOURS) % len(DASHES)]
            moments = rows["moment"].dt.tz_localize(None).to_numpy()
            axes.plot(moments, rows["rating"], marker="o", markersize=3, color=colour, linestyle=dashes)
            if len(names) <= MOST_SHADES:
                axes.fill_between(moments, rows["lower"], rows["upper"], color=colour, alpha=0.1, linewidth=0)
        _name_lines(axes, last.head(MOST_LINES))
        axes.set_ylabel("rating")
        axes.grid(visible=True, axis="y", color=LINE)
        _few_dates(axes, table["moment"])

    more = f" The first {MOST_LINES} of {len(last)}." if len(last) > MOST_LINES else ""
    shaded = ", with their intervals shaded" if len(names) <= MOST_SHADES else ""
    caption = f"Ratings from all votes cast until each point in time{shaded}.{more}"
    return Figure("history", caption, draw, height=3.4)


def _few_dates(axes: Axes, moments: pd.Series[pd.Timestamp]) -> None:
    """Mark four moments, as days or as times of the day, whichever tells them apart."""
    first, last = moments.min().tz_localize(None), moments.max().tz_localize(None)
    spans = (("%d %b %Y", 86_400), ("%d %b %H:%M", 3600), ("%H:%M", 60), ("%H:%M:%S", 0))
    form = next(form for form, least in spans if (last - first).total_seconds() >= 4 * least)
    marks = [first + (last - first) * share for share in (0.0, 1 / 3, 2 / 3, 1.0)]
    axes.set_xticks([mark.to_numpy() for mark in marks], [f"{mark:{form}}" for mark in marks])
    day = "" if "%d" in form else f", {last:%d %b %Y}"
    axes.set_xlabel(f"time (UTC{day})")


def _name_lines(axes: Axes, last: pd.DataFrame) -> None:
    """Write each contender's name at the end of its line, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    least = NEAREST * (high - low)
    places = last["rating"].to_numpy(dtype=np.float64).copy()
    for i in range(1, len(places)):
        places[i] = min(places[i], places[i - 1] - least)
    places += max(0.0, low - places.min()) if len(places) else 0.0
    for row, (place, name) in enumerate(zip(places, last["contender"], strict=True)):
        axes.annotate(
            plain_label(shortened(str(name))),
            (1.02, (place - low) / (high - low)),
            xycoords="axes fraction",
            va="center",
            fontsize=9,
            color=COLOURS[row % len(COLOURS)],
            annotation_clip=False,
        )
