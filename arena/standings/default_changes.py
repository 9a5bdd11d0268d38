"""Changes of a fit's default settings between versions of the code, which histories show as breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from arena.standings.fit_versions import in_words


@dataclass(frozen=True)
class DefaultChange:
    """One change of defaults: since when, in which version, and what."""

    since: datetime
    """Time from which the code has the new defaults."""
    version: str
    """First version that has them."""
    name: str
    """Name for people, such as `Separation`."""
    reason: str
    """What the change does to boards, in a sentence."""
    before: Mapping[str, Any]
    """Arguments of `elo.fit` as they were by default."""
    after: Mapping[str, Any]
    """The same arguments since then."""

    @property
    def differences(self) -> tuple[str, ...]:
        """What changed, such as `separation: error → apart`."""
        return tuple(
            f"{name}: {in_words(self.before[name])} → {in_words(value)}" for name, value in self.after.items()
        )


DEFAULT_CHANGES: tuple[DefaultChange, ...] = (
    DefaultChange(
        since=datetime(2026, 11, 28, 11, 2, tzinfo=UTC),
        version="0.1.0",
        name="Contenders without a finite rating",
        reason="They are named with a one-sided bound, and the others keep their ratings; until then one of "
        "them left the whole board without ratings.",
        before={"separation": "error"},
        after={"separation": "apart"},
    ),
)
"""All changes of defaults, the oldest first. A change of a default that moves ratings adds one here."""
