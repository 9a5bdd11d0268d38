"""Record of the job at a provider that makes one clip: what a caller keeps so that no job is paid twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, Protocol

Step = Literal["unknown", "queued", "running", "succeeded"]
"""How far a job is: perhaps lost, waiting at the provider, being made there, or ready to be fetched."""


@dataclass(frozen=True)
class Entry:
    """One submission for one clip."""

    provider: str
    model: str
    handle: str
    """Our own id of the submission; some providers store it."""
    submitted_at: float
    """Seconds since 1970."""
    request_id: str | None = None
    """Provider's id of the job; None while it is unknown whether there is one."""
    is_delivered: bool = False
    """Whether the job's clip was handed over; once its link is gone, another job may be asked for."""

    def accepted(self, request_id: str) -> Entry:
        """Return the entry of the same submission with its job's id."""
        return replace(self, request_id=request_id)

    def delivered(self) -> Entry:
        """Return the entry of the same submission after its clip was handed over."""
        return replace(self, is_delivered=True)


class Record(Protocol):
    """What is stored of one clip's job at a provider. Each method has stored its fact when it returns."""

    def read(self) -> Entry | None:
        """Return the submission that may still bring the clip, or None."""
        ...

    def begin(self, entry: Entry) -> Entry:
        """Store a submission before it is sent, and return it; its time may be later than the given one."""
        ...

    def accept(self, entry: Entry) -> None:
        """Store the id of the job that came of a submission, or that its clip was handed over."""
        ...

    def note(self, step: Step, cost_usd: float | None = None) -> None:
        """Store how far the job is, and the price that the provider states, if any."""
        ...

    def remove(self) -> None:
        """Forget the submission: no job came of it, or its job can bring no clip any more."""
        ...

    def known_ids(self) -> Collection[str]:
        """Return the ids of the provider's jobs that are on record, for any clip."""
        ...

    def advice(self) -> str:
        """Say what a person does about a job that may have been lost, as a sentence after "Look for it"."""
        ...
