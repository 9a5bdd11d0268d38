"""From votes to ratings: the one call that other rooms make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from elo.arguments import (
    BothBad,
    Circumstance,
    Cluster,
    Correction,
    Intervals,
    Resampling,
    Separation,
    Ties,
    VarianceFloor,
    Weighting,
)
from elo.arrays import Floats
from elo.intervals.bootstrap import Bootstrap
from elo.intervals.bootstrap import bootstrap as resample
from elo.intervals.covariance import (
    Covariance,
    clustered,
    independent,
    model_based,
    of_draws,
    without_intervals,
)
from elo.intervals.grouped import NeedsVotes, grouped_covariance
from elo.intervals.scores import Fitted
from elo.method import Diagnostics, Method
from elo.models.cells import Cells, cells_of_tally, cells_of_votes
from elo.models.grouped import GroupedVotes
from elo.models.identification import NotIdentified
from elo.models.newton import Problem
from elo.models.separation import solve
from elo.models.specification import Specification
from elo.options import ELO_SCALE, Settings, Uncertainty
from elo.ratings import Ratings, whole
from elo.unrated import Scale, Unrated, limits, rated_contenders, reason
from elo.votes.table import Votes
from elo.votes.tally import Tally

__all__ = ["ELO_SCALE", "fit"]

Column: TypeAlias = NDArray[np.integer]
"""Each row's cluster, shape (N,)."""


def fit(
    votes: Votes | Tally | GroupedVotes,
    *,
    ties: Ties = "half",
    effects: Sequence[Circumstance] = (),
    covariates: Sequence[str] = (),
    both_bad: BothBad = "tie",
    tie_effects: Sequence[Literal["prompt"]] = (),
    tie_precision: float = 1.0,
    clusters: Sequence[Cluster] = (),
    intervals: Intervals = "sandwich",
    correction: Correction = "CR3",
    variance_floor: VarianceFloor = "auto",
    ridge: float = 0.0,
    separation: Separation = "apart",
    weighting: Weighting = "votes",
    rounds: int = 1000,
    seed: int = 0,
    bootstrap: Resampling = "resample",
    anchor: tuple[str, float] | None = None,
    scale: float = ELO_SCALE,
    level: float = 0.95,
) -> Ratings:
    """Rate contenders by maximum likelihood, with intervals that allow for shared raters and prompts.

    `Specification`, `Uncertainty` and `Settings` say more of each argument.

    Args:
        votes: the votes that count; or their tally, which knows no clusters and of circumstances the side; or
            counts by cluster.
        ties: how a tie enters: as half a win to each side, by a model of ties, or not at all.
        effects: circumstances that help a contender: `side` (shown left), `order` (played first).
        covariates: columns of the votes' covariates, differences of clips' features.
        both_bad: `tie`: as ties are treated; `drop`: left out; `floor`: competes with both contenders.
        tie_effects: `prompt`: the inclination to tie differs by prompt.
        tie_precision: precision of the normal prior of a prompt's deviation, 1 / log-odds^2.
        clusters: what makes votes depend on each other, of `prompt` and `rater`; () is for nothing.
        intervals: `sandwich`, `model` (inverse information), `bootstrap` or `none`.
        correction: correction of clustered sandwiches for few clusters.
        variance_floor: whether variances of a sandwich or bootstrap have a floor.
        ridge: precision of a normal prior on the strengths about their mean, 1 / log-odds^2.
        separation: what to do about votes without a finite maximum.
        weighting: `votes` count alike, or by `propensity` as if all pairs had been equally likely.
        rounds: rounds of the bootstrap.
        seed: seed of the bootstrap.
        bootstrap: `resample`: draw votes or clusters with replacement; `bayesian`: exponential weights.
        anchor: a contender and its rating, from which intervals are; None: from the mean, which is 1000.
        scale: rating points for one unit of log-odds.
        level: probability that an interval covers.

    Raises:
        NotIdentified: no two contenders, or with `error` not all, have finite ratings; names those at fault.
        NotConverged: the optimiser did not meet its tolerance.
        ValueError: an argument is not allowed, or needs a column or clusters that the votes lack.
    """
    model = Specification(ties, both_bad, effects, covariates, tie_effects, ridge, tie_precision)
    errors = Uncertainty(clusters, intervals, correction, variance_floor, bootstrap, rounds, seed)
    return rate(votes, Settings(model, errors, separation, weighting, anchor, scale, level))


