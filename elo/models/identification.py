"""Whether votes identify a model: they must connect all contenders, and no direction may separate them.

A. Albert, J. A. Anderson, "On the existence of maximum likelihood estimates in logistic regression models",
Biometrika 71 (1984); for strengths alone Ford (1957), see `graphs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.graphs import connected_groups, members, strong_groups, win_graph
from elo.models.newton import Problem
from elo.models.outcomes import TIE_PARAMETERS, MultinomialLogit
from elo.votes.tally import BOTH_BAD, TIE, A, B

NEGLIGIBLE = 1e-9
"""Share of the largest below which an eigenvalue, or a move of a direction, is rounding error."""

SEPARATED = 1e-7
"""Total gain of a direction, with moves of at most 1, below which it separates nothing."""
ENDINGS = {"gap": A, "level": BOTH_BAD, "tie": TIE}
"""The outcome that pins each coordinate, in a meeting that both sides won once."""


class NotIdentified(ValueError):
    """The votes have no unique, finite maximum-likelihood estimates."""


def require_connected(problem: Problem, contenders: Sequence[str]) -> None:
    """Raise if votes do not connect all contenders, or do not identify a circumstance.

    Raises:
        NotIdentified: names the groups that never met, or the parameters that cannot be told apart.
    """
    groups = members(connected_groups(problem))
    if len(groups) > 1:
        listed = "; ".join(_listed(contenders, group) for group in groups)
        raise NotIdentified(
            f"No votes connect these groups of contenders: {listed}. "
            "Collect votes between them, or rate them apart."
        )
    if set(problem.names) - {*TIE_PARAMETERS.values(), "floor"}:
        _require_independent(problem, contenders)


def finite_groups(problem: Problem) -> list[NDArray[np.signedinteger]]:
    """Return the groups within which ratings are finite, places of shape (n,) each; the floor is place K.

    Without ties or circumstances as parameters, ratings are finite if and only if, however the contenders are
    split in two, each half took some credit from the other: the graph with an arrow from each contender to
    those it took credit from is strongly connected (Ford 1957, American Mathematical Monthly 64; assumption 1
    of Hunter 2004, Annals of Statistics 32). The floor is one more contender: it takes from both sides of a
    both_bad, and a vote for a contender takes from it. With parameters of ties or circumstances, groups may
    move apart even where the graph is strongly connected. If all ratings are finite there is one group.
    """
    groups = members(strong_groups(problem))
    if len(groups) == 1 and (direction := separating(problem)) is not None:
        moves = np.round(direction[: problem.contenders], 6)
        groups = [np.flatnonzero(moves == move) for move in np.unique(moves)]
    return groups


def require_shown_within(
    problem: Problem, label: NDArray[np.signedinteger], contenders: Sequence[str]
) -> None:
    """Raise if a parameter is identified only by votes between groups.

    Args:
        problem: with the groups placed.
        label: each contender's group, shape (K,) or (K + 1,).
        contenders: their names.

    Raises:
        NotIdentified: names the parameters.
    """
    if label.max() == 0 or "floor" in problem.names:
        require_finite_extras(problem, contenders, held=len(label) if label.max() else 1)
        return
    a, b = problem.design.members[:2]
    within = replace(problem, credit=problem.credit * (label[a] == label[b]))
    require_finite_extras(within, contenders)
    if set(problem.names) - set(TIE_PARAMETERS.values()):
        _require_independent(within, contenders)


def require_finite(problem: Problem, contenders: Sequence[str]) -> None:
    """Raise if the likelihood has no finite maximum.

    Raises:
        NotIdentified: names who won or lost everything, or the parameters that separate the votes.
    """
    names = (*contenders, "the floor")
    groups = members(strong_groups(problem))
    if len(groups) > 1:
        table = win_graph(problem)
        verdicts = "; ".join(filter(None, (_verdict(names, table, group) for group in _apart(groups))))
        raise NotIdentified(
            f"No finite ratings exist: {verdicts}. Collect votes until each has both won and lost (or tied), "
            "leave these contenders out, or choose separation='firth' or 'bounded'."
        )
    require_finite_extras(problem, contenders)


def require_finite_extras(problem: Problem, contenders: Sequence[str], *, held: int = 1) -> None:
    """Raise if a parameter besides the strengths has no finite maximum.

    Args:
        problem: the likelihood.
        contenders: their names.
        held: as in `separating`.

    Raises:
        NotIdentified: there are no ties, or only ties; or names the parameters that separate the votes.
    """
    totals = problem.credit.sum(axis=1)
    tie = next((name for name in problem.names if name in TIE_PARAMETERS.values()), None)
    if tie and not totals[TIE]:
        raise NotIdentified(
            f"No vote is a tie, so {tie} has no finite estimate. Use ties='half' or 'drop', which need none."
        )
    if tie and not totals[A] + totals[B]:
        raise NotIdentified(f"Every vote is a tie, so {tie} has no finite estimate. Use ties='half'.")
    direction = separating(problem, held=held)
    if direction is not None:
        raise NotIdentified(
            f"No finite estimates exist: a change of {_moved(problem, contenders, direction)} makes the "
            "votes ever more likely. Leave a parameter out, collect more votes, or choose separation='firth'."
        )


def _require_independent(problem: Problem, contenders: Sequence[str]) -> None:
    """Raise if a circumstance never varies, or is collinear with the strengths."""
    scale = np.sqrt(np.maximum(problem.scale_of_gradient(), np.finfo(float).tiny))
    information = problem.design.information(_flat_curvature(problem, problem.votes))
    if problem.placement is not None:
        information += problem.placement.precision
    information = problem.regular(information)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < NEGLIGIBLE * values[-1]:
        moved = _moved(problem, contenders, vectors[:, 0] / scale)
        raise NotIdentified(
            f"The votes cannot tell {moved} apart: the column does not vary, or strengths say the same. "
            "Leave it out of effects= or covariates=."
        )


def _overlaps(problem: Problem) -> bool:
    """Return whether meetings with several outcomes alone identify every parameter: quick and sufficient.

    A direction along which no vote gets less likely leaves the utilities of all outcomes that a meeting had
    equal; if only the null direction does so in all meetings, there is no such direction.
    """
    ended = problem.credit > 0
    decided = ended[A] & ended[B]
    curvature = _flat_curvature(problem, np.where(decided, problem.votes, 0.0))
    for place, name in enumerate(problem.outcomes.coordinates):
        curvature[place, place] *= ended[ENDINGS[name]]
    information = problem.regular(problem.design.information(curvature))
    size = problem.contenders
    if not np.trace(information[:size, :size]):
        return False
    scale = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    smallest = np.linalg.eigvalsh(information / np.outer(scale, scale))[0]
    return bool(smallest > NEGLIGIBLE)


def _flat_curvature(problem: Problem, votes: Floats) -> Floats:
    """Return a diagonal curvature, shape (L, L, M): each meeting's votes for each coordinate."""
    return np.eye(len(problem.outcomes.coordinates))[:, :, None] * votes


