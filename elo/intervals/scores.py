"""How much each vote pulls at the parameters: the score, gradient of one vote's log-likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elo.models.cells import Cells
from elo.models.newton import Problem
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
    """Shape (C,): summed squares of the cell's weights."""
    cell: NDArray[np.integer] | None
    """Shape (N,): each row's cell."""
    weight: Floats | None
    """Shape (N,): what each row's votes count for together."""

    @property
    def members(self) -> NDArray[np.intp]:
        """Shape (I, C): the parameters that each score has a part in: the two strengths and all extras."""
        extras = self.extra.shape[1]
        every = np.broadcast_to(
            np.arange(self.parameters - extras, self.parameters)[:, None], (extras, len(self.at_a))
        )
        return np.concatenate((self.contender_a[None], self.contender_b[None], every))

    @property
    def values(self) -> Floats:
        """Shape (I, C): the scores, as laid out by `members`."""
        return np.concatenate((self.at_a[None], self.at_b[None], self.extra.T))


def score(problem: Problem, theta: Floats, cells: Cells, labels: Floats) -> Scores:
    """Scores of all cells at `theta`.

    Args:
        problem: the likelihood of the cells.
        theta: shape (P,).
        cells: the cells.
        labels: shape (4, 4), how the model splits a vote with the outcome of the row.
    """
    place = problem.design.place(theta)
    pulled = np.concatenate(
        [
            problem.design.pull(problem.outcomes.derivatives(place, credit).gradient)
            for credit in one_vote(cells, labels)
        ],
        axis=1,
    )
    return Scores(
        parameters=len(theta),
        contender_a=np.tile(cells.contender_a, len(labels)),
        contender_b=np.tile(cells.contender_b, len(labels)),
        at_a=pulled[0],
        at_b=pulled[1],
        extra=pulled[2:].T,
        squares=cells.squares.ravel(),
        cell=cells.cell,
        weight=cells.weight,
    )


def one_vote(cells: Cells, labels: Floats) -> list[Floats]:
    """For each outcome, the credit of one such vote in each meeting, shape (4, M)."""
    return [np.repeat(label[:, None], cells.meetings, axis=1) for label in labels]
