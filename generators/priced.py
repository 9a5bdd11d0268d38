"""What a generator that costs money, or needs an account, can say before it is asked for a clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from generators.base import Request, Result
from generators.records import Record


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


@runtime_checkable
class Recorded(Priced, Protocol):
    """Generator behind a provider's API whose jobs go by a record that its caller keeps."""

    @property
    def provider_name(self) -> str:
        """Name of the provider, for which there is one account."""
        ...

    @property
    def concurrency(self) -> int:
        """Most jobs that the account may have at the provider at once."""
        ...

    @property
    def lists_jobs(self) -> bool:
        """Whether the provider has a list in which a lost submission can be found."""
        ...

    def generate_on_record(
        self, request: Request, out_dir: Path, record: Record, sleep: Callable[[float], None]
    ) -> Result:
        """Make one clip, or fetch the one of the job on record. Raise GenerationError as `generate` does.

        Args:
            request: Clip to make.
            out_dir: Folder for the file; made if missing.
            record: Where the steps of the clip's job are stored.
            sleep: Waits for seconds.

        What a step of the record or the sleep raises ends the work, and the job stays on record.
        """
        ...
