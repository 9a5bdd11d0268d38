"""Settings by which a study's votes become ratings; they are among the study's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from elo.arguments import BothBad, Circumstance, Ties
from elo.models.specification import Specification
from elo.options import ELO_SCALE
from generators.base import Track

COVARIATES = ("duration", "resolution", "frame_rate", "loudness", "motion")
"""Recorded features of what raters are shown: seconds, log2 of pixels in a picture, pictures a second,
integrated LUFS by EBU R 128, mean absolute difference of luma between successive pictures, 0 to 255."""
MODELS = {
    "half": "Bradley-Terry, a tie as half a win to each side",
    "davidson": "Davidson (1970), which models ties",
    "rao-kupper": "Rao and Kupper (1967), which models ties",
    "drop": "Bradley-Terry on decided votes",
}
BOTH_BAD = {"tie": "", "drop": "both-bad votes left out", "floor": "both-bad votes as losses to a floor"}


class InvalidFit(ValueError):
    """Settings of a fit that are unknown or don't go together; the message names what is allowed."""


@dataclass(frozen=True)
class FitSettings:
    """Model, anchor and scale of a study's ratings."""

    ties: Ties = "half"
    both_bad: BothBad = "tie"
    side: bool = False
    """Whether being shown on the left may help."""
    covariates: tuple[str, ...] = ()
    """Features of clips, of `COVARIATES`, whose part in votes is taken out of the ratings."""
    anchor: str = ""
    """Slug of the contender whose rating is fixed; empty where the mean is."""
    anchor_rating: float = 1000.0
    scale: float = ELO_SCALE
    """Rating points for one unit of log-odds."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> FitSettings:
        """Read settings as `stored` gives them; those left out have their defaults."""
        given = dict(stored)
        if "covariates" in given:
            given["covariates"] = tuple(given["covariates"])
        return cls(**given)

    @property
    def stored(self) -> dict[str, Any]:
        """Settings that differ from the defaults, ready for JSON."""
        default = FitSettings()
        changed = {
            field.name for field in fields(self) if getattr(self, field.name) != getattr(default, field.name)
        }
        return {name: value for name, value in asdict(self).items() if name in changed}

    @property
    def as_fields(self) -> dict[str, Any]:
        """Value of every field by name."""
        return asdict(self)

    @property
    def effects(self) -> tuple[Circumstance, ...]:
        """Circumstances whose part in votes is taken out of the ratings."""
        return ("side",) if self.side else ()

    @property
    def specification(self) -> Specification:
        """Model of the votes."""
        return Specification(
            ties=self.ties,
            both_bad=self.both_bad,
            effects=self.effects,
            covariates=self.covariates,
        )

    @property
    def fixed(self) -> tuple[str, float] | None:
        """Contender with a fixed rating, and that rating; None where the mean is fixed at 1000."""
        return (self.anchor, self.anchor_rating) if self.anchor else None

    @property
    def model(self) -> str:
        """Name of the model for pages, such as `Davidson (1970), which models ties; side effect`."""
        parts = [MODELS[self.ties], BOTH_BAD[self.both_bad], "side effect" if self.side else ""]
        controlled = ", ".join(name.replace("_", " ") for name in self.covariates)
        parts.append(f"controlled for {controlled}" if controlled else "")
        return "; ".join(filter(None, parts))

    @property
    def described(self) -> str:
        """Model, anchor and scale on one line."""
        anchor = f"{self.anchor} at {self.anchor_rating:g}" if self.anchor else "the mean at 1000"
        return f"{self.model}; {anchor}; {self.scale:g} points for one unit of log-odds"

    def check(self, contenders: Sequence[str], tracks: Sequence[Track] = ()) -> None:
        """Raise InvalidFit unless the settings go together, fit the tracks and name a contender, or none."""
        for name in self.covariates:
            if name not in COVARIATES:
                raise InvalidFit(
                    f"covariates must be of {', '.join(COVARIATES)}, which are recorded; got '{name}'. "
                    "Leave it out."
                )
        silent = [track.value for track in tracks if not track.with_sound]
        if "loudness" in self.covariates and silent:
            raise InvalidFit(
                f"covariates must be without loudness where no sound is judged; got it on {silent[0]}. "
                "Leave it out."
            )
        if self.anchor and self.anchor not in contenders:
            raise InvalidFit(
                f"anchor must be one of the study's contenders, {', '.join(contenders)}; got '{self.anchor}'."
                " Name one of them."
            )
        if not (self.scale > 0 and abs(self.scale) + abs(self.anchor_rating) < float("inf")):
            raise InvalidFit(
                f"scale must be above 0, and it and the anchor's rating finite; got {self.scale} and "
                f"{self.anchor_rating}. Leave scale out for Elo points."
            )
        try:
            _ = self.specification
        except ValueError as error:
            raise InvalidFit(f"The fit's settings don't go together. {error}") from error
