"""Estimate what a hosted clip costs by its model's price rule, and say when the rule is missing or old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from generators.priced import Estimate

OLDEST_DAYS = 90

Unit = Literal["second", "clip"]


@dataclass(frozen=True)
class PriceRule:
    """Price of one model, as a list that was read on a date."""

    per: Unit
    usd: Mapping[str, float]
    """US dollars by resolution."""
    usd_silent: Mapping[str, float]
    """US dollars by resolution when sound is switched off, where that is another price."""
    checked: date
    source: str

    def price_of(self, resolution: str, duration_s: float, *, with_sound: bool) -> float | None:
        """Return the price of one clip in US dollars, or None for a resolution without a price."""
        table = self.usd if with_sound else {**self.usd, **self.usd_silent}
        unit = table.get(resolution)
        if unit is None:
            return None
        return unit * duration_s if self.per == "second" else unit


def estimate(
    model: str, rule: PriceRule | None, resolution: str, duration_s: float, *, with_sound: bool, today: date
) -> Estimate:
    """Return the expected price of one clip.

    Args:
        model: Model's id, for the warning.
        rule: Price rule of the model's row; None where no price was published.
        resolution: Resolution in the row's spelling.
        duration_s: Length of the clip, seconds.
        with_sound: Whether sound is generated.
        today: Date against which the rule's age is measured.
    """
    usd = None if rule is None else rule.price_of(resolution, duration_s, with_sound=with_sound)
    if rule is None or usd is None:
        return Estimate(None, f"The price of {model} at {resolution} is unknown.")
    age = (today - rule.checked).days
    if age > OLDEST_DAYS:
        return Estimate(usd, f"The price of {model} was last checked on {rule.checked}, {age} days ago.")
    return Estimate(usd, None)
