"""Record of a fit: what was asked, the recipe that was followed, and how the fit went."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from elo.options import Settings

RECORDED = (
    "model",
    "ties",
    "both_bad",
    "effects",
    "covariates",
    "tie_effects",
    "tie_precision",
    "ridge",
    "estimand",
    "separation",
    "weighting",
    "intervals",
    "covariance",
    "correction",
    "variance_floor",
    "bootstrap",
    "rounds",
    "seed",
    "clusters",
    "level",
    "scale",
    "anchor",
)
"""Keys of `Method.record`, in order."""


@dataclass(frozen=True)
class Method:
    """Method of the ratings: all that `fit` was asked, and the recipe of the intervals."""

    asked: Settings
    covariance: str
    """The recipe by which the covariance was made."""

    @property
    def model(self) -> str:
        """The model's name."""
        return self.asked.specification.model

    @property
    def estimand(self) -> str:
        """Meaning of the ratings, as sentences."""
        return self.asked.specification.estimand

    def record(self) -> dict[str, Any]:
        """Return the settings by name, ready for JSON; None for those that played no part."""
        parts = (self.asked, self.asked.specification, self.asked.uncertainty)
        known = {field.name: getattr(part, field.name) for part in parts for field in fields(part)}
        known |= {"model": self.model, "estimand": self.estimand, "covariance": self.covariance}
        known |= {"variance_floor": "on" if self.asked.uncertainty.floored else "off"}
        return {name: None if name in self._idle() else known[name] for name in RECORDED}

    def _idle(self) -> set[str]:
        """Return the names of the settings that played no part."""
        uncertainty = self.asked.uncertainty
        idle = set()
        if not self.asked.specification.tie_effects:
            idle |= {"tie_precision"}
        if not (uncertainty.clusters and uncertainty.intervals == "sandwich"):
            idle |= {"correction"}
        if uncertainty.intervals not in ("sandwich", "bootstrap"):
            idle |= {"variance_floor"}
        if uncertainty.intervals != "bootstrap":
            idle |= {"bootstrap", "rounds", "seed"}
        return idle


@dataclass(frozen=True)
class Diagnostics:
    """Course of the fit, and the votes that it rests on."""

    iterations: int
    gradient: float
    """Largest gradient of any parameter at the optimum, as a share of the votes that it is estimated from."""
    votes: float
    """Summed weight: an int where it is whole."""
    prompts: int | None
    """Number of prompts; None where the votes do not record them."""
    raters: int | None
    """Number of raters; None where the votes do not record them."""
    clusters: dict[str, int]
    degrees_of_freedom: int | None
    """Degrees of freedom of Student's t; None for normal intervals."""
    design_effect: float | None
    """Median over contenders of variance by these clusters over that of independent votes; None without."""
    separation: str
    """Action of the policy for votes without a finite maximum, as a sentence with names."""
    alone: dict[str, tuple[str, ...]]
    """Contenders or parameters that a single cluster ties to the rest, by kind of cluster: their variance
    between clusters cannot be seen."""
    notes: tuple[str, ...] = ()
    """Remarks on what was left out of the votes, or merged, when they were read."""
