"""The figures of a report, each drawn from a frame of `analysis.tables`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.figures.style import BLUE, GREEN, INK, LINE, VERMILION, Figure
from elo.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ROW = 0.3
"""Inches for a row with a label."""
LONGEST = 20
"""Characters of a label."""
STRONG = 0.85
"""Strength of a cell's colour from which its number is white."""
WIDE = 8
"""Most columns whose cells have numbers at full size."""
MOST_HEADS = 16
"""Most columns whose heads are written; of more, every second or third is."""
CELL_TEXT = 14
"""Most rows of a map of colours that has its numbers written in."""


def forest(board: pd.DataFrame, level: float) -> Figure:
    """Draw ratings with their intervals, best on top; a tier is set apart by a rule."""
    crossed = "without_unreliable" in board and bool(board["without_unreliable"].notna().any())

    def draw(axes: Axes) -> None:
        y = np.arange(len(board))[::-1]
        margins = np.abs(board[["lower", "upper"]].to_numpy() - board[["rating"]].to_numpy()).T
        axes.errorbar(board["rating"], y, xerr=margins, fmt="o", color=BLUE, markersize=4, capsize=2)
        if crossed:
            axes.plot(board["without_unreliable"], y, "x", color=VERMILION, markersize=5)
        for place in np.flatnonzero(np.diff(board["tier"])):
            axes.axhline(y[place] - 0.5, color=INK, linewidth=0.6, linestyle=":")
        label_rows(axes, board["contender"].tolist(), y)
        axes.set_xlabel("rating")

    caption = f"Ratings with {100 * level:g} % intervals, best first. Dotted lines part tiers."
    if crossed:
        caption += " A cross is the rating where unreliable raters count less."
    return Figure("forest", caption, draw, height=row_height(len(board)))


def matrix(wins: pd.DataFrame) -> Figure:
    """Draw the share of wins of each row over each column."""

    def draw(axes: Axes) -> None:
        _map(axes, wins.to_numpy(), [f"{place}" for place in range(1, len(wins) + 1)], wins.index.tolist())
        axes.set_xlabel("against the contender of rank")

    caption = (
        "Win matrix: share of wins of the row over the column in %, a tie as half a win; blank: never met."
    )
    return Figure("win-matrix", caption, draw, height=row_height(len(wins)) + 0.3)


def ranks(probabilities: pd.DataFrame) -> Figure:
    """Draw the probability of each rank for each contender."""

    def draw(axes: Axes) -> None:
        shares = probabilities.to_numpy()
        heads = [str(rank) for rank in probabilities.columns]
        _map(axes, shares, heads, probabilities.index.tolist(), diverging=False)
        axes.set_xlabel("rank")

    caption = "Probability of each rank in %, given these votes; darker is more likely."
    return Figure("rank-probabilities", caption, draw, height=row_height(len(probabilities)) + 0.3)


def slice_changes(by_slice: pd.DataFrame, order: list[str], column: str) -> Figure:
    """Draw how far each contender's rating in each slice is from its rating over all prompts."""
    table = by_slice.pivot_table(index="contender", columns="slice", values="change", observed=True)
    table = table.reindex(index=[name for name in order if name in table.index])

    def draw(axes: Axes) -> None:
        changes = table.to_numpy()
        reach = float(np.nanmax(np.abs(changes))) or 1.0
        heads, names = [shortened(str(head), 14) for head in table.columns], table.index.tolist()
        _map(axes, 0.5 + changes / (2 * reach), heads, names, text=changes)
        axes.tick_params(axis="x", labelrotation=30)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")

    caption = f"Change of rating in each slice by {column}, in points: vermilion is lower, blue is higher."
    return Figure(f"slices-{column}", caption, draw, height=row_height(len(table)) + 0.7)


def ties(shares: pd.DataFrame) -> Figure:
    """Draw the share of votes without a winner against the gap, with what Davidson's model expects."""

    def draw(axes: Axes) -> None:
        seen = shares["tie_share"] + shares["both_bad_share"]
        axes.plot(shares["gap"], 100 * shares["expected"], color=VERMILION, label="expected (Davidson)")
        axes.plot(shares["gap"], 100 * seen, "o", color=BLUE, label="found")
        axes.set_xlabel("gap between the two ratings")
        axes.set_ylabel("no winner, %")
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, axis="y")
        axes.legend()

    caption = "Share of votes without a winner, by how far apart the two contenders are rated."
    return Figure("ties", caption, draw, height=2.6)


