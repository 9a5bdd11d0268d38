"""From votes to ratings: the one call that other rooms make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from elo.intervals.bootstrap import Bootstrap
from elo.intervals.bootstrap import bootstrap as resample
from elo.intervals.resampling import Kind
from elo.intervals.sandwich import (
    Covariance,
    clustered,
    covariance_of,
    independent,
    model_based,
    without_intervals,
)
from elo.intervals.scores import Fitted
from elo.models.cells import Cells, cells_of_tally, cells_of_votes
from elo.models.separation import solve
from elo.models.specification import Specification
from elo.names import several
from elo.ratings import Diagnostics, Method, Ratings, whole
from elo.settings import ELO_SCALE, Settings
from elo.votes.table import Votes
from elo.votes.tally import Floats, Tally

__all__ = ["ELO_SCALE", "fit"]

Column: TypeAlias = NDArray[np.integer]
"""Each row's cluster, shape (N,)."""


def fit(
    votes: Votes | Tally,
    *,
    ties: str = "half",
    effects: Sequence[str] = (),
    covariates: Sequence[str] = (),
    both_bad: str = "tie",
    tie_effects: Sequence[str] = (),
    tie_precision: float = 1.0,
    clusters: Sequence[str] = (),
    intervals: str = "sandwich",
    correction: str = "CR3",
    ridge: float = 0.0,
    separation: str = "error",
    weighting: str = "votes",
    rounds: int = 1000,
    seed: int = 0,
    bootstrap: str = "resample",
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
        ridge: precision of a normal prior on the strengths about their mean, 1 / log-odds^2.
        separation: without a finite maximum, `error`, `firth` or `bounded`.
        weighting: `votes` count alike, or by `propensity` count as if all pairs had been equally likely.
        rounds: of the bootstrap.
        seed: of the bootstrap.
        bootstrap: `resample`: votes or clusters are drawn with replacement; `bayesian`: exponential weights.
        anchor: a contender and the rating to give it; intervals are then of differences from it. None centres
            the ratings on 1000, and intervals are of differences from the mean.
        scale: rating points for one unit of log-odds.
        level: probability that an interval covers.

    Raises:
        NotIdentified: no finite ratings exist; names the contenders or parameters at fault.
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
    solution, handled = solve(problem, votes.contenders, separation)
    fitted = Fitted(problem, solution, cells, settings.specification.labels)
    columns = {name: getattr(votes, name) for name in settings.clusters}
    drawn = _drawn(fitted, settings, columns) if settings.intervals == "bootstrap" else None
    errors = _errors(fitted, settings, columns) if drawn is None else _of_draws(fitted, drawn, columns)
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
    return clustered(fitted, columns, settings.correction) if columns else independent(fitted)


def _drawn(fitted: Fitted, settings: Settings, columns: Mapping[str, Column]) -> Bootstrap:
    return resample(
        settings.specification,
        fitted.cells,
        fitted.solution,
        clusters=columns,
        kind=cast("Kind", settings.bootstrap),
        rounds=settings.rounds,
        seed=settings.seed,
    )


def _of_draws(fitted: Fitted, drawn: Bootstrap, columns: Mapping[str, Column]) -> Covariance:
    clusters = {name: int(column.max()) + 1 for name, column in columns.items()}
    return covariance_of(fitted, drawn.covariance, (), drawn.recipe, clusters)


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
        bootstrap=settings.bootstrap if settings.intervals == "bootstrap" else None,
        rounds=settings.rounds if settings.intervals == "bootstrap" else None,
        seed=settings.seed if settings.intervals == "bootstrap" else None,
        clusters=settings.clusters,
        level=settings.level,
        scale=settings.scale,
        anchor=settings.anchor,
    )


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
    )


def _design_effect(fitted: Fitted, errors: Covariance) -> float | None:
    """Median over contenders that compare of the variance as estimated over that of independent votes."""
    among = errors.comparable
    about_mean = (np.eye(len(among)) - among / among.sum())[among]
    plain = independent(fitted).variances(about_mean)
    return float(np.median(errors.variances(about_mean) / plain)) if (plain > 0).all() else None