def separating(problem: Problem, *, held: int = 1) -> Floats | None:
    """Find a direction, shape (P,), along which no vote gets less likely and some get more so; else None.

    Strengths alone, or with the floor, are left to the graph of wins, unless strengths are held: then only
    the other parameters may move.

    By linear programming (K. Konis, "Linear programming algorithms for detecting separated data in binary
    logistic regression models", thesis, Oxford 2007; for more outcomes Albert and Anderson, Biometrika 71,
    1984). The thresholds of Rao-Kupper have the directions of Davidson's ties.

    Args:
        problem: the likelihood.
        held: how many parameters stay where they are: 1, all strengths, or with them the floor.
    """
    left_to_graph = () if held == problem.contenders else ("floor",)
    if set(problem.names) <= set(left_to_graph) or _overlaps(problem):
        return None
    gains, columns = _utility_gains(problem)
    parameters = problem.design.parameters

    # A sparse row for each pair of an observed outcome and another, shape (R, P).
    rows = np.broadcast_to(np.arange(len(gains))[:, None], gains.shape)
    entries = (gains.ravel(), (rows.ravel(), columns.ravel()))
    table = scipy.sparse.csr_array(entries, shape=(len(gains), parameters))

    # Maximise the total gain among directions d with table d >= 0 and |d| <= 1.
    total = np.bincount(columns.ravel(), gains.ravel(), parameters)
    bounds = [(0.0, 0.0)] * held + [(-1.0, 1.0)] * (parameters - held)
    found = scipy.optimize.linprog(-total, A_ub=-table, b_ub=np.zeros(len(gains)), bounds=bounds)  # type: ignore[call-overload]  # scipy-stubs know no sparse constraints
    separates = found.x is not None and -found.fun > SEPARATED
    return found.x if separates else None