def separation(prompts: pd.DataFrame, ends: int = 6) -> Figure:
    """Draw the prompts that separate contenders most and least."""
    shown = prompts if len(prompts) <= 2 * ends else prompts.iloc[[*range(ends), *range(-ends, 0)]]

    def draw(axes: Axes) -> None:
        y = np.arange(len(shown))[::-1]
        margins = np.abs(shown[["lower", "upper"]].to_numpy() - shown[["separation"]].to_numpy()).T
        axes.errorbar(shown["separation"], y, xerr=margins, fmt="o", color=GREEN, markersize=4, capsize=2)
        axes.axvline(1, color=INK, linewidth=0.6, linestyle=":")
        label_rows(axes, [str(label) for label in shown["prompt"]], y)
        axes.set_xlabel("separation (1: as all prompts together)")

    caption = "The prompts that separate contenders most, and least, with 95 % intervals."
    return Figure("prompts", caption, draw, height=row_height(len(shown)))


def power_curve(plan: pd.DataFrame) -> Figure:
    """Draw the votes that each gap needs."""

    def draw(axes: Axes) -> None:
        axes.plot(plan["gap"], plan["head_to_head"], "o-", color=VERMILION, label="a study of two contenders")
        if plan["votes"].notna().any():
            axes.plot(plan["gap"], plan["votes"], "s-", color=BLUE, label="this study, more votes alone")
        axes.set_yscale("log")
        axes.set_xlabel("true gap, rating points")
        axes.set_ylabel("votes")
        axes.grid(visible=True, axis="y")
        axes.legend()

    return Figure("power", "Votes that show a true gap with 80 % power.", draw, height=2.8)


def shortened(text: str, longest: int = LONGEST) -> str:
    """Cut a label to its first characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def row_height(rows: int) -> float:
    """Return the inches that a figure of so many labelled rows needs."""
    return 0.75 + ROW * rows


def label_rows(axes: Axes, labels: list[str], y: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
    """Write the labels of rows at heights y, shape (rows,), with rules for the values and no axis line."""
    axes.set_yticks(y, [plain_label(shortened(label)) for label in labels])
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")


def _map(
    axes: Axes,
    shares: Floats,
    heads: list[str],
    names: list[str],
    *,
    diverging: bool = True,
    text: Floats | None = None,
) -> None:
    """Draw shares in 0..1, shape (rows, columns), as cells; their numbers are in %, or those of `text`."""
    from matplotlib.colors import LinearSegmentedColormap

    # The middle is clear, so that cells stand on a light page as well as on a dark one.
    ends = [VERMILION, f"{VERMILION}00", f"{BLUE}00", BLUE] if diverging else [f"{BLUE}00", BLUE]
    stops = np.linspace(0, 1, len(ends)) if len(ends) == 2 else np.array([0, 0.5, 0.5, 1])
    axes.pcolormesh(
        np.ma.masked_invalid(shares),
        cmap=LinearSegmentedColormap.from_list("paddock", list(zip(stops.tolist(), ends, strict=True))),
        vmin=0,
        vmax=1,
        edgecolors=LINE,
        linewidth=0.4,
    )
    axes.invert_yaxis()
    every = -(-len(heads) // MOST_HEADS)
    axes.set_xticks(np.arange(0, len(heads), every) + 0.5, [plain_label(head) for head in heads[::every]])
    axes.set_yticks(np.arange(len(names)) + 0.5, [plain_label(shortened(name)) for name in names])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    if len(names) <= CELL_TEXT and len(heads) <= CELL_TEXT:
        _write_cells(axes, shares, 100 * shares if text is None else text, diverging=diverging)


def _write_cells(axes: Axes, shares: Floats, numbers: Floats, *, diverging: bool) -> None:
    for (row, column), share in np.ndenumerate(shares):
        if not np.isfinite(share):
            continue
        strong = abs(2 * share - 1) > STRONG if diverging else share > STRONG
        axes.text(
            column + 0.5,
            row + 0.5,
            str(round(float(numbers[row, column]))),
            ha="center",
            va="center",
            fontsize=9 if shares.shape[1] <= WIDE else 7.5,
            color="white" if strong else INK,
        )


def plain_label(label: str) -> str:
    """Keep Matplotlib from reading a label as mathematics."""
    return label.replace("$", r"\$")
