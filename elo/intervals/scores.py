"""Scores: the gradient of one vote's log-likelihood by the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.cells import Cells
from elo.models.newton import Problem, Solution
from elo.models.outcomes import Derivatives


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores at an optimum, one for each of the C = 4 M cells; all votes of a cell have the same."""

    parameters: int
    """P."""
    members: NDArray[np.intp]
    """Parameters that each score has a part in, strengths of a and b first, shape (I, C)."""
    values: Floats
    """Derivatives by these parameters, shape (I, C)."""
    squares: Floats
    """Summed squares of the weights of each cell's votes, shape (C,)."""
    cell: NDArray[np.integer] | None
    """Cell of each row, shape (N,); None without rows."""
    weight: Floats | None
    """Weight of each row, shape (N,)."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """An optimum and the cells that it is of: what every covariance is made from."""

    problem: Problem
    solution: Solution
    cells: Cells
    labels: Floats
    """Split by the model of a vote with the row's outcome, shape (4, 4)."""

    @cached_property
    def scores(self) -> Scores:
        """The scores of all cells."""
        design = self.problem.design
        scores = np.concatenate([design.chain_gradient(vote.gradient) for vote in self._votes], axis=1)
        if self.solution.score_adjustment is not None:
            scores += np.tile(self.solution.score_adjustment, 4)
        return Scores(
            parameters=design.parameters,
            members=np.tile(design.members, 4),
            values=scores,
            squares=self.cells.squares.ravel(),
            cell=self.cells.cell,
            weight=self.cells.weight,
        )

    @cached_property
    def informations(self) -> Floats:
        """Information of one vote of each cell about the members of its score, shape (I, I, C)."""
        return np.concatenate(
            [self.problem.design.chain_hessian(vote.curvature) for vote in self._votes], axis=2
        )

    @cached_property
    def _votes(self) -> list[Derivatives]:
        """Derivatives of one vote in each meeting, for each outcome."""
        place = self.problem.design.linear_predictor(self.solution.optimum)
        shape = (4, self.cells.meetings)
        return [
            self.problem.outcomes.derivatives(place, np.broadcast_to(label[:, None], shape))
            for label in self.labels
        ]
