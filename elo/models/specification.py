"""What was asked of the model, turned into a likelihood of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elo.models.cells import Cells
from elo.models.design import build_design
from elo.models.newton import Problem
from elo.models.outcomes import OutcomeModel, labels, outcome_model
from elo.votes.tally import Floats

TIE_PARAMETERS = {"davidson": "log_nu", "rao-kupper": "log_kappa"}


@dataclass(frozen=True)
class Specification:
    """A model of votes: how ties and both_bad enter, and what besides strengths moves an outcome."""

    ties: str = "half"
    both_bad: str = "tie"
    effects: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    tie_effects: tuple[str, ...] = ()
    ridge: float = 0.0
    """Prior precision of the strengths' deviations from their mean, 1 / log-odds^2."""
    tie_precision: float = 1.0
    """Prior precision of each prompt's deviation of the tie parameter, 1 / log-odds^2."""

    @property
    def regressors(self) -> tuple[str, ...]:
        """What adds to the gap."""
        return (*self.effects, *self.covariates)

    @property
    def extras(self) -> tuple[str, ...]:
        """The names of the parameters after the strengths."""
        floor = ("floor",) if self.both_bad == "floor" else ()
        tie = (TIE_PARAMETERS[self.ties],) if self.ties in TIE_PARAMETERS else ()
        return (*floor, *self.regressors, *tie)

    @property
    def labels(self) -> Floats:
        """Shape (4, 4): how the model splits a vote with the outcome of the row; rows of 0 are left out."""
        return labels(self.ties, self.both_bad)

    @property
    def outcomes(self) -> OutcomeModel:
        """The likelihood of one meeting."""
        return outcome_model(self.ties, self.both_bad)

    def problem(self, cells: Cells) -> Problem:
        """The likelihood of these cells."""
        design = build_design(
            cells.contender_a,
            cells.contender_b,
            len(cells.contenders),
            self.outcomes.coordinates,
            dict(zip(self.regressors, cells.regressors, strict=True)),
        )
        credit = np.einsum("ij,im->jm", self.labels, cells.counts)
        return Problem(len(cells.contenders), self.extras, design, self.outcomes, credit, self.ridge)
