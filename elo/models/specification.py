"""Specification of a model, and the likelihood of cells that it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from elo.arguments import BothBad, Circumstance, Ties, require_known, several
from elo.arrays import Floats
from elo.models.cells import Cells
from elo.models.design import build_design, with_deviations
from elo.models.newton import Problem
from elo.models.outcomes import TIE_PARAMETERS, OutcomeModel, labels, outcome_model

ESTIMANDS = {
    "half": "Bradley-Terry strengths of the expected credit, where a tie is half a win to each side, averaged"
    " over raters and prompts. A model of ties (Davidson 1970) would spread them wider.",
    "davidson": "Strengths in Davidson's model (1970), where P(tie) is proportional to nu sqrt(pi_a pi_b):"
    " the log-odds of a win against a loss, averaged over raters and prompts. Half-win ratings lie closer.",
    "rao-kupper": "Strengths in the model of Rao and Kupper (1967), where a tie is a difference below log "
    "kappa, averaged over raters and prompts. Half-win ratings would lie closer.",
    "drop": "Bradley-Terry strengths of decided votes alone: the log-odds of a win given that there is one, "
    "averaged over raters and prompts.",
}
"""Meaning of the strengths, for each way to treat ties."""

BOTH_BAD_NOTES = {
    "tie": "A both_bad is a tie.",
    "drop": "A both_bad is left out.",
    "floor": "A both_bad competes with the pair as a contender of strength floor, on the same scale.",
}


@dataclass(frozen=True)
class Specification:
    """A model of votes: how ties and both_bad enter, and what besides strengths moves an outcome.

    Raises:
        ValueError: a name is unknown, or the parts do not go together.
    """

    ties: Ties = "half"
    both_bad: BothBad = "tie"
    effects: Sequence[Circumstance] = ()
    covariates: Sequence[str] = ()
    """Columns of the votes' covariates, differences of clips' features."""
    tie_effects: Sequence[Literal["prompt"]] = ()
    """Things that differ in their inclination to tie."""
    ridge: float = 0.0
    """Prior precision of the strengths' deviations from their mean, 1 / log-odds^2."""
    tie_precision: float = 1.0
    """Prior precision of each prompt's deviation of the tie parameter, 1 / log-odds^2."""

    def __post_init__(self) -> None:
        for argument in ("effects", "covariates", "tie_effects"):
            object.__setattr__(self, argument, several(argument, getattr(self, argument)))
        self._check_names()
        self._check_precisions()
        if self.tie_effects and self.ties not in TIE_PARAMETERS:
            raise ValueError(f"tie_effects= needs ties='davidson' or 'rao-kupper', not {self.ties!r}.")
        outcome_model(self.ties, self.both_bad)

    def _check_names(self) -> None:
        require_known("ties", [self.ties], get_args(Ties))
        require_known("both_bad", [self.both_bad], get_args(BothBad))
        require_known("effects", self.effects, get_args(Circumstance))
        require_known("tie_effects", self.tie_effects, ("prompt",))
        clash = [
            name
            for name in self.covariates
            if name in (*get_args(Circumstance), "floor", "log_nu", "log_kappa")
        ]
        if clash:
            raise ValueError(f"covariates= may not have the name {clash[0]!r}: another parameter has it.")
        if len(set(self.regressors)) < len(self.regressors):
            raise ValueError(f"effects= and covariates= name one twice: {', '.join(self.regressors)}.")

    def _check_precisions(self) -> None:
        if not (math.isfinite(self.ridge) and self.ridge >= 0):
            raise ValueError(
                f"ridge={self.ridge} must be finite and at least 0: precision in 1 / log-odds^2."
            )
        if not (math.isfinite(self.tie_precision) and self.tie_precision > 0):
            raise ValueError(f"tie_precision={self.tie_precision} must be finite and above 0.")

    @property
    def model(self) -> str:
        """The model's name."""
        return self.ties if self.ties in TIE_PARAMETERS else "bradley-terry"

    @property
    def estimand(self) -> str:
        """Meaning of the strengths."""
        return f"{ESTIMANDS[self.ties]} {BOTH_BAD_NOTES[self.both_bad]}"

    @property
    def regressors(self) -> tuple[str, ...]:
        """Circumstances and covariates that add to the gap."""
        return (*(name for name in get_args(Circumstance) if name in self.effects), *self.covariates)

    @property
    def extras(self) -> tuple[str, ...]:
        """The names of the parameters after the strengths."""
        floor = ("floor",) if self.both_bad == "floor" else ()
        tie = (TIE_PARAMETERS[self.ties],) if self.ties in TIE_PARAMETERS else ()
        return (*floor, *self.regressors, *tie)

    @property
    def labels(self) -> Floats:
        """Split of a vote with the row's outcome among outcomes, shape (4, 4); rows of 0 are left out."""
        return labels(self.ties, self.both_bad)

    @property
    def outcomes(self) -> OutcomeModel:
        """The likelihood of one meeting."""
        return outcome_model(self.ties, self.both_bad)

    def problem(self, cells: Cells) -> Problem:
        """Build the likelihood of these cells."""
        outcomes, contenders = self.outcomes, len(cells.contenders)
        regressors = dict(zip(self.regressors, cells.regressors, strict=True))
        design = build_design(
            cells.contender_a, cells.contender_b, contenders, outcomes.coordinates, regressors
        )
        prompts = 0
        if self.tie_effects and cells.prompt is not None:
            prompts = int(cells.prompt.max()) + 1
            design = with_deviations(design, outcomes.coordinates.index("tie"), cells.prompt)
        credit = np.einsum("ij,im->jm", self.labels, cells.counts)
        return Problem(
            contenders, self.extras, design, outcomes, credit, self.ridge, prompts, self.tie_precision
        )
