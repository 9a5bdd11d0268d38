"""Sections on what besides the contenders moves votes: sides, ties, raters, prompts, slices, covariates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.figures import charts
from analysis.report.board_sections import listed
from analysis.report.parts import (
    Row,
    Section,
    Table,
    TableColumn,
    limits,
    number,
    p_value,
    percent,
    points,
    probability,
    records,
    text,
    words,
)
from analysis.subject import Subject
from analysis.tables.circumstances import controlled, covariates, effects, tie_shares
from analysis.tables.modes import JOINT, MUTE, SOUND, split
from analysis.tables.prompts import prompt_separation
from analysis.tables.raters import agreement_table, consistency_table, fragility_table
from analysis.tables.slices import interaction, rating_by_slice, slices_of

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANT = 0.05
EFFECTS = {"side": "being shown on the left", "order": "being played first"}


def effects_section(subject: Subject) -> Section:
    """Say whether the side or the order of play helps."""
    table = effects(subject)
    columns = (
        TableColumn("effect", lambda row: EFFECTS[row["effect"]], is_text=True),
        points("advantage", "advantage", 1),
        limits(f"{100 * subject.level:g} % interval", 1),
        percent("share", "share won on an even pair", 1),
    )
    sentences = [
        f"{EFFECTS[row['effect']].capitalize()} {_bias(row, subject.scale)}." for row in records(table)
    ]
    if subject.votes.side is None:
        sentences.append("The votes do not record the side: contender a counts as shown on the left.")
    return Section("Side and order", tuple(sentences), (Table("effects", table, columns),))


def _bias(row: Row, scale: float) -> str:
    advantage, lower, upper = (row[name] for name in ("advantage", "lower", "upper"))
    interval = f"{number(advantage, 1)} points ({number(lower, 1)} to {number(upper, 1)})"
    if row["found"]:
        return f"{'helps' if advantage > 0 else 'hurts'}: {interval}"
    reach = max(abs(lower), abs(upper))
    share = 1 / (1 + np.exp(-reach / scale)) - 0.5
    return (
        f"makes no difference that these votes show: {interval}; an effect beyond {number(reach, 1)} "
        f"points, or "
        f"{100 * share:.1f} percentage points on an even pair, is ruled out"
    )


def ties_section(subject: Subject) -> Section:
    """Show how ties depend on the gap."""
    table = tie_shares(subject)
    columns = (
        points("gap", "mean gap"),
        points("votes", "votes"),
        percent("tie_share", "ties", 1),
        percent("both_bad_share", "both bad", 1),
        percent("expected", "no winner, expected", 1),
    )
    tally = subject.ratings.tally
    met = tally.votes.sum()
    tied, bad = float(tally.ties.sum() / met), float(tally.both_bad.sum() / met)
    sentences = [f"{number(100 * tied, 1)} % of votes are ties and {number(100 * bad, 1)} % are both bad."]
    if tied + bad == 0:
        return Section("Ties", tuple(sentences))
    seen = table["tie_share"] + table["both_bad_share"]
    sentences.append(
        f"Between the nearest contenders {number(100 * seen.iloc[0], 1)} % have no winner (Davidson's "
        f"model expects "
        f"{number(100 * table['expected'].iloc[0], 1)} %), between the farthest "
        f"{number(100 * seen.iloc[-1], 1)} % "
        f"({number(100 * table['expected'].iloc[-1], 1)} %)."
    )
    return Section("Ties", tuple(sentences), (Table("ties", table, columns),), (charts.ties(table),))


def agreement_section(subject: Subject) -> Section:
    """Say how far raters agree with each other."""
    table = agreement_table(subject)
    columns = (
        words("metric", "metric"),
        points("alpha", "alpha", 2),
        limits(f"{100 * subject.level:g} % interval", 2),
        points("items", "pairs of clips"),
        points("raters", "raters"),
        points("answers", "answers"),
    )
    row = table.iloc[0]
    sentence = (
        f"Krippendorff's alpha between raters is {row['alpha']:.2f} ({row['lower']:.2f} to "
        f"{row['upper']:.2f}) over "
        f"{row['items']} pairs of clips that two or more raters judged: 1 is always the same answer, 0 is "
        f"chance."
    )
    return Section("Agreement between raters", (sentence,), (Table("agreement", table, columns),))


def consistency_section(subject: Subject) -> Section:
    """Say how far raters agree with themselves."""
    table = consistency_table(subject)
    columns = (
        words("repeats_of", "repeats"),
        percent("same_answer", "same answer"),
        limits(f"{100 * subject.level:g} % interval, %", 0, 100),
        points("repeats", "number"),
        percent("chance", "by chance"),
    )
    row = table.iloc[0]
    sentence = (
        f"Raters who met the same two clips again gave the same answer in {100 * row['same_answer']:.0f} % "
        f"of "
        f"{row['repeats']:.0f} repeats; chance gives {100 * row['chance']:.0f} %. No judge can expect to "
        f"match more "
        f"than {100 * row['judge_ceiling']:.0f} % of single votes."
    )
    return Section("Self-consistency", (sentence,), (Table("consistency", table, columns),))


def fragility_section(subject: Subject) -> Section:
    """Say how few votes, raters or prompts each step rests on."""
    table = fragility_table(subject)
    kinds = [name for name in ("votes", "raters", "prompts") if name in table]
    columns = (words("above", "above"), words("below", "below"), points("gap", "gap"), *map(_removed, kinds))
    known = table.dropna(subset=["votes"])
    if known.empty:
        return Section("Fragility", ("No step of the board was turned round by removing votes.",))
    weakest = known.iloc[int(known["votes"].argmin())]
    share = 100 * weakest["votes"] / weakest["votes_of"]
    sentence = (
        f"The most fragile step is {weakest['above']} over {weakest['below']}: it turns round without "
        f"{number(weakest['votes'])} of {number(weakest['votes_of'])} votes ({share:.2f} %)."
    )
    return Section("Fragility", (sentence,), (Table("fragility", table, columns),))


def _removed(kind: str) -> TableColumn:
    def show(row: Row) -> str:
        return f"{number(row[kind])} of {number(row[f'{kind}_of'])}"

    return TableColumn(f"{kind} that turn it", show)


def prompts_section(subject: Subject) -> Section:
    """Show the prompts that separate contenders most."""
    table = prompt_separation(subject)
    columns = (
        words("prompt", "prompt"),
        points("separation", "separation", 2),
        limits(f"{100 * subject.level:g} % interval", 2),
        percent("follows", "follows the board"),
        points("votes", "votes"),
    )
    more, less = int((table["lower"] > 1).sum()), int((table["upper"] < 1).sum())
    sentence = (
        f"Prompts that separate contenders distinctly more than all {number(len(table))} together: {more}; "
        f"distinctly less: {less}; that put them in the opposite order: {int((table['upper'] < 0).sum())}."
    )
    shown = Table("prompts", table, columns, most=10)
    return Section("Prompts", (sentence,), (shown,), (charts.separation(table),))


def slices_section(subject: Subject, column: str) -> Section:
    """Show ratings by slice, with the test of whether slices differ."""
    slices = slices_of(subject, column)
    ratings, test = rating_by_slice(subject, slices), interaction(subject, slices)
    test_columns = (
        words("slice", "slice"),
        points("prompts", "prompts"),
        points("statistic", "statistic", 1),
        p_value("p_value", "p"),
        p_value("adjusted", "p, adjusted"),
    )
    tables = (
        Table(f"slices-{column}-test", test, test_columns),
        _slice_table(ratings, list(subject.names), column),
    )
    figures = () if ratings.empty else (charts.slice_changes(ratings, list(subject.names), column),)
    return Section(f"Slices by {column}", _slice_sentences(records(test), column), tables, figures)


def _slice_table(ratings: pd.DataFrame, order: list[str], column: str) -> Table:
    """Lay ratings out with a row for each contender and a column for each slice."""
    interval = "{} ({} to {})"
    numbers = ratings[["rating", "lower", "upper"]].itertuples(index=False, name=None)
    cells = [interval.format(*map(number, row)) for row in numbers]
    wide = ratings.assign(cell=cells).pivot(index="contender", columns="slice", values="cell")
    wide = wide.reindex([name for name in order if name in wide.index]).fillna("–")
    columns = (words("contender", "contender"), *(text(str(name), str(name)) for name in wide.columns))
    return Table(f"slices-{column}", ratings, columns, layout=wide.reset_index())


def _slice_sentences(rows: list[Row], column: str) -> tuple[str, ...]:
    total, each = rows[-1], rows[:-1]
    different = [str(row["slice"]) for row in each if row["adjusted"] < SIGNIFICANT]
    if total["p_value"] >= SIGNIFICANT and not different:
        return (
            f"These votes do not show that the slices by {column} order contenders differently (p = "
            f"{probability(total['p_value'])}): differences between slices may be chance.",
        )
    found = f"Slices that differ from the rest, after correction for {len(each)} tests: {listed(different)}."
    return (
        f"Ratings depend on {column} (all slices together: p {_equal(total['p_value'])}).",
        found
        if different
        else "No single slice is shown to differ after correction for the number of tests.",
    )


def _equal(value: float) -> str:
    text = probability(value)
    return text if text.startswith("<") else f"= {text}"


def covariates_section(subject: Subject) -> Section:
    """Show ratings with covariates held equal."""
    worth, table = covariates(subject), controlled(subject)
    interval = f"{100 * subject.level:g} % interval"
    worth_columns = (
        words("covariate", "covariate"),
        points("worth", "points for one unit", 1),
        limits(interval, 1),
    )
    columns = (
        words("contender", "contender"),
        points("rating", "rating"),
        points("controlled", "controlled"),
        limits(interval),
        points("change", "change"),
    )
    top = table.iloc[int(table["change"].abs().argmax())]
    names = listed(list(subject.votes.covariates))
    sentence = (
        f"With {names} held equal, the rating that moves most is that of {top['contender']}, by "
        f"{number(top['change'], 1)} points."
    )
    tables = (Table("covariates", worth, worth_columns), Table("controlled", table, columns))
    return Section("Covariates held equal", (sentence,), tables)


def modes_section(subject: Subject) -> Section:
    """Split the joint preference into picture and sound.

    Raises:
        ValueError: the file has no modes, or they allow no split.
    """
    if subject.every_mode is None:
        raise ValueError("The split into picture and sound needs votes of all modes.")
    found = split(subject, subject.every_mode)
    table = found.ratings
    columns = (
        words("contender", "contender"),
        *(
            column
            for mode in (JOINT, MUTE, SOUND)
            for column in (
                points(mode, mode),
                limits("interval", names=(f"{mode}_lower", f"{mode}_upper")),
            )
        ),
    )
    picture, sound = (
        f"{number(100 * weight)} points ({number(100 * lower)} to {number(100 * upper)})"
        for weight, lower, upper in (found.picture, found.sound)
    )
    sentence = (
        f"100 points of rating mute are worth {picture} of joint rating, and 100 points of rating by sound "
        f"alone are worth {sound}. Together they explain {100 * found.explained:.0f} % of the spread of "
        "joint ratings."
    )
    return Section("Picture and sound", (sentence,), (Table("modes", table, columns),))


def missing_section(title: str, reason: str) -> Section:
    """Say why a question has no answer from these votes."""
    return Section(title, (f"Not computed: {reason}",))


def present(columns: Iterable[object], known: Sequence[str]) -> list[str]:
    """Return which of the known columns a file has, in their order."""
    return [name for name in known if name in set(map(str, columns))]
