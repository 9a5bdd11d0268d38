"""Fits without some of the votes, and the effect of leaving them out by first-order theory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from elo.arguments import several
from elo.arrays import Floats
from elo.models.cells import Cells, cells_of_votes
from elo.models.identification import require_connected, require_finite
from elo.models.newton import Problem, Solution
from elo.models.separation import solve
from elo.models.specification import Specification
from elo.votes.table import Votes

ROUNDING = 1e-9
"""Votes that count as none: what is left of a cell of weighted votes when all are taken off."""


class Model(TypedDict, total=False):
    """The arguments of `fit` that say what is estimated."""

    ties: str
    both_bad: str
    effects: Sequence[str]
    covariates: Sequence[str]
    ridge: float


@dataclass(frozen=True, eq=False)
class Refits:
    """Votes as cells, ready to be fitted without some of them."""

    specification: Specification
    cells: Cells
    full: Solution
    """The fit of all votes."""
    cell: NDArray[np.integer]
    """Cell of each row, shape (N,)."""

    @classmethod
    def of(cls, votes: Votes, model: Model) -> Refits:
        """Fit all votes.

        Raises:
            ValueError: the model has an argument that refits do not take.
            NotIdentified: these votes have no finite ratings.
        """
        unknown = [name for name in model if name not in Model.__annotations__]
        if unknown:
            known = ", ".join(Model.__annotations__)
            raise ValueError(
                f"Refits do not take {', '.join(unknown)}. Of fit's arguments, they take {known}."
            )
        asked = {
            name: several(name, value) if name in ("effects", "covariates") else value  # type: ignore[arg-type]  # the values of these are names
            for name, value in model.items()
        }
        specification = Specification(**asked)  # type: ignore[arg-type]  # the keys are those of Model
        cells = cells_of_votes(votes, specification.regressors)
        full, _ = solve(specification.problem(cells), votes.contenders, "error")
        return cls(specification, cells, full, cast("NDArray[np.integer]", cells.cell))

    def without(self, removed: Floats) -> Solution:
        """Fit the votes that are left; strengths have shape (K,).

        Args:
            removed: shape (4 M,): the votes to leave out of each cell.

        Raises:
            NotIdentified: what is left has no finite ratings.
        """
        return solve(self._left(removed), self.cells.contenders, "error")[0]

    def one_step(self, removed: Floats) -> Floats:
        """Return strengths, shape (K,), after one Newton step from the full fit towards that of the rest.

        Raises:
            NotIdentified: what is left has no finite ratings.
        """
        problem = self._left(removed)
        require_connected(problem, self.cells.contenders)
        if not problem.ridge:
            require_finite(problem, self.cells.contenders)
        step = problem.step(*problem.derivatives(self.full.theta))
        return problem.centred(self.full.theta + step)[: problem.contenders]

    def influence(self, contrast: Floats, at: Solution | None = None) -> Floats:
        """Return the rise in contrast' strengths for each vote removed from a cell, to first order, (4 M,).

        Removing one vote moves theta by -H^-1 s, with the information H and the vote's score s (Hampel 1974,
        Journal of the American Statistical Association 69, for all M-estimators).

        Args:
            contrast: shape (K,).
            at: the fit to take H and s from; None is the full one.
        """
        solution = at or self.full
        problem = self.specification.problem(self.cells)
        direction = solution.inverse[:, : len(contrast)] @ contrast
        place = problem.design.linear_predictor(solution.theta)
        moves = problem.design.linear_predictor(direction)
        # A vote's score times H^-1 contrast: its derivatives by the coordinates times how those move.
        return -np.concatenate(
            [
                (problem.outcomes.derivatives(place, one_vote).gradient * moves).sum(axis=0)
                for one_vote in np.broadcast_to(
                    self.specification.labels[:, :, None], (*self.specification.labels.shape, place.shape[1])
                )
            ]
        )

    def _left(self, removed: Floats) -> Problem:
        counts = self.cells.counts - removed.reshape(self.cells.counts.shape)
        counts[counts < ROUNDING] = 0
        kept = counts.any(axis=0)
        left = replace(
            self.cells,
            contender_a=self.cells.contender_a[kept],
            contender_b=self.cells.contender_b[kept],
            regressors=self.cells.regressors[:, kept],
            counts=counts[:, kept],
        )
        return self.specification.problem(left)
