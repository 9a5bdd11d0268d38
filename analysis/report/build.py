"""From rated votes to a report: which sections it has, in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from analysis.published import PublishedBoard
from analysis.report import board_sections as board
from analysis.report import comparison_sections as comparisons
from analysis.report import vote_sections as votes
from analysis.report.parts import Report, Section, counted, number
from analysis.subject import Subject
from analysis.tables.costs import Costs, check_costs
from analysis.tables.planning import GAPS
from analysis.tables.slices import KNOWN
from elo.models.specification import Specification

EFFECTS = {"side": "the side", "order": "the order of play"}
"""Names for people of the circumstances that a fit can hold equal."""
Named: TypeAlias = tuple[str, Callable[[Subject], Section]]
"""A section's title and the function that builds it."""

SECTIONS: tuple[Named, ...] = (
    ("What these votes show", board.conclusions_section),
    ("What they do not show", board.limits_section),
    ("Leaderboard", board.board_section),
    ("Win matrix", board.matrix_section),
    ("Ranks", board.ranks_section),
    ("Rating history", comparisons.history_section),
    ("What clustering changes", comparisons.clustering_section),
    ("Planning", board.planning_section),
    ("Fragility", votes.fragility_section),
    ("Side and order", votes.effects_section),
    ("Ties", votes.ties_section),
    ("Agreement between raters", votes.agreement_section),
    ("Self-consistency", votes.consistency_section),
    ("Prompts", votes.prompts_section),
)
"""Sections of every report, with their titles."""


FINEST = 50
"""Rating points of one unit of log-odds below which whole points say too little."""


def build_report(
    subject: Subject,
    *,
    title: str = "Ratings",
    slices: Sequence[str] | None = None,
    gaps: Sequence[float] = GAPS,
    costs: Costs | None = None,
    published: Sequence[PublishedBoard] = (),
) -> Report:
    """Build the report on rated votes.

    A section that these votes cannot fill says why in place of its numbers.

    Args:
        subject: the rated votes.
        title: title of the report.
        slices: columns of the file to slice by; None for those of `analysis.tables.slices.KNOWN` that vary.
        gaps: true gaps to plan for, in rating points.
        costs: prices of a vote and of a prompt; None to plan without prices.
        published: boards of others to set beside.

    Raises:
        ValueError: a column to slice by is not in the file, a gap or price is not above 0, or the scale of
            the ratings is too fine.
    """
    if subject.scale < FINEST:
        raise ValueError(
            f"scale must be at least {FINEST} for a report, which rounds to whole points; "
            f"got {subject.scale:g}. Rate without scale."
        )
    _check_plan(gaps, costs)
    asked = _sliceable(subject) if slices is None else list(slices)
    for column in asked:
        if column not in subject.frame.columns:
            known = ", ".join(map(str, subject.frame.columns))
            raise ValueError(f"Slices must be columns of the votes; got {column!r}. Known: {known}.")
    named: list[Named] = [
        *(_with_plan(each, gaps, costs) for each in SECTIONS),
        *((f"Slices by {column}", partial(votes.slices_section, column=column)) for column in asked),
    ]
    if subject.every_mode is not None:
        named.append(("Picture and sound", votes.modes_section))
    for number_of, each in enumerate(published, start=1):
        stem = f"published-{number_of}"
        named.append((f"Beside {each.name}", partial(comparisons.published_section, board=each, stem=stem)))
    if subject.votes.covariates:
        named.append(("Covariates held equal", votes.covariates_section))
    sections = tuple(_section(name, build, subject) for name, build in named)
    return Report(title, _summary(subject), (*sections, _method(subject)))


def _sliceable(subject: Subject) -> list[str]:
    """Return the known columns for slices that have several values."""
    columns = votes.present(subject.frame.columns, KNOWN)
    return [column for column in columns if subject.frame[column].astype(str).nunique() > 1]


def _check_plan(gaps: Sequence[float], costs: Costs | None) -> None:
    if not gaps or not all(0 < gap < float("inf") for gap in gaps):
        shown = ", ".join(f"{gap:g}" for gap in gaps) or "none"
        raise ValueError(f"--gaps must be rating points above 0; got {shown}.")
    if costs is not None:
        check_costs(costs)


def _with_plan(named: Named, gaps: Sequence[float], costs: Costs | None) -> Named:
    title, build = named
    if build is not board.planning_section:
        return named
    return title, partial(board.planning_section, gaps=gaps, costs=costs)


def _section(title: str, build: Callable[[Subject], Section], subject: Subject) -> Section:
    try:
        return build(subject)
    except (ValueError, ArithmeticError) as error:
        return votes.missing_section(title, str(error))


def _summary(subject: Subject) -> tuple[str, ...]:
    diagnostics = subject.ratings.diagnostics
    counts = [f"{number(diagnostics.votes)} votes", f"{len(subject.names)} contenders"]
    counts += [
        f"{number(count)} {name}"
        for name, count in (("raters", diagnostics.raters), ("prompts", diagnostics.prompts))
        if count is not None
    ]
    return (f"{', '.join(counts)}.", *_unlisted(subject), *_simulated(subject), *diagnostics.notes)


def _unlisted(subject: Subject) -> tuple[str, ...]:
    left_out = len(subject.ratings.contenders) - len(subject.names)
    if not left_out:
        return ()
    return (
        f"{counted(left_out, 'further contender')} with fewer votes, raters or prompts than the study asks "
        "for: not listed here, and rated with the others.",
    )


def _simulated(subject: Subject) -> tuple[str, ...]:
    if "simulated" not in subject.frame.columns:
        return ()
    flags = subject.frame["simulated"].astype(str).str.lower().isin(("true", "1"))
    if not flags.any():
        return ()
    return (f"{number(int(flags.sum()))} of {number(len(flags))} votes are simulated: no people cast them.",)


def _model(asked: Specification) -> str:
    """Return how ties and both-bad votes count, and what is held equal."""
    held = [EFFECTS.get(name, name.replace("_", " ")) for name in asked.regressors]
    parts = [f"ties: {asked.ties}", f"both bad: {asked.both_bad}"]
    return "; ".join(parts + ([f"held equal: {', '.join(held)}"] if held else []))


def _method(subject: Subject) -> Section:
    method = subject.ratings.method
    scale = f"One unit of log-odds is {subject.scale:.2f} rating points"
    anchor = method.asked.anchor
    zero = f"{anchor[0]} is fixed at {anchor[1]:g}" if anchor else "the mean rating is 1000"
    return Section(
        "Method",
        (
            f"Model: {method.model}; {_model(method.asked.specification)}.",
            method.estimand,
            f"Intervals: {100 * subject.level:g} %, {method.covariance}.",
            f"{scale}, and {zero}. Seed of all that is drawn: {subject.seed}.",
        ),
    )