def _utility_gains(problem: Problem) -> tuple[Floats, NDArray[np.intp]]:
    """Return how each parameter moves an observed outcome's utility against another's.

    Returns:
        For each such pair of outcomes a row: derivatives by its I members, shape (R, I), and the places of
        these members in theta, shape (R, I).
    """
    coordinates = problem.outcomes.coordinates
    logit = MultinomialLogit(ties="tie" in coordinates, floor="level" in coordinates)
    design = problem.design
    gains: list[Floats] = []
    places: list[NDArray[np.intp]] = []
    for place, outcome in enumerate(logit.outcomes):
        observed = np.flatnonzero(problem.credit[outcome] > 0)
        for other in np.delete(logit.utilities, place, axis=0):
            # (L,) utilities by coordinate, times (L, I, M) coordinates by member, is (M, I).
            ahead = logit.utilities[place] - other
            gains.append(np.einsum("l,lim->mi", ahead, design.share[:, :, observed]))
            places.append(design.members[:, observed].T)
    return np.concatenate(gains), np.concatenate(places)


def _apart(groups: list[NDArray[np.signedinteger]]) -> list[NDArray[np.signedinteger]]:
    """Return the groups to name: all but the largest, if one is larger than all others."""
    size = max(map(len, groups))
    smaller = [group for group in groups if len(group) < size]
    return smaller if len(smaller) == len(groups) - 1 else groups


def _verdict(names: Sequence[str], took: NDArray[np.bool_], group: NDArray[np.signedinteger]) -> str:
    rest = np.setdiff1d(np.arange(len(took)), group)
    if not took[np.ix_(rest, group)].any():
        return f"{_listed(names, group)} won everything against the others"
    if not took[np.ix_(group, rest)].any():
        end = "lost everything" if len(group) == 1 else "won nothing"
        return f"{_listed(names, group)} {end} against the others"
    return ""


def moved(problem: Problem, direction: Floats) -> NDArray[np.bool_]:
    """Return whether a direction (P,) moves each parameter, shape (P,), relative to its largest group."""
    strengths = direction[: problem.contenders]
    alike = np.round(strengths / np.abs(direction).max(), 5)
    _, first, counts = np.unique(alike, return_index=True, return_counts=True)
    stays = strengths[min(first[counts == counts.max()])]
    moves = np.abs(direction - stays * problem.shift_direction)
    chosen: NDArray[np.bool_] = moves > 1e-4 * moves.max()
    return chosen


def _moved(problem: Problem, contenders: Sequence[str], direction: Floats) -> str:
    return _listed((*contenders, *problem.names), np.flatnonzero(moved(problem, direction)))


def _listed(names: Sequence[str], group: NDArray[np.signedinteger]) -> str:
    return ", ".join(names[member] for member in group)
