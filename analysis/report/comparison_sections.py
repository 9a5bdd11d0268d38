"""Sections that set the ratings beside others: other intervals, other boards, earlier votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from analysis.figures import comparisons
from analysis.published import PublishedBoard
from analysis.report.board_sections import listed
from analysis.report.parts import (
    Row,
    Section,
    Table,
    TableColumn,
    counted,
    limits,
    number,
    points,
    records,
    words,
)
from analysis.subject import Subject
from analysis.tables.clustering import Steps, clustering, independent_fit, steps_told_apart, typical_ratio
from analysis.tables.history import history
from analysis.tables.published import Comparison, compare

if TYPE_CHECKING:
    import pandas as pd


def clustering_section(subject: Subject) -> Section:
    """Show what intervals would be if votes were taken as independent.

    Raises:
        ValueError: the votes record neither several prompts nor several raters.
    """
    independent = independent_fit(subject)
    table = clustering(subject, independent)
    columns = (
        words("contender", "contender"),
        points("rating", "rating"),
        limits("clustered"),
        limits("independent", names=("independent_lower", "independent_upper")),
        TableColumn("wider", lambda row: f"× {number(row['wider'], 2)}"),
    )
    typical, least, most = typical_ratio(table)
    steps = steps_told_apart(subject, independent)
    kinds = " and ".join(f"{kind}s" for kind in subject.clusters)
    sentences = (
        f"Votes share {kinds}. Intervals that allow for it are {number(typical, 1)} times as wide as those "
        f"that take votes as independent (from {number(least, 1)} to {number(most, 1)} times); the ratings "
        "themselves do not change.",
        _claims(steps),
    )
    figure = comparisons.clustering(table, subject.level)
    return Section("What clustering changes", sentences, (Table("clustering", table, columns),), (figure,))


def _claims(steps: Steps) -> str:
    told = (
        f"One by one, {steps.clustered} of {counted(steps.of, 'pair')} of neighbours differ with clustering"
    )
    if steps.independent <= steps.clustered:
        return f"{told}, and {steps.independent} without it."
    more = steps.independent - steps.clustered
    return f"{told}; {steps.independent} would without it. These votes do not bear out the other {more}."


def history_section(subject: Subject) -> Section:
    """Show how the ratings moved as votes came in.

    Raises:
        ValueError: the file has no times of votes, or all have the same.
    """
    table = history(subject)
    columns = (
        TableColumn("until (UTC)", lambda row: f"{row['moment']:%Y-%m-%d %H:%M}", is_text=True),
        points("votes", "votes"),
        words("contender", "contender"),
        points("rating", "rating"),
        limits(f"{100 * subject.level:g} % interval"),
    )
    shown = Table("history", table, columns, is_shown=False)
    sentences = (_moved(points_in_time(table)), _led(points_in_time(table)))
    return Section("Rating history", sentences, (shown,), (comparisons.history(table),))


class PointInTime(NamedTuple):
    """The ratings at one point of a history."""

    votes: int
    ratings: Mapping[str, float]

    @property
    def leader(self) -> str:
        """The contender with the highest rating."""
        return max(self.ratings, key=lambda name: self.ratings[name])


def points_in_time(table: pd.DataFrame) -> list[PointInTime]:
    """Return the points of a history, oldest first."""
    found = []
    for _, rows in table.groupby("moment", sort=True):
        ratings = dict(zip(rows["contender"].astype(str), rows["rating"].tolist(), strict=True))
        found.append(PointInTime(int(rows["votes"].iloc[0]), ratings))
    return found


def _moved(times: Sequence[PointInTime]) -> str:
    half, last = times[max(len(times) // 2 - 1, 0)], times[-1]
    moves = {name: abs(last.ratings[name] - before) for name, before in half.ratings.items()}
    most = max(moves, key=lambda name: moves[name])
    return (
        f"Since the first {number(half.votes)} of {number(last.votes)} votes, the rating that moved most is "
        f"that of {most}, by {number(moves[most])} points."
    )


def _led(times: Sequence[PointInTime]) -> str:
    leader = times[-1].leader
    others = [each for each in times if each.leader != leader]
    if not others:
        return f"{leader} has had the highest rating at each of {counted(len(times), 'point')} in time."
    return (
        f"{leader} has the highest rating now; after {number(others[-1].votes)} votes it was "
        f"{others[-1].leader}."
    )


def published_section(subject: Subject, board: PublishedBoard, stem: str) -> Section:
    """Set our ratings beside a published board.

    Raises:
        ValueError: fewer than two contenders are on both boards.
    """
    found = compare(subject, board)
    columns = (
        words("contender", "contender"),
        points("rating", "ours"),
        limits(f"{100 * subject.level:g} % interval"),
        points("theirs", "theirs, moved"),
        TableColumn("their interval", partial(_their_interval)),
        points("difference", "ours less theirs"),
        points("votes", "our votes"),
        points("their_votes", "their votes"),
    )
    table = Table(stem, found.rows, columns)
    figure = comparisons.published(found.rows, board.name, stem)
    title = f"Beside {board.name}" + (f", {board.method}" if board.method else "")
    return Section(title, tuple(_published_sentences(subject, board, found)), (table,), (figure,))


def _their_interval(row: Row) -> str:
    lower, upper = number(row["theirs_lower"]), number(row["theirs_upper"])
    return f"{lower} to {upper}" if "–" not in (lower, upper) else "–"


def _published_sentences(subject: Subject, board: PublishedBoard, found: Comparison) -> list[str]:
    made = f" It was made by {board.method}." if board.method else ""
    sentences = [
        f"{counted(len(found.rows), 'contender')} are on {board.name} and on ours; theirs was moved by "
        f"{number(found.shift)} points, to the same mean.{made}",
        f"Both put {found.concordant} of {counted(found.pairs, 'pair')} in the same order (Kendall's tau "
        f"{number(found.tau, 2)}). Ratings differ by {number(found.typical)} points (root mean square), and "
        f"theirs are spread {number(found.spread, 2)} times as wide as ours.",
    ]
    judged = found.rows.dropna(subset=["differs"])
    apart = [
        f"{row['contender']} by {number(row['difference'])}" for row in records(judged) if row["differs"]
    ]
    if apart:
        sentences.append(f"Beyond what both intervals allow differ: {listed(apart)}.")
    elif len(judged):
        sentences.append("No rating differs by more than both intervals allow.")
    sentences += _width_sentence(subject, found)
    for names, board_name in ((found.only_ours, "ours"), (found.only_theirs, "theirs")):
        if names:
            sentences.append(f"Only on {board_name}: {listed(names)}.")
    return sentences


def _width_sentence(subject: Subject, found: Comparison) -> list[str]:
    """Compare the intervals' widths; clustering explains much of why ours are wider."""
    widths = found.rows["theirs_upper"] - found.rows["theirs_lower"]
    if widths.isna().all() or not subject.clusters:
        return []
    ours = clustering(subject).set_index("contender").loc[found.rows["contender"]]
    clustered = float((ours["upper"] - ours["lower"]).median())
    independent = float((ours["independent_upper"] - ours["independent_lower"]).median())
    return [
        f"Their intervals are {number(float(widths.median()))} points wide (median). Ours are "
        f"{number(clustered)}, and would be {number(independent)} if votes were taken as independent."
    ]
