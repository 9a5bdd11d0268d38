"""The contract of a provider: how its calls are built and its answers read, without any network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from generators.adapters.faults import Fault, Problem, Rule, build_error, find_fault
from generators.adapters.fitting import Ask
from generators.base import GenerationError

Body = dict[str, Any]
"""Parsed JSON object of a response."""


@dataclass(frozen=True)
class Call:
    """One HTTP request, relative to the provider's base URL."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    creates: bool = False
    """Whether a job that costs money may come of it."""


Send = Callable[[Call], Body]
"""Function that sends a call and returns the answer, or raises what the provider's error means."""


@dataclass(frozen=True)
class Report:
    """State of a job as one poll found it."""

    state: Literal["queued", "running", "succeeded", "ended"]
    status: str
    """Provider's own word for the state."""
    url: str | None = None
    """Link to the finished clip."""
    needs_key: bool = False
    """Whether the link is the provider's own and is answered only with the key."""
    content: bytes | None = None
    """The finished clip, where the provider puts it into the answer."""
    error: GenerationError | None = None
    """Why the job ended without a clip."""
    cost_usd: float | None = None
    """Price that the provider states; None where it states none."""
    seed: int | None = None
    """Seed that the provider says it used."""


class Provider(ABC):
    """One provider's calls and answers. Methods are pure: the network is elsewhere."""

    name: ClassVar[str]
    """Registry name, and that of the data file."""
    title: ClassVar[str]
    """Name for people."""
    key_variable: ClassVar[str]
    base_url: ClassVar[str]
    states: ClassVar[Mapping[str, Literal["queued", "running", "succeeded", "ended"]]]
    """Provider's words for the states of a job. A word that is missing counts as running."""
    rules: ClassVar[Sequence[Rule]] = ()
    """What the provider's error codes mean."""
    refusing_statuses: ClassVar[frozenset[int]] = frozenset({429})
    """HTTP statuses of 429 and above after which the provider has certainly not created a job."""

    def headers(self, key: str) -> dict[str, str]:
        """Return the headers that carry the key."""
        return {"Authorization": f"Bearer {key}"}

    @abstractmethod
    def create(self, ask: Ask, handle: str) -> Call:
        """Build the call that creates a job; `handle` is ours to recognise it by."""

    @abstractmethod
    def read_id(self, body: Body) -> str:
        """Return the id of a created job. Raises KeyError or TypeError if there is none."""

    @abstractmethod
    def status(self, ask: Ask, request_id: str) -> Call:
        """Build the call that asks for a job's state."""

    @abstractmethod
    def read_status(self, body: Body) -> Report:
        """Read the answer to `status`."""

    def result(self, ask: Ask, request_id: str) -> Call | None:
        """Build the call that asks for a finished job's clip; None where `status` has it."""
        return None

    def read_result(self, body: Body) -> Report:
        """Read the answer to `result`."""
        return self.read_status(body)

    def cancel(self, ask: Ask, request_id: str) -> Call | None:
        """Build the call that cancels a job; None where the provider has none."""
        return None

    def find(self, send: Send, ask: Ask, handle: str, since: float) -> list[str] | None:
        """Return the ids of jobs that a lost submission may have created; None where none can be looked up.

        Args:
            send: Sends a call.
            ask: The request that was submitted.
            handle: The handle that was given to `create`.
            since: Time of the submission, seconds since 1970.
        """
        return None

    def read_problem(self, body: Body) -> Problem:
        """Return the code and message of an error's body."""
        return Problem(str(body.get("code", "")), str(body.get("message", "")))

    def find_problem(self, body: Body) -> Problem | None:
        """Return the error that an answer with a status of success holds, or None."""
        return None

    def error(self, problem: Problem, otherwise: Fault = "failed") -> GenerationError:
        """Return the error that a code means; `otherwise` holds for an unknown code."""
        return build_error(self.title, find_fault(self.rules, problem.code) or otherwise, problem)

    def report(self, status: str, **facts: Any) -> Report:  # noqa: ANN401 - fields of Report
        """Return a report whose state is that of the provider's word."""
        return Report(self.states.get(status, "running"), status, **facts)

    def ended(self, status: str, problem: Problem, otherwise: Fault = "failed") -> Report:
        """Return the report of a job that ended without a clip."""
        return Report("ended", status, error=self.error(problem, otherwise))
