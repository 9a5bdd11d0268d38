"""From votes to ratings: the one call that other rooms make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

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
    several,
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
from elo.intervals.scores import Fitted
from elo.models.cells import Cells, cells_of_tally, cells_of_votes
from elo.models.identification import NotIdentified
from elo.models.newton import Problem
from elo.models.separation import solve
from elo.models.specification import Specification
from elo.options import ELO_SCALE, Settings
from elo.ratings import Diagnostics, Method, Ratings, whole
from elo.unrated import Scale, Unrated, limits, rated_contenders, reason
from elo.votes.table import Votes
from elo.votes.tally import Tally

__all__ = ["ELO_SCALE", "fit"]

Column: TypeAlias = NDArray[np.integer]
"""Each row's cluster, shape (N,)."""


def fit(
    votes: Votes | Tally,
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

    Args:
        votes: the votes that count, or their tally, which knows of no clusters and no circumstances but side.
        ties: `half`: a tie is half a win to each side; `davidson` and `rao-kupper` model ties; `drop` leaves
            them out.
        effects: circumstances that help a contender: `side` (shown left), `order` (played first).
        covariates: columns of the votes' covariates, differences of clips' features.
        both_bad: `tie`: as ties are treated; `drop`: left out; `floor`: competes with both contenders.
        tie_effects: `prompt`: the inclination to tie differs by prompt.
        tie_precision: of the normal prior of a prompt's deviation, 1 / log-odds^2.
        clusters: what makes votes depend on each other, of `prompt` and `rater`; () is for nothing.
        intervals: `sandwich`, `model` (inverse information), `bootstrap` or `none`.
        correction: of clustered sandwiches for few clusters: `CR3`, `CR1` or `CR0`.
        variance_floor: `on`: no variance of a sandwich or bootstrap falls below the one-way ones, that of
            independent votes, and the model's where votes or clusters are few; `off`; `auto` is on, but off
            for the corrections CR0 and CR1, which are then those of other packages.
        ridge: precision of a normal prior on the strengths about their mean, 1 / log-odds^2.
        separation: without a finite maximum, `apart`: rate the largest group of contenders that the votes
            hold together, and name the others in `Ratings.unrated`; `error`, `firth` or `bounded`.
        weighting: `votes` count alike, or by `propensity` count as if all pairs had been equally likely.
        rounds: of the bootstrap.
        seed: of the bootstrap.
        bootstrap: `resample`: votes or clusters are drawn with replacement; `bayesian`: exponential weights.
        anchor: a contender and the rating to give it; intervals are then of differences from it. None centres
            the ratings on 1000, and intervals are of differences from the mean.
        scale: rating points for one unit of log-odds.
        level: probability that an interval covers.

    Raises:
        NotIdentified: no two contenders, or with `error` not all, have finite ratings; names the contenders
            or parameters at fault.
        NotConverged: the optimiser did not meet its tolerance.
        ValueError: an argument is not among what is allowed, the votes lack a column that it needs, or a
            cluster column has a single cluster.
    """
    settings = Settings(
        specification=Specification(
            ties,
            both_bad,
            several("effects", effects),
            several("covariates", covariates),
            several("tie_effects", tie_effects),
            ridge,
            tie_precision,
        ),
        clusters=several("clusters", clusters),
        intervals=intervals,
        correction=correction,
        variance_floor=variance_floor,
        separation=separation,
        weighting=weighting,
        rounds=rounds,
        seed=seed,
        bootstrap=bootstrap,
        anchor=anchor,
        scale=scale,
        level=level,
    )
    settings.check(votes)
    tally = votes if isinstance(votes, Tally) else votes.tally()
    cells = _cells(votes, tally, settings)
    problem = settings.specification.problem(cells)
    if separation == "apart" and 1 < len(rated := rated_contenders(problem)) < len(votes.contenders):
        return _rated_apart(votes, tally, problem, rated, settings)
    return _rated(votes, tally, cells, problem, settings)


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
    scale = Scale(value, ratings.method.scale, reference, ratings.method.level)
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
    columns: dict[str, Column] = {name: getattr(votes, name) for name in settings.clusters}
    drawn = _drawn(fitted, settings, columns) if settings.intervals == "bootstrap" else None
    if drawn is None:
        errors = _errors(fitted, settings, columns)
    else:
        errors = of_draws(fitted, drawn.covariance, drawn.recipe, columns, floored=settings.floored)
    return Ratings(
        contenders=votes.contenders,
        strengths=solution.strengths,
        errors=errors,
        tally=tally,
        method=_method(settings, errors),
        diagnostics=_diagnostics(fitted, votes, errors, handled),
        parameters=dict(zip(problem.names, solution.extras.tolist(), strict=True)),
        draws=drawn,
    )


def _cells(votes: Votes | Tally, tally: Tally, settings: Settings) -> Cells:
    specification = settings.specification
    rows = bool(settings.clusters) and settings.intervals in ("sandwich", "bootstrap")
    by_prompt = bool(specification.tie_effects)
    importance = _importance(votes) if settings.weighting == "propensity" else None
    apart = rows or by_prompt or bool(specification.regressors) or importance is not None
    if isinstance(votes, Tally) or not apart:
        return cells_of_tally(tally, specification.regressors)
    return cells_of_votes(
        votes, specification.regressors, by_prompt=by_prompt, importance=importance, rows=rows
    )


def _importance(votes: Votes | Tally) -> Floats:
    """Shape (N,): inverse propensities with a mean of one over all votes (Horvitz and Thompson 1952)."""
    propensity = None if isinstance(votes, Tally) else votes.propensity
    if propensity is None or isinstance(votes, Tally):
        raise ValueError("weighting='propensity' needs votes with a column propensity, and there is none.")
    inverse = 1 / propensity
    importance: Floats = inverse * float(votes.weight.sum() / (votes.weight @ inverse))
    return importance


def _errors(fitted: Fitted, settings: Settings, columns: Mapping[str, Column]) -> Covariance:
    if settings.intervals == "none":
        return without_intervals(fitted)
    if settings.intervals == "model":
        return model_based(fitted)
    if not columns:
        return independent(fitted, floored=settings.floored)
    return clustered(fitted, columns, settings.correction, floored=settings.floored)


def _drawn(fitted: Fitted, settings: Settings, columns: Mapping[str, Column]) -> Bootstrap:
    return resample(
        settings.specification,
        fitted.cells,
        fitted.solution,
        clusters=columns,
        kind=settings.bootstrap,
        rounds=settings.rounds,
        seed=settings.seed,
    )


def _method(settings: Settings, errors: Covariance) -> Method:
    asked = settings.specification
    return Method(
        model=asked.model,
        ties=asked.ties,
        both_bad=asked.both_bad,
        effects=asked.effects,
        covariates=asked.covariates,
        tie_effects=asked.tie_effects,
        tie_precision=asked.tie_precision if asked.tie_effects else None,
        ridge=asked.ridge,
        estimand=asked.estimand,
        separation=settings.separation,
        weighting=settings.weighting,
        intervals=settings.intervals,
        covariance=errors.recipe,
        correction=settings.correction if errors.clusters and settings.intervals == "sandwich" else None,
        variance_floor=_floor_used(settings),
        bootstrap=settings.bootstrap if settings.intervals == "bootstrap" else None,
        rounds=settings.rounds if settings.intervals == "bootstrap" else None,
        seed=settings.seed if settings.intervals == "bootstrap" else None,
        clusters=settings.clusters,
        level=settings.level,
        scale=settings.scale,
        anchor=settings.anchor,
    )


def _floor_used(settings: Settings) -> VarianceFloor | None:
    if settings.intervals not in ("sandwich", "bootstrap"):
        return None
    return "on" if settings.floored else "off"


def _diagnostics(fitted: Fitted, votes: Votes | Tally, errors: Covariance, handled: str) -> Diagnostics:
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
    plain = independent(fitted, floored=False).variances(about_mean)
    return float(np.median(errors.variances(about_mean) / plain)) if (plain > 0).all() else None
