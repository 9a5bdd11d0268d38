"""Turn a provider's error codes and HTTP statuses into the errors that callers know."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from generators.adapters.errors import JobFailed, JobGone, KeyRefused, Moderated, RateLimited, ServerFault
from generators.adapters.redaction import strip_text
from generators.base import GenerationError, InvalidInput, QuotaExceeded

Fault = Literal[
    "auth", "quota", "rate", "invalid", "prompt", "clip", "sound", "either", "server", "failed", "gone"
]

Rule = tuple[str, Fault]
"""Regular expression that a provider's code must match from its start, and what the code means."""

_BY_STATUS: dict[int, Fault] = {401: "auth", 402: "quota", 403: "auth", 404: "gone", 410: "gone", 429: "rate"}
_BUILD: dict[Fault, Callable[[str], GenerationError]] = {
    "auth": KeyRefused,
    "quota": QuotaExceeded,
    "rate": RateLimited,
    "invalid": InvalidInput,
    "prompt": lambda message: Moderated(message, "prompt"),
    "clip": lambda message: Moderated(message, "clip"),
    "sound": lambda message: Moderated(message, "sound"),
    "either": lambda message: Moderated(message, "prompt or clip"),
    "server": ServerFault,
    "failed": JobFailed,
    "gone": JobGone,
}
_WORDS: dict[Fault, str] = {
    "auth": "does not accept the API key",
    "quota": "has no allowance left for this account",
    "rate": "accepts no job at present",
    "invalid": "refuses the request",
    "prompt": "refused the prompt",
    "clip": "refused the clip that it made",
    "sound": "refused the sound that it made",
    "either": "refused the prompt or the clip that it made",
    "server": "has a fault",
    "failed": "could not finish the job",
    "gone": "does not have the job any more",
}


@dataclass(frozen=True)
class Problem:
    """What a provider says of an error."""

    code: str
    """Provider's own code; empty where there is none."""
    message: str


def find_fault(rules: Sequence[Rule], code: str) -> Fault | None:
    """Return what a provider's code means, or None for a code that no rule matches."""
    return next((fault for pattern, fault in rules if re.match(pattern, code)), None)


def fault_of_status(status: int, *, creates: bool) -> Fault:
    """Return what an HTTP status means where the provider's code says nothing.

    Args:
        status: Status of an answer that is not a success.
        creates: Whether the request was to create a job; what is not found then is the model.
    """
    if creates and status in (404, 410):
        return "invalid"
    return _BY_STATUS.get(status, "server" if status >= 500 or status < 400 else "invalid")


def build_error(title: str, fault: Fault, problem: Problem) -> GenerationError:
    """Return the error of a fault, with the provider's own words."""
    code = f" ({problem.code})" if problem.code else ""
    said = strip_text(problem.message, ()).strip().rstrip(".")[:500] or "it gave no reason"
    return _BUILD[fault](f"{title} {_WORDS[fault]}: {said}{code}.")
