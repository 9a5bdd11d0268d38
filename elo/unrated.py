"""Contenders without a finite rating, named with the reason and the one-sided bound that the votes give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.cells import cells_of_tally
from elo.models.graphs import connected_groups, reached, strong_groups, win_graph
from elo.models.newton import Problem
from elo.models.profile import profile_limit
from elo.models.specification import Specification
from elo.votes.tally import Tally


class Unrated(NamedTuple):
    """A contender without a finite rating."""

    contender: str
    reason: str
    lower: float
    """One-sided limit that its rating lies above; minus infinity where the votes give none."""
    upper: float
    """One-sided limit that its rating lies below; infinity where the votes give none."""
    votes: float
    """Votes that it was part of; the next four fields count how they ended."""
    wins: float
    losses: float
    ties: float
    both_bad: float


class Scale(NamedTuple):
    """Scale of ratings: value + scale (strength - reference' strengths)."""

    value: float
    scale: float
    reference: Floats
    """Shape (K,), summing to 1."""
    level: float


def rated_contenders(problem: Problem) -> NDArray[np.intp]:
    """Return the places of the largest group of contenders with finite ratings, shape (n,).

    Among groups of equal size it is the one with the most votes.
    """
    groups = connected_groups(problem) if problem.ridge else strong_groups(problem.without_prompts)
    label = groups[: problem.contenders]
    a, b = problem.design.members[:2]

    # Size of each group, and the votes between its members, shape (groups,).
    size = np.bincount(label)
    same = label[a] == label[b]
    within = np.bincount(label[a][same], problem.votes[same], len(size))
    largest = max(range(len(size)), key=lambda group: (size[group], within[group], -group))
    return np.flatnonzero(label == largest)


def is_everyone_rated(tally: Tally, model: Specification) -> bool:
    """Return whether all contenders of a tally have finite ratings under a model without regressors."""
    return len(rated_contenders(model.problem(cells_of_tally(tally)))) == len(tally.contenders)


def limits(problem: Problem, contender: int, rated: NDArray[np.intp], scale: Scale) -> tuple[float, float]:
    """Return the lower and upper one-sided limits of a contender's rating; infinite where there is none.

    Args:
        problem: the likelihood of all votes.
        contender: its place.
        rated: shape (n,), the places of the contenders with finite ratings.
        scale: how strengths become ratings.

    Raises:
        NotConverged: the optimiser did not meet its tolerance.
    """
    above, below = _compared(problem, contender, rated)
    if not (above or below):
        return -np.inf, np.inf
    contrast = np.zeros(problem.without_prompts.design.parameters)
    contrast[: problem.contenders] = -scale.reference
    contrast[contender] += 1
    limit = profile_limit(problem, contrast, below=above, level=scale.level)
    rating = scale.value + scale.scale * limit
    return (rating, np.inf) if above else (-np.inf, rating)


def reason(problem: Problem, contender: int, rated: NDArray[np.intp]) -> str:
    """Say why a contender has no finite rating, without claiming more than its votes say.

    Args:
        problem: the likelihood of all votes.
        contender: its place.
        rated: shape (n,), the places of the contenders with finite ratings.
    """
    above, below = _compared(problem, contender, rated)
    arrows, votes = win_graph(problem.without_prompts), _votes(problem, contender)
    if above and not arrows[:, contender].any():
        return f"it won {votes}"
    if below and not arrows[contender].any():
        return f"it lost {votes}"
    if above:
        return "no rated contender has won a vote against it, directly or through others"
    if below:
        return "it has won no vote against a rated contender, directly or through others"
    group = connected_groups(problem)
    if group[contender] == group[rated[0]]:
        return "its votes leave open on which side of the rated contenders it stands"
    return "no votes connect it to the rated contenders"


def _compared(problem: Problem, contender: int, rated: NDArray[np.intp]) -> tuple[bool, bool]:
    """Return whether the contender can only be above the rated ones, or only below them."""
    arrows = win_graph(problem.without_prompts)
    above = reached(arrows, contender)[rated[0]]
    below = reached(arrows.T, contender)[rated[0]]
    return bool(above), bool(below)


def _votes(problem: Problem, contender: int) -> str:
    """Say how many votes the model counts for a contender."""
    part = (problem.design.members[:2] == contender).any(axis=0)
    votes = problem.votes[part].sum()
    return "its only vote" if votes == 1 else f"all its {votes:g} votes"
