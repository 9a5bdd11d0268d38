"""What a generator that costs money, or needs an account, can say before it is asked for a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from generators.base import Request


@dataclass(frozen=True)
class Estimate:
    """Expected price of a clip in US dollars, or None, and what is doubtful about it."""

    usd: float | None
    warning: str | None


@runtime_checkable
class Priced(Protocol):
    """Generator whose clips are paid for."""

    def require_ready(self) -> object:
        """Raise Unavailable if the account's key is missing."""
        ...

    def estimate(self, request: Request) -> Estimate:
        """Return the expected price of a clip. Raise InvalidInput if the generator cannot make it."""
        ...
