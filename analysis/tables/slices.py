"""Ratings by slice of the prompts, and a test of whether slices order contenders differently.

Permutation test with scores: P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses" (2005),
chapter 3; correction for several slices: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.subject import Subject, select_votes
from elo import NotConverged, NotIdentified, fit
from elo.arrays import Floats
from elo.votes.tally import HALF_CREDIT

if TYPE_CHECKING:
    import pandas as pd

KNOWN = ("tags", "tag", "category", "language", "aspect_ratio", "topic")
"""Columns that are taken for slices where nothing else is asked for."""
SEPARATORS = re.compile(r"\s*[|;,]\s*")
ROUNDS = 1999
"""Permutations of prompts."""
LEAST = 2
"""Prompts that a slice, and what is outside of it, must have."""


class Slices(NamedTuple):
    """Membership of prompts in slices."""

    labels: tuple[str, ...]
    members: NDArray[np.bool_]
    """Shape (G, P): whether each prompt is in each slice; a prompt may be in several."""


def slices_of(subject: Subject, column: str) -> Slices:
    """Return the slices that a column of the file makes of the prompts.

    A cell holds one label, a list of labels, or several with `|`, `;` or a comma between them. Slices of
    fewer than two prompts, or with fewer than two prompts outside, are left out.

    Raises:
        ValueError: the file lacks the column, it differs within a prompt, or it makes no two slices.
    """
    if column not in subject.frame.columns:
        known = ", ".join(map(str, subject.frame.columns))
        raise ValueError(f"Slices must be columns of the votes; got {column!r}. Known: {known}.")
    values = subject.attribute(column)
    if values is None or subject.votes.prompt_labels is None:
        raise ValueError(f"Column {column!r} must have one value for each prompt to make slices of prompts.")
    labels_of = [_labels(values.get(str(label))) for label in subject.votes.prompt_labels]
    found = sorted({label for labels in labels_of for label in labels})
    members = np.array([[label in labels for labels in labels_of] for label in found], dtype=bool)
    members = members.reshape(len(found), len(labels_of))
    inside = members.sum(axis=1)
    kept = (inside >= LEAST) & (len(labels_of) - inside >= LEAST)
    if not kept.any():
        raise ValueError(f"Column {column!r} must make slices of {LEAST} prompts or more; it makes none.")
    names = tuple(label for label, keep in zip(found, kept.tolist(), strict=True) if keep)
    return Slices(names, members[kept])


def _labels(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, str):
        return frozenset(label for label in SEPARATORS.split(value.strip()) if label)
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return frozenset(str(label) for label in value)
    return frozenset([str(value)])


def rating_by_slice(subject: Subject, slices: Slices) -> pd.DataFrame:
    """Return each contender's rating in each slice, and its change from the rating over all prompts.

    `change` compares ratings about the mean of the contenders rated in the slice. A contender without a
    finite rating in a slice has no row there.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    overall = dict(zip(subject.ratings.contenders, subject.ratings.ratings.tolist(), strict=True))
    rows = []
    for label, inside in zip(slices.labels, slices.members, strict=True):
        rows += [row | {"slice": label} for row in _slice_rows(subject, inside, overall)]
    columns = ["slice", "contender", "rating", "lower", "upper", "change", "votes"]
    return pd.DataFrame(rows, columns=columns)


def _slice_rows(
    subject: Subject, inside: NDArray[np.bool_], overall: Mapping[str, float]
) -> list[dict[str, object]]:
    votes = select_votes(subject.votes, inside[subject.votes.prompt])
    counts = {"prompt": votes.prompts, "rater": votes.raters}
    clusters = [kind for kind in subject.clusters if (counts[kind] or 0) > 1]
    try:
        fitted = fit(
            votes, **subject.model(votes), clusters=clusters, scale=subject.scale, level=subject.level
        )
    except (NotIdentified, NotConverged):
        return []
    shift = float(np.mean([overall[name] for name in fitted.contenders])) - float(fitted.ratings.mean())
    return [
        {
            "contender": row.contender,
            "rating": row.rating + shift,
            "lower": row.lower + shift,
            "upper": row.upper + shift,
            "change": row.rating + shift - overall[row.contender],
            "votes": float(row.votes),
        }
        for row in fitted.rows()
        if row.contender in subject.names
    ]


def interaction(subject: Subject, slices: Slices, rounds: int = ROUNDS) -> pd.DataFrame:
    """Test for each slice, and for all together, whether its prompts move ratings as other prompts do.

    The statistic is that of a score test: the slice's summed residuals S by contender, S' C^+ S with their
    covariance C under permutation of prompts. Its p-value is the share of permutations of prompts that reach
    it, exact for any number of prompts if slices make no difference. `adjusted` is corrected for the number
    of slices.

    Raises:
        ValueError: the votes do not record prompts.
    """
    import pandas as pd

    residuals = _residuals(subject)
    observed, permuted = _statistics(slices.members, residuals, rounds, subject.seed)
    p_values = (1 + (permuted >= observed - 1e-12).sum(axis=0)) / (rounds + 1)
    total = (1 + (permuted.sum(axis=1) >= observed.sum() - 1e-12).sum()) / (rounds + 1)
    frame = pd.DataFrame(
        {
            "slice": list(slices.labels),
            "prompts": slices.members.sum(axis=1),
            "statistic": observed,
            "p_value": p_values,
            "adjusted": holm(p_values),
        }
    )
    together = {
        "slice": "all slices",
        "prompts": slices.members.any(axis=0).sum(),
        "statistic": observed.sum(),
    }
    last = pd.DataFrame([together | {"p_value": total, "adjusted": total}])
    return pd.concat([frame, last], ignore_index=True)


def _residuals(subject: Subject) -> Floats:
    """Return the credit of each contender less that expected, summed by prompt, shape (P, K)."""
    votes = subject.votes
    if votes.prompt is None or votes.prompts is None:
        raise ValueError("A test of slices needs votes with a column prompt, and there is none.")
    residual = votes.weight * (HALF_CREDIT[votes.outcome] - subject.expected)
    sums = np.zeros((votes.prompts, len(votes.contenders)))
    np.add.at(sums, (votes.prompt, votes.contender_a), residual)
    np.add.at(sums, (votes.prompt, votes.contender_b), -residual)
    return sums


def _statistics(
    members: NDArray[np.bool_], residuals: Floats, rounds: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the statistic of each slice, shape (G,), and in each permutation of prompts, (rounds, G)."""
    prompts = len(residuals)
    centred = residuals - residuals.mean(axis=0)
    inside = members.sum(axis=1)
    # Covariance of a sum of n prompts drawn without replacement: n (P - n) / (P (P - 1)) sum r r'.
    factor = inside * (prompts - inside) / (prompts * (prompts - 1))
    inverse = np.linalg.pinv(centred.T @ centred, rcond=1e-9, hermitian=True)

    def statistic(order: NDArray[np.intp]) -> Floats:
        sums = members.astype(np.float64) @ centred[order]
        found: Floats = np.einsum("gk,kl,gl->g", sums, inverse, sums) / factor
        return found

    rng = np.random.default_rng(seed)
    permuted = np.stack([statistic(rng.permutation(prompts)) for _ in range(rounds)])
    return statistic(np.arange(prompts)), permuted


def holm(p_values: Floats) -> Floats:
    """Return p-values adjusted for their number by Holm's method, shape (G,)."""
    order = np.argsort(p_values)
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