def rate(votes: Votes | Tally | GroupedVotes, settings: Settings) -> Ratings:
    """Rate contenders as the settings say; arguments and errors are those of `fit`."""
    if isinstance(votes, GroupedVotes):
        return _rated_from_groups(votes, settings) or rate(votes.rows(), settings)
    settings.check(votes)
    tally = votes if isinstance(votes, Tally) else votes.tally()
    cells = _cells(votes, tally, settings)
    problem = settings.specification.problem(cells)
    if settings.separation == "apart":
        rated = rated_contenders(problem)
        if 1 < len(rated) < len(votes.contenders):
            return _rated_apart(votes, tally, problem, rated, settings)
    return _rated(votes, tally, cells, problem, settings)


def _rated_from_groups(votes: GroupedVotes, settings: Settings) -> Ratings | None:
    """Rate contenders by counts alone; None where that takes the votes."""
    asked, tally = settings.uncertainty, votes.counts
    if not _suits(votes, settings):
        return None
    replace(settings, uncertainty=replace(asked, clusters=())).check(tally)
    cells = cells_of_tally(tally)
    problem = settings.specification.problem(cells)
    if len(rated_contenders(problem)) < len(votes.contenders):
        return None
    solution, handled = solve(problem, votes.contenders, settings.separation)
    fitted = Fitted(problem, solution, cells, settings.specification.labels)
    try:
        errors = grouped_covariance(fitted, votes, asked.clusters, asked.correction, floored=asked.floored)
    except NeedsVotes:
        return None
    return _ratings(votes, tally, fitted, settings, errors, handled)


def _suits(votes: GroupedVotes, settings: Settings) -> bool:
    """Return whether counts by cluster are enough for a fit with these settings."""
    asked = settings.uncertainty
    return (
        asked.intervals == "sandwich"
        and bool(asked.clusters)
        and set(asked.clusters) <= set(get_args(Cluster))
        and settings.specification == votes.specification
        and settings.weighting == "votes"
        and settings.separation in ("apart", "error")
    )


def _rated_apart(
    votes: Votes | Tally, tally: Tally, problem: Problem, rated: NDArray[np.intp], settings: Settings
) -> Ratings:
    """Rate some contenders by the votes between them, and name the others."""
    others = np.setdiff1d(np.arange(len(votes.contenders)), rated)
    if settings.anchor is not None and (place := votes.contenders.index(settings.anchor[0])) in others:
        raise NotIdentified(
            f"anchor={settings.anchor[0]!r} must have a finite rating, and has none: "
            f"{reason(problem, place, rated)}. "
            f"Anchor on one of: {', '.join(votes.contenders[i] for i in rated)}."
        )
    part = votes.among(rated)
    settings.check(part)
    cells = _cells(part, part_tally := tally.among(rated), settings)
    ratings = _rated(part, part_tally, cells, settings.specification.problem(cells), settings)
    unrated = tuple(_unrated(tally, problem, place, rated, ratings) for place in others.tolist())
    named = ", ".join(each.contender for each in unrated)
    diagnostics = replace(ratings.diagnostics, separation=f"left without a finite rating: {named}")
    return replace(ratings, unrated=unrated, diagnostics=diagnostics)


def _unrated(
    tally: Tally, problem: Problem, place: int, rated: NDArray[np.intp], ratings: Ratings
) -> Unrated:
    reference = np.zeros(len(tally.contenders))
    reference[rated] = ratings.reference
    value = float(ratings.ratings @ ratings.reference)
    asked = ratings.method.asked
    scale = Scale(value, asked.scale, reference, asked.level)
    counts = (tally.votes, tally.wins, tally.losses, tally.ties, tally.both_bad)
    return Unrated(
        tally.contenders[place],
        reason(problem, place, rated),
        *limits(problem, place, rated, scale),
        *(whole(float(count[place])) for count in counts),
    )


