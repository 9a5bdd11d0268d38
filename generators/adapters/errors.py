"""Errors of hosted jobs, by what a caller may do about them."""

from __future__ import annotations

from typing import Literal

from generators.base import (
    GenerationError,
    InvalidResult,
    RefusedByModeration,
    TransientError,
    Unavailable,
)

Stage = Literal["prompt", "clip", "sound", "prompt or clip"]


class Moderated(RefusedByModeration):
    """The provider's moderation refused the prompt, the finished clip or its sound; `stage` says which."""

    def __init__(self, message: str, stage: Stage) -> None:
        super().__init__(message)
        self.stage = stage


class KeyRefused(Unavailable):
    """The provider does not accept the API key, or the key may not use the model."""

    kind = "auth"


class RateLimited(TransientError):
    """The provider accepts no job at present; nothing was accepted or charged."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServerFault(TransientError):
    """The provider answered with a fault of its own, or did not answer."""

    def __init__(self, message: str, *, may_be_accepted: bool = False) -> None:
        """Store whether a request that creates a job may have been accepted nevertheless."""
        super().__init__(message)
        self.may_be_accepted = may_be_accepted


class JobFailed(GenerationError):
    """The provider accepted the job and could not finish it; it makes no promise for another one."""

    kind = "provider"


class JobOverdue(GenerationError):
    """The job did not finish before its deadline; cancellation was requested where the provider has it."""

    kind = "timeout"

    def __init__(self, message: str, *, is_cancelled: bool = False) -> None:
        """Store whether the provider has cancelled the job, or it goes on there."""
        super().__init__(message)
        self.is_cancelled = is_cancelled


class JobGone(GenerationError):
    """The job was cancelled, or its result is no longer kept by the provider."""

    kind = "expired"


class UnknownOutcome(GenerationError):
    """The provider may have accepted a job whose id is unknown; a person must look before another is paid."""

    kind = "unknown_outcome"


class UnsafeAddress(GenerationError):
    """A response names an address that must not be fetched."""

    kind = "unsafe_address"


class BrokenDownload(InvalidResult):
    """The file behind a result's link is not a complete video."""


class LinkExpired(GenerationError):
    """The link to a finished clip is no longer served; the job itself may still name a new one."""

    kind = "expired"
