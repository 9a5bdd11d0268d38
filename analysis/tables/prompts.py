"""Which prompts separate contenders most."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.subject import Subject
from elo.arrays import Floats
from elo.intervals.covariance import quantile
from elo.votes.tally import HALF_CREDIT

if TYPE_CHECKING:
    import pandas as pd

PRIOR_PRECISION = 4.0
"""Precision of the normal prior about 1 of a prompt's slope: a standard deviation of 1/2."""
STEPS = 50
"""Most Newton steps; a dozen suffice."""
CONVERGED = 1e-10


class Slopes(NamedTuple):
    """Slope of each prompt and its standard error, shape (P,) each."""

    slope: Floats
    error: Floats


def prompt_separation(subject: Subject) -> pd.DataFrame:
    """Return one row for each prompt, the most separating first.

    `separation` is the factor by which the prompt stretches the board: P(a wins) = expit(separation gap). It
    is 1 for a prompt that separates as all do together, 0 for one whose votes ignore the ratings, and has a
    normal prior about 1, so that prompts with few votes stay near it. `follows` is the share of the credit
    that goes to the contender with the higher rating.

    Raises:
        ValueError: the votes do not record prompts.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    votes = subject.votes
    if votes.prompt is None or votes.prompt_labels is None:
        raise ValueError("Separation by prompt needs votes with a column prompt, and there is none.")
    gap = subject.ratings.strengths[votes.contender_a] - subject.ratings.strengths[votes.contender_b]
    credit = HALF_CREDIT[votes.outcome]
    prompts = len(votes.prompt_labels)
    found = slopes(gap, credit, votes.weight, votes.prompt.astype(np.intp), prompts)
    count = np.bincount(votes.prompt, votes.weight, prompts)
    towards = np.bincount(votes.prompt, votes.weight * np.where(gap > 0, credit, 1 - credit), prompts)
    margin = quantile(None, (1 - subject.level) / 2) * found.error
    frame = pd.DataFrame(
        {
            "prompt": list(votes.prompt_labels),
            "separation": found.slope,
            "lower": found.slope - margin,
            "upper": found.slope + margin,
            "follows": towards / count,
            "votes": count,
        }
    )
    return frame.sort_values("separation", ascending=False, ignore_index=True, kind="stable")


def slopes(
    gap: Floats,
    credit: Floats,
    weight: Floats,
    prompt: np.ndarray[tuple[int], np.dtype[np.intp]],
    prompts: int,
    precision: float = PRIOR_PRECISION,
) -> Slopes:
    """Fit a logistic slope without intercept for each prompt by Newton's method, all prompts at once.

    Args:
        gap: shape (N,), strength of a less that of b, log-odds.
        credit: shape (N,), share of the win that a took.
        weight: shape (N,), equal votes.
        prompt: shape (N,), each vote's prompt.
        prompts: number of prompts, P.
        precision: of the normal prior about 1; 0 for none.
    """
    slope: Floats = np.ones(prompts)
    information: Floats = np.ones(prompts)
    for _ in range(STEPS):
        wins = 1 / (1 + np.exp(-slope[prompt] * gap))
        # Score sum w x (y - p) and information sum w x^2 p (1 - p), with those of the prior.
        score = np.bincount(prompt, weight * gap * (credit - wins), prompts) - precision * (slope - 1.0)
        information[:] = np.bincount(prompt, weight * gap**2 * wins * (1 - wins), prompts) + precision
        step = np.clip(score / information, -1, 1)
        slope += step
        if np.abs(step).max() < CONVERGED:
            break
    return Slopes(slope, 1 / np.sqrt(information))