def _rated(votes: Votes | Tally, tally: Tally, cells: Cells, problem: Problem, settings: Settings) -> Ratings:
    """Rate all contenders of these votes."""
    solution, handled = solve(problem, votes.contenders, settings.separation)
    fitted = Fitted(problem, solution, cells, settings.specification.labels)
    asked = settings.uncertainty
    columns: dict[str, Column] = {name: getattr(votes, name) for name in asked.clusters}
    drawn = _drawn(fitted, settings, columns) if asked.intervals == "bootstrap" else None
    if drawn is None:
        errors = _errors(fitted, asked, columns)
    else:
        errors = of_draws(fitted, drawn.covariance, drawn.recipe, columns, floored=asked.floored)
    return replace(_ratings(votes, tally, fitted, settings, errors, handled), draws=drawn)


def _ratings(
    votes: Votes | Tally | GroupedVotes,
    tally: Tally,
    fitted: Fitted,
    settings: Settings,
    errors: Covariance,
    handled: str,
) -> Ratings:
    solution = fitted.solution
    return Ratings(
        contenders=votes.contenders,
        strengths=solution.strengths,
        errors=errors,
        tally=tally,
        method=Method(settings, errors.recipe),
        diagnostics=_diagnostics(fitted, votes, errors, handled),
        parameters=dict(zip(fitted.problem.names, solution.extras.tolist(), strict=True)),
    )


def _cells(votes: Votes | Tally, tally: Tally, settings: Settings) -> Cells:
    specification = settings.specification
    errors = settings.uncertainty
    rows = bool(errors.clusters) and errors.intervals in ("sandwich", "bootstrap")
    by_prompt = bool(specification.tie_effects)
    importance = _importance(votes) if settings.weighting == "propensity" else None
    apart = rows or by_prompt or bool(specification.regressors) or importance is not None
    if isinstance(votes, Tally) or not apart:
        return cells_of_tally(tally, specification.regressors)
    return cells_of_votes(
        votes, specification.regressors, by_prompt=by_prompt, importance=importance, rows=rows
    )


def _importance(votes: Votes | Tally) -> Floats:
    """Return inverse propensities with mean one over votes, shape (N,) (Horvitz and Thompson 1952)."""
    propensity = None if isinstance(votes, Tally) else votes.propensity
    if propensity is None or isinstance(votes, Tally):
        raise ValueError("weighting='propensity' needs votes with a column propensity, and there is none.")
    inverse = 1 / propensity
    importance: Floats = inverse * float(votes.weight.sum() / (votes.weight @ inverse))
    return importance


def _errors(fitted: Fitted, asked: Uncertainty, columns: Mapping[str, Column]) -> Covariance:
    if asked.intervals == "none":
        return without_intervals(fitted)
    if asked.intervals == "model":
        return model_based(fitted)
    if not columns:
        return independent(fitted, floored=asked.floored)
    return clustered(fitted, columns, asked.correction, floored=asked.floored)


def _drawn(fitted: Fitted, settings: Settings, columns: Mapping[str, Column]) -> Bootstrap:
    return resample(
        settings.specification,
        fitted.cells,
        fitted.solution,
        clusters=columns,
        kind=settings.uncertainty.bootstrap,
        rounds=settings.uncertainty.rounds,
        seed=settings.uncertainty.seed,
    )


def _diagnostics(
    fitted: Fitted, votes: Votes | Tally | GroupedVotes, errors: Covariance, handled: str
) -> Diagnostics:
    known = None if isinstance(votes, Tally) else votes
    return Diagnostics(
        iterations=fitted.solution.iterations,
        gradient=fitted.solution.gradient,
        votes=whole(float(fitted.cells.counts.sum())),
        prompts=known.prompts if known else None,
        raters=known.raters if known else None,
        clusters=dict(errors.clusters),
        degrees_of_freedom=errors.degrees_of_freedom,
        design_effect=_design_effect(fitted, errors) if errors.clusters else None,
        separation=handled,
        alone=dict(errors.alone),
        notes=votes.notes,
    )


def _design_effect(fitted: Fitted, errors: Covariance) -> float | None:
    """Median over contenders that compare of the variance as estimated over that of independent votes."""
    among = errors.comparable
    about_mean = (np.eye(len(among)) - among / among.sum())[among]
    if errors.independent is None:
        votes_alone = independent(fitted, floored=False)
    else:
        votes_alone = replace(errors, matrix=errors.independent, floors=())
    plain = votes_alone.variances(about_mean)
    return float(np.median(errors.variances(about_mean) / plain)) if (plain > 0).all() else None
