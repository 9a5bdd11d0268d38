"""Agreement between raters who judged the same two clips: Krippendorff's alpha.

K. Krippendorff, "Content Analysis: An Introduction to Its Methodology", chapter 11; "Computing Krippendorff's
Alpha-Reliability" (2011), whose worked examples the tests repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.raters.items import ANSWERS, BOTH_BAD, TIE, Answers, answers_of
from elo.votes.table import Votes

Metric: TypeAlias = Literal["nominal", "ordinal", "interval"]
BothBad: TypeAlias = Literal["tie", "drop", "apart"]
MIRROR = np.array([2, 1, 0, 3])
"""The places of `ANSWERS` when the two contenders change names."""


@dataclass(frozen=True)
class Agreement:
    """Agreement beyond chance: 1 is always, 0 as often as by chance, below 0 less often."""

    alpha: float
    lower: float
    upper: float
    metric: Metric
    both_bad: BothBad
    level: float
    items: int
    """Pairs of clips that at least two raters judged."""
    raters: int
    """Raters who judged at least one of these."""
    answers: int
    """Answers to these; a rater's repeats are not among them."""
    rounds: int
    """Resamples behind the interval; those in which all answers were equal have no alpha and don't count."""


def agreement(
    votes: Votes,
    *,
    metric: Metric = "nominal",
    both_bad: BothBad = "tie",
    rounds: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Agreement:
    """Return Krippendorff's alpha between raters, with a bootstrap interval.

    An item is a prompt and an unordered pair of contenders. Only a rater's first answer to an item counts
    (`consistency` is about the others). The order of a pair's names is arbitrary, so answers are counted in
    both orders, and alpha does not depend on it. The interval resamples items and keeps the raters.

    Args:
        votes: the votes, with prompts and raters.
        metric: `nominal`: answers are equal or not. `ordinal` and `interval`: first < tie < second.
        both_bad: `tie` counts it as one, `drop` as no answer, `apart` as an answer of its own (nominal only).
        rounds: bootstrap resamples.
        seed: of the resampling.
        level: probability that the interval covers.

    Raises:
        ValueError: prompts or raters are not recorded, no item has two raters, all answers are equal, or an
            argument is not among what is allowed.
    """
    _check_settings(metric, both_bad, level)
    answers = _comparable(answers_of(votes, "Agreement between raters"), both_bad)
    counts = _counts(answers)
    shared = counts.sum(axis=1) >= 2
    if not shared.any():
        raise ValueError(
            "No pair of clips has answers of two raters, so there is no agreement to measure. "
            "Show some ballots to more than one rater."
        )
    estimate, resampled = _resampled(counts[shared], metric, rounds, seed)
    lower, upper = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Agreement(
        alpha=estimate,
        lower=float(lower),
        upper=float(upper),
        metric=metric,
        both_bad=both_bad,
        level=level,
        items=int(shared.sum()),
        raters=len(np.unique(answers.rater[shared[answers.item]])),
        answers=int(counts[shared].sum()),
        rounds=len(resampled),
    )


def _counts(answers: Answers) -> Floats:
    """Count the answers of each kind to each item, shape (U, V)."""
    counts = np.zeros((int(answers.item.max(initial=-1)) + 1, len(ANSWERS)))
    np.add.at(counts, (answers.item, answers.answer), 1)
    return counts


def _resampled(counts: Floats, metric: Metric, rounds: int, seed: int) -> tuple[float, Floats]:
    """Return alpha, and alpha in each resample of items that has one, from counts of shape (U, V).

    Raises:
        ValueError: all answers are equal.
    """
    # Items with the same counts are resampled together: S patterns, coincidences of shape (S, V, V).
    patterns, number = np.unique(counts, axis=0, return_counts=True)
    pairs = _coincidences(patterns)
    pairs = (pairs + pairs[:, MIRROR][:, :, MIRROR]) / 2
    estimate = float(_alphas(np.tensordot(number, pairs, axes=1), metric))
    if np.isnan(estimate):
        raise ValueError(
            "All comparable answers are ties or all both_bad: alpha, agreement beyond chance, "
            "needs answers that vary."
        )
    draws = np.random.default_rng(seed).multinomial(number.sum(), number / number.sum(), size=rounds)
    resampled = _alphas(np.tensordot(draws, pairs, axes=1), metric)
    return estimate, resampled[np.isfinite(resampled)]


def alpha(counts: NDArray[np.integer] | Floats, metric: Metric = "nominal") -> float:
    """Return Krippendorff's alpha from counts of values by unit; NaN if all values to be paired are equal.

    alpha = 1 - (n - 1) sum_ck o_ck d_ck / sum_ck n_c n_k d_ck, with coincidences o_ck, sum over units of the
    pairs of values c, k in it divided by its number of values less one; n_c = sum_k o_ck; n = sum_c n_c.

    Args:
        counts: shape (U, V): how many raters gave each unit each value, values in their order. Units with
            fewer than two are ignored.
        metric: the distance d_ck: `nominal`, 0 or 1; `interval`, (c - k)^2; `ordinal`, (r_c - r_k)^2 of mean
            ranks r.
    """
    table = np.asarray(counts, dtype=np.float64)
    return float(_alphas(_coincidences(table[table.sum(axis=1) >= 2]).sum(axis=0), metric))


def _comparable(answers: Answers, both_bad: BothBad) -> Answers:
    """Keep the first answer of each rater to each item, with both_bad as asked."""
    first = np.unique(np.stack((answers.item, answers.rater)), axis=1, return_index=True)[1]
    value = answers.answer[first]
    if both_bad == "tie":
        value = np.where(value == BOTH_BAD, TIE, value)
    kept = (value != BOTH_BAD) | (both_bad == "apart")
    rows = first[kept]
    return answers._replace(
        item=answers.item[rows],
        rater=answers.rater[rows],
        answer=value[kept],
        swapped=answers.swapped[rows],
    )


def _coincidences(counts: Floats) -> Floats:
    """Return coincidences, shape (U, V, V), from counts of shape (U, V)."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    coincidences: Floats = pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return coincidences


def _alphas(coincidences: Floats, metric: Metric) -> Floats:
    """Return alpha, shape (...), from coincidences of shape (..., V, V)."""
    totals = coincidences.sum(axis=-1)
    distance = _distances(totals, metric)
    observed = (coincidences * distance).sum(axis=(-2, -1))
    expected = (totals[..., :, None] * totals[..., None, :] * distance).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore"):
        return np.asarray(1 - (totals.sum(axis=-1) - 1) * observed / expected)


def _distances(totals: Floats, metric: Metric) -> Floats:
    """Return squared distances between answers, shape (..., V, V)."""
    values = totals.shape[-1]
    if metric == "nominal":
        return 1 - np.eye(values)
    place = np.cumsum(totals, axis=-1) - totals / 2 if metric == "ordinal" else np.arange(float(values))
    squared: Floats = (place[..., :, None] - place[..., None, :]) ** 2
    return squared


def _check_settings(metric: str, both_bad: str, level: float) -> None:
    for name, value, known in (("metric", metric, Metric), ("both_bad", both_bad, BothBad)):
        if value not in get_args(known):
            raise ValueError(f"Unknown {name}={value!r}. Known: {', '.join(get_args(known))}.")
    if both_bad == "apart" and metric != "nominal":
        raise ValueError(
            f"both_bad='apart' has no place in the order first < tie < second that metric={metric!r} needs. "
            "Allowed: metric='nominal', or both_bad='tie' or 'drop'."
        )
    if not 0 < level < 1:
        raise ValueError(f"level must be a probability above 0 and below 1; got {level}. Use 0.95.")
