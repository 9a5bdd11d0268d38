"""How much each vote pulls at the parameters: the score, gradient of one vote's log-likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from elo.models.cells import Cells
from elo.models.newton import Problem, Solution
from elo.models.outcomes import Derivatives
from elo.votes.tally import Floats


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores at an optimum, one for each of the C = 4 M cells; all votes of a cell have the same."""

    parameters: int
    """P, of which the last E are extras."""
    contender_a: NDArray[np.intp]
    """Shape (C,)."""
    contender_b: NDArray[np.intp]
    at_a: Floats
    """Shape (C,): the derivative by the strength of contender a."""
    at_b: Floats
    extra: Floats
    """Shape (C, E)."""
    squares: Floats
    """Shape (C,): summed squares of what the cell's votes count for."""
    cell: NDArray[np.integer] | None
    """Shape (N,): each row's cell; None without rows."""
    weight: Floats | None
    """Shape (N,): what each row's votes count for together."""

    @property
    def members(self) -> NDArray[np.intp]:
        """Shape (I, C): the parameters that each score has a part in: the two strengths and all extras."""
        extras = self.extra.shape[1]
        first = self.parameters - extras
        every = np.repeat(np.arange(first, self.parameters)[:, None], len(self.at_a), axis=1)
        return np.concatenate((self.contender_a[None], self.contender_b[None], every))

    @property
    def values(self) -> Floats:
        """Shape (I, C): the scores, as laid out by `members`."""
        return np.concatenate((self.at_a[None], self.at_b[None], self.extra.T))


@dataclass(frozen=True, eq=False)
class Fitted:
    """An optimum and the cells that it is of: what every covariance is made from."""

    problem: Problem
    solution: Solution
    cells: Cells
    labels: Floats
    """Shape (4, 4): how the model splits a vote with the outcome of the row."""

    @cached_property
    def scores(self) -> Scores:
        """Of all cells."""
        design = self.problem.design
        pulled = np.concatenate([design.pull(vote.gradient) for vote in self._votes], axis=1)
        pulled += np.tile(self.solution.drift, 4) if self.solution.drift is not None else 0
        return Scores(
            parameters=design.parameters,
            contender_a=np.tile(self.cells.contender_a, 4),
            contender_b=np.tile(self.cells.contender_b, 4),
            at_a=pulled[0],
            at_b=pulled[1],
            extra=pulled[2:].T,
            squares=self.cells.squares.ravel(),
            cell=self.cells.cell,
            weight=self.cells.weight,
        )

    @cached_property
    def informations(self) -> Floats:
        """Shape (I, I, C): of one vote of each cell, about the parameters that are the scores' members."""
        return np.concatenate(
            [self.problem.design.pull_twice(vote.curvature) for vote in self._votes], axis=2
        )

    @cached_property
    def _votes(self) -> list[Derivatives]:
        """For each outcome, those of one such vote in each meeting."""
        place = self.problem.design.place(self.solution.theta)
        shape = (4, self.cells.meetings)
        return [
            self.problem.outcomes.derivatives(place, np.broadcast_to(label[:, None], shape))
            for label in self.labels
        ]
