"""Options of a fit, checked before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from elo.arguments import (
    Cluster,
    Correction,
    Intervals,
    Resampling,
    Separation,
    VarianceFloor,
    Weighting,
    place_of,
    require_known,
    several,
)
from elo.models.specification import Specification
from elo.votes.table import Votes
from elo.votes.tally import Tally

CLUSTERS = get_args(Cluster)
ELO_SCALE = 400 / math.log(10)
"""Rating points for one unit of log-odds: 400 points are odds of ten to one (Elo 1978)."""
MANY_PROMPTS = 2000
"""Deviations that are estimated jointly with the strengths: a table of 32 MB for each step."""


@dataclass(frozen=True)
class Uncertainty:
    """Method by which the errors of the estimates are estimated."""

    clusters: Sequence[Cluster] = ()
    """Kinds of cluster that make votes depend on each other, in the order of `CLUSTERS`; () for none."""
    intervals: Intervals = "sandwich"
    correction: Correction = "CR3"
    variance_floor: VarianceFloor = "auto"
    """`on`: no variance of a sandwich or bootstrap falls below the one-way ones, that of independent votes,
    and the model's where votes or clusters are few. `auto` is on, but off for CR0 and CR1, which are then
    those of other packages."""
    bootstrap: Resampling = "resample"
    rounds: int = 1000
    """Rounds of the bootstrap."""
    seed: int = 0
    """Seed of the bootstrap."""

    def __post_init__(self) -> None:
        clusters = several("clusters", self.clusters)
        if set(clusters) <= set(CLUSTERS):
            clusters = tuple(name for name in CLUSTERS if name in clusters)
        object.__setattr__(self, "clusters", clusters)

    @property
    def floored(self) -> bool:
        """Whether variances of the sandwich or the bootstrap have a floor."""
        bare = self.correction in ("CR0", "CR1")
        return self.variance_floor == "on" or (self.variance_floor == "auto" and not bare)

    def check(self, votes: Votes | Tally) -> None:
        """Refuse unknown words, and clusters that these votes do not record.

        Raises:
            ValueError: names what was asked and what is allowed.
        """
        require_known("intervals", [self.intervals], get_args(Intervals))
        require_known("correction", [self.correction], get_args(Correction))
        require_known("variance_floor", [self.variance_floor], get_args(VarianceFloor))
        require_known("bootstrap", [self.bootstrap], get_args(Resampling))
        self._check_clusters(votes)
        if self.clusters and self.intervals == "model":
            raise ValueError("intervals='model' takes votes as independent. Use 'sandwich' with clusters=.")

    def _check_clusters(self, votes: Votes | Tally) -> None:
        if self.clusters and isinstance(votes, Tally):
            raise ValueError(
                f"A tally does not record {' and '.join(self.clusters)}, as clusters= needs. "
                "Give fit the Votes instead."
            )
        recorded = [name for name in CLUSTERS if getattr(votes, name, None) is not None]
        for name in self.clusters:
            if name not in CLUSTERS:
                raise ValueError(
                    f"Cannot cluster by {name!r}. Known: {', '.join(CLUSTERS)}; () is for no clusters."
                )
            if name not in recorded:
                raise ValueError(
                    f"Cannot cluster by {name!r}: the votes have no such column. "
                    f"They have: {', '.join(recorded) or 'none'}; known: {', '.join(CLUSTERS)}; or ()."
                )


@dataclass(frozen=True)
class Settings:
    """The arguments of `fit`."""

    specification: Specification
    uncertainty: Uncertainty
    separation: Separation = "apart"
    """Without a finite maximum, `apart`: rate the largest group of contenders that the votes hold together,
    and name the others in `Ratings.unrated`; `error`, `firth` or `bounded`: see `models.separation`."""
    weighting: Weighting = "votes"
    """`votes` count alike, or by `propensity` count as if all pairs had been equally likely."""
    anchor: tuple[str, float] | None = None
    """The contender whose rating is fixed, and at what; None where the mean rating is fixed at 1000."""
    scale: float = ELO_SCALE
    """Rating points for one unit of log-odds."""
    level: float = 0.95
    """Probability that an interval covers."""

    def check(self, votes: Votes | Tally) -> None:
        """Refuse what is unknown, meaningless, or beyond what these votes record.

        Raises:
            ValueError: names what was asked and what is allowed.
        """
        self.uncertainty.check(votes)
        require_known("separation", [self.separation], get_args(Separation))
        require_known("weighting", [self.weighting], get_args(Weighting))
        if self.uncertainty.intervals == "bootstrap" and self.separation == "firth":
            raise ValueError(
                "intervals='bootstrap' refits without Firth's penalty. Use 'sandwich' with it, or "
                "separation='bounded' with the bootstrap."
            )
        if self.specification.tie_effects:
            self._check_tie_effects(votes)
        self._check_scale(votes)

    def _check_scale(self, votes: Votes | Tally) -> None:
        if not 0 < self.level < 1:
            raise ValueError(
                f"level must be a probability above 0 and below 1; got {self.level}. Use 0.95, for example."
            )
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(
                f"scale={self.scale} must be finite and above 0: rating points for one unit of log-odds."
            )
        if self.anchor is not None:
            place_of(self.anchor[0], votes.contenders)
            if not math.isfinite(self.anchor[1]):
                raise ValueError(f"anchor={self.anchor} must give a finite rating.")

    def _check_tie_effects(self, votes: Votes | Tally) -> None:
        if isinstance(votes, Tally):
            raise ValueError(
                "A tally does not record prompts, as tie_effects= needs. Give fit the Votes instead."
            )
        prompts = votes.prompts
        if prompts is None:
            raise ValueError("tie_effects=('prompt',) needs votes that record prompts, and these do not.")
        if prompts > MANY_PROMPTS:
            raise ValueError(
                f"tie_effects=('prompt',) takes up to {MANY_PROMPTS} prompts, and these are {prompts}."
            )
        if self.separation == "firth":
            raise ValueError(
                "tie_effects= has a prior of its own: use separation='error' or 'bounded' with it."
            )
