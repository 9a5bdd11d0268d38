"""Sections on the ratings themselves, and on what it would take to tell contenders apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.board import MINIMUM
from analysis.figures import charts
from analysis.report.parts import (
    Row,
    Section,
    Table,
    TableColumn,
    counted,
    limits,
    number,
    percent,
    points,
    ranks,
    records,
    words,
)
from analysis.subject import Subject
from analysis.tables.costs import Costs, cheapest_plans
from analysis.tables.leaderboard import leaderboard, rank_probabilities, win_matrix
from analysis.tables.planning import GAPS, POWER, power, steps

if TYPE_CHECKING:
    import pandas as pd

MOST_GROWTH = 100
"""Factor of votes, raters and prompts beyond which a study is out of reach."""
WIDE = 14
"""Most contenders whose square tables are shown beside their figures."""
NAMED = 6
"""Most pairs or contenders that a sentence lists."""


def board_section(subject: Subject) -> Section:
    """Build the leaderboard with its forest plot."""
    board = leaderboard(subject)
    sensitivity = board["without_unreliable"].notna().any()
    preliminary = board.loc[board["preliminary"], "contender"].tolist()
    sentences = [f"{each.contender} has no finite rating: {each.reason}." for each in subject.board.unrated]
    if preliminary:
        sentences.append(
            f"Preliminary, with fewer than {MINIMUM.votes} votes, {MINIMUM.raters} raters or "
            f"{MINIMUM.prompts} "
            f"prompts: {listed(preliminary)}."
        )
    if sensitivity:
        moved = (board["without_unreliable"] - board["rating"]).abs().max()
        sentences.append(
            "The last column weighs raters by their estimated reliability, on the same spread of ratings. "
            "It moves "
            "no rating by more than "
            f"{number(moved)} points, and it is a check that decides no rank."
        )
    table = leaderboard_table(board, subject.level)
    return Section("Leaderboard", tuple(sentences), (table,), (charts.forest(board, subject.level),))


def leaderboard_table(board: pd.DataFrame, level: float) -> Table:
    """Return a leaderboard with the columns that readers see and of which something is known."""
    optional = (("raters", "raters"), ("prompts", "prompts"), ("without_unreliable", "by reliability"))
    columns = (
        ranks("rank"),
        words("contender", "contender"),
        points("rating", "rating"),
        limits(f"{100 * level:g} % interval"),
        points("tier", "tier"),
        percent("win_share", "wins"),
        percent("tie_share", "ties"),
        percent("both_bad_share", "both bad"),
        points("votes", "votes"),
        *(points(name, heading) for name, heading in optional if name in board and board[name].notna().any()),
    )
    return Table("leaderboard", board, columns)


def conclusions_section(subject: Subject) -> Section:
    """Say which neighbours on the board the votes tell apart, and what the others need."""
    table = steps(subject)
    columns = (
        words("above", "above"),
        words("below", "below"),
        points("gap", "gap"),
        limits("interval, all pairs together"),
        TableColumn("told apart", lambda row: "yes" if row["distinct"] else "no", is_text=True),
        needed("votes_needed", "votes needed"),
        needed("raters_needed", "or raters"),
        needed("prompts_needed", "or prompts"),
    )
    distinct = [_pair(row) for row in records(table) if row["distinct"]]
    sentences = [_leader(subject)]
    if table.empty:
        return Section("What these votes show", tuple(sentences))
    if distinct:
        sentences.append(
            f"These votes tell apart {len(distinct)} of {counted(len(table), 'pair')} of neighbours: "
            f"{listed(distinct)}."
        )
    else:
        sentences.append(f"These votes tell apart none of the {counted(len(table), 'pair')} of neighbours.")
    sentences += _tiers(subject)
    return Section("What these votes show", tuple(sentences), (Table("steps", table, columns),))


def _tiers(subject: Subject) -> list[str]:
    """Say which groups of contenders are distinct as wholes."""
    groups: dict[int, list[str]] = {}
    for row in subject.board.rows:
        groups.setdefault(row.tier, []).append(row.contender)
    if len(groups) < 2:
        return ["No group of contenders is distinctly above all others: the board has one tier."]
    shown = "; ".join(f"tier {tier}: {listed(names)}" for tier, names in groups.items())
    return [f"Everyone in a tier is distinctly above everyone in the next. {shown[0].upper()}{shown[1:]}."]


def limits_section(subject: Subject) -> Section:
    """Say what these votes leave open, and what they cannot tell at all."""
    undecided = [row for row in records(steps(subject)) if not row["distinct"]]
    sentences = [_open_step(subject, row) for row in undecided[:NAMED]]
    if len(undecided) > NAMED:
        sentences.append(
            f"{counted(len(undecided) - NAMED, 'more pair')} of neighbours are not told apart; the table "
            "above has them."
        )
    sentences += _undetectable(subject)
    sentences += _cautions(subject)
    return Section("What they do not show", tuple(sentences))


def _undetectable(subject: Subject) -> list[str]:
    reach = detectable(subject)
    if not np.isfinite(reach):
        return []
    return [
        f"Votes like these find a true gap of less than {number(reach)} points between a typical pair with "
        f"less than {100 * POWER:.0f} % power: contenders that are not told apart need not be equal."
    ]


def needed(name: str, heading: str) -> TableColumn:
    """Show a number that a step needs, or that it needs no more."""
    return TableColumn(heading, lambda row: "enough" if row["distinct"] else number(row[name]))


def _pair(row: Row) -> str:
    return f"{row['above']} over {row['below']} by {number(row['gap'])}"


def _leader(subject: Subject) -> str:
    first = subject.board.rows[0]
    place = subject.ratings.contenders.index(first.contender)
    if len(subject.names) == 1:
        return f"{first.contender} is the only contender that is listed."
    lower, _ = subject.ratings.simultaneous()
    others = [i for i in subject.order.tolist() if i != place]
    beaten = int((lower[place, others] > 0).sum())
    if beaten == len(others):
        return f"{first.contender} leads: its rating is above that of every other contender."
    return (
        f"{first.contender} has the highest rating, but these votes do not show that it is the best: it is "
        f"distinctly above {beaten} of {len(others)} others, and its rank is between {first.rank_low} and "
        f"{first.rank_high}."
    )


def _open_step(subject: Subject, row: Row) -> str:
    pair = f"{row['above']} and {row['below']}"
    gap = f"{number(row['gap'])} points ({number(row['lower'])} to {number(row['upper'])})"
    have = number(subject.ratings.diagnostics.votes)
    if np.isfinite(row["votes_needed"]):
        needed = f"about {number(row['votes_needed'])} votes in all (now {have})"
    elif row["growth"] <= MOST_GROWTH:
        needed = (
            f"about {row['growth']:.1f} times the votes, raters and prompts; more votes alone do not suffice"
        )
    else:
        return f"{pair} are not told apart: {gap}. So small a gap is out of reach of any study of this kind."
    return f"{pair} are not told apart: {gap}. If the gap is what it seems, it takes {needed}."


def _cautions(subject: Subject) -> list[str]:
    diagnostics = subject.ratings.diagnostics
    found = []
    for name, count, least in (("raters", diagnostics.raters, 15), ("prompts", diagnostics.prompts, 50)):
        if count is None:
            found.append(
                f"Caution: the votes do not record {name}, so intervals take votes of the same "
                f"{name[:-1]} as independent and are too narrow."
            )
        elif count < least:
            found.append(
                f"Caution: there are only {count} {name}; what holds for them may not hold for others, and "
                f"{least} or more are advisable."
            )
    return found


def matrix_section(subject: Subject) -> Section:
    """Show who wins against whom."""
    wins = win_matrix(subject)
    met = subject.ratings.tally.met[np.ix_(subject.order, subject.order)]
    never = int((met == 0).sum() - len(met)) // 2
    sentences = () if not never else (f"{never} pairs never met; ratings compare them through others.",)
    shown = wins.rename_axis("contender").reset_index()
    columns = (words("contender", "contender"), *(percent(name, name) for name in wins.columns))
    return Section(
        "Win matrix",
        sentences,
        (Table("win-matrix", shown, columns, is_shown=len(wins) <= WIDE),),
        (charts.matrix(wins),),
    )


def ranks_section(subject: Subject) -> Section:
    """Show the probability of each rank."""
    probabilities = rank_probabilities(subject)
    first = probabilities[1].sort_values(ascending=False)
    likely = [f"{name} {number(100 * share)} %" for name, share in first.items() if share >= 0.01][:NAMED]
    sentence = f"Probability of the first rank: {listed(likely)}."
    shown = probabilities.rename_axis("contender").reset_index()
    columns = (
        words("contender", "contender"),
        *(percent(str(rank), str(rank)) for rank in probabilities.columns),
    )
    table = Table("rank-probabilities", shown, columns, is_shown=len(shown) <= WIDE)
    return Section("Ranks", (sentence,), (table,), (charts.ranks(probabilities),))


def planning_section(subject: Subject, gaps: Sequence[float] = GAPS, costs: Costs | None = None) -> Section:
    """Say how many votes, raters and prompts show a gap, and what the cheapest of them cost."""
    plan = power(subject, gaps)
    columns = (
        points("gap", "true gap"),
        points("head_to_head", "votes, two contenders alone"),
        points("votes", "votes, this study"),
        points("raters", "or raters"),
        points("prompts", "or prompts"),
        TableColumn("all grow by", lambda row: _times(row["growth"])),
    )
    sentences = (*_design_effect(subject), *_detectable(subject))
    tables = [Table("power", plan, columns)]
    if costs is not None:
        bought = cheapest_plans(subject, costs, gaps)
        tables.append(_cost_table(bought))
        sentences = (*sentences, _cost_sentence(bought, costs))
    return Section("Planning", sentences, tuple(tables), (charts.power_curve(plan),))


def _cost_table(plan: pd.DataFrame) -> Table:
    columns = (
        points("gap", "true gap"),
        points("votes", "cheapest: votes"),
        points("raters", "raters"),
        points("prompts", "prompts"),
        points("cost", "cost of what is added"),
    )
    return Table("costs", plan, columns)


def _cost_sentence(plan: pd.DataFrame, costs: Costs) -> str:
    row = records(plan)[len(plan) // 2]
    return (
        f"At {costs.vote:g} for a vote and {costs.prompt:g} for a prompt's clips, the cheapest study that "
        f"shows a true gap of {number(row['gap'])} points has {number(row['votes'])} votes, "
        f"{number(row['raters'])} raters and {number(row['prompts'])} prompts. It adds "
        f"{number(row['cost'])} to what was spent."
    )


def _times(growth: float) -> str:
    return f"× {growth:.1f}" if np.isfinite(growth) else "–"


def _design_effect(subject: Subject) -> list[str]:
    effect = subject.ratings.diagnostics.design_effect
    if effect is None:
        return []
    votes = float(subject.ratings.diagnostics.votes)
    return [
        f"Design effect: sharing {' and '.join(subject.clusters)}s makes the variance {effect:.1f} times "
        f"that of "
        f"independent votes, so that {number(votes)} votes tell as much as {number(votes / effect)} "
        f"independent ones."
    ]


def detectable(subject: Subject) -> float:
    """Return the true gap between a typical pair that such votes show with 80 % power, in rating points."""
    errors = np.sqrt(np.maximum(subject.ratings.errors.difference_variances(), 0))
    typical = subject.scale * float(np.median(errors[~np.eye(len(errors), dtype=bool)]))
    reach = subject.ratings.errors.quantile((1 - subject.level) / 2) + subject.ratings.errors.quantile(
        1 - POWER
    )
    return float(reach * typical)


def _detectable(subject: Subject) -> list[str]:
    reach = detectable(subject)
    if not np.isfinite(reach):
        return []
    return [
        f"As it stands, this study shows a true gap of {number(reach)} points between a typical pair with "
        f"{100 * POWER:.0f} % power."
    ]


def listed(names: Sequence[str], most: int = NAMED) -> str:
    """Join names by commas and `and`; many are cut with their number."""
    shown = [str(name) for name in names]
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
