"""The side of a provider that its clients see: routes, jobs that cost money, and faults on demand."""

from __future__ import annotations

import itertools
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from tests.providers.clips import Clips
from tests.providers.faults import ONCE, Fault

KEY = "sk-test-0123456789abcdef"
LATENCY_S = 0.05
RETRY_AFTER_S = 7
SIGNATURE = "signature-of-a-link"

State = Literal[
    "queued",
    "running",
    "succeeded",
    "refused",
    "refused prompt",
    "refused sound",
    "failed",
    "cancelled",
    "odd",
]


@dataclass(frozen=True)
class Received:
    """One request, as the server read it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    body: dict[str, Any] | bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class ConnectionDropped(Exception):
    """The answer is never sent."""


@dataclass
class Job:
    """One accepted job, which was paid for."""

    id: str
    body: dict[str, Any]
    created_at: float
    model: str = ""
    polls: int = 0
    is_cancelled: bool = False


Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Route:
    """What answers to a method and a path."""

    method: str
    pattern: str
    kind: Literal["create", "poll", "other"]
    answer: Handler


class Face(ABC):
    """One provider. Jobs are queued at the first poll, run at the second and are done at the third."""

    name: ClassVar[str]

    def __init__(self, clips: Clips, origin: str, foreign_origin: str) -> None:
        """Store what to serve, where this server is, and another server that nobody may be sent to."""
        self.key = KEY
        self.clips = clips
        self.origin = origin
        self.foreign_origin = foreign_origin
        self.fault = Fault.NONE
        self.jobs: dict[str, Job] = {}
        self.received: list[Received] = []
        self.create_calls = 0
        self.refused_create_calls = 0
        self._spent: set[Fault] = set()
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()

    @property
    def paid_jobs(self) -> int:
        """Number of jobs that were accepted, by the provider's own count."""
        return len(self.jobs)

    @property
    def base_url(self) -> str:
        """Base URL that a client is given."""
        return f"{self.origin}/{self.name}{self.prefix}"

    prefix: ClassVar[str] = ""
    """Path that belongs to the base URL."""
    refuses_later: ClassVar[bool] = False
    """Whether a refused prompt is accepted as a job first."""
    media_need_key: ClassVar[bool] = False
    """Whether a clip's link is answered only with the key."""

    @abstractmethod
    def routes(self) -> list[Route]:
        """Return the routes, by paths after the face's name."""

    @abstractmethod
    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Whether a request brings the key."""

    @abstractmethod
    def problem(self, kind: Literal["auth", "rate", "server", "money", "refused", "invalid"]) -> Reply:
        """Return an error as the provider words it."""

    def handle(self, request: Received) -> Reply:
        """Answer one request.

        Raises:
            ConnectionDropped: The request was accepted and the answer is lost.
        """
        with self._guard:
            self.received.append(request)
            for route in self.routes():
                match = re.fullmatch(route.pattern, request.path)
                if match and route.method == request.method:
                    return self._answer(route, request, match)
        return Reply(404, {"detail": "no such path"})

    def _answer(self, route: Route, request: Received, match: re.Match[str]) -> Reply:
        if self.fault is Fault.LATENCY:
            time.sleep(LATENCY_S)
        if self.fault is Fault.WRONG_KEY or not self.is_authorised(request.headers):
            return self.problem("auth")
        if route.kind == "create":
            return self._create(route, request, match)
        if route.kind == "poll" and self._has(Fault.SERVER_ERROR_WHILE_POLLING):
            return self.problem("server")
        return route.answer(request, *match.groups())

    def _create(self, route: Route, request: Received, match: re.Match[str]) -> Reply:
        self.create_calls += 1
        refusals: list[tuple[Fault, Literal["rate", "server", "money", "refused"]]] = [
            (Fault.RATE_LIMITED, "rate"),
            (Fault.SERVER_ERROR_AT_SUBMISSION, "server"),
            (Fault.NO_MONEY, "money"),
            (Fault.REFUSED_AT_SUBMISSION, "refused"),
        ]
        for fault, kind in refusals:
            is_later = self.refuses_later and fault is Fault.REFUSED_AT_SUBMISSION
            if not is_later and self._has(fault):
                self.refused_create_calls += 1
                return self.problem(kind)
        reply = route.answer(request, *match.groups())
        if self._has(Fault.RESPONSE_LOST):
            raise ConnectionDropped
        return reply

    def _has(self, fault: Fault) -> bool:
        """Whether a fault is to be given now; one that comes once is used up by this."""
        if self.fault is not fault or fault in self._spent:
            return False
        if fault in ONCE:
            self._spent.add(fault)
        return True

    def accept(self, body: dict[str, Any], model: str = "") -> Job:
        """Take a job in, which costs money from now on."""
        number = next(self._numbers)
        job = Job(f"{self.name}-job-{number}", body, time.time(), model)
        self.jobs[job.id] = job
        return job

    def page(self, rows: list[Any], request: Received, number: str, size: str) -> list[Any]:
        """Return the rows of the page that a request asks for."""
        per_page = int(request.query[size])
        start = (int(request.query[number]) - 1) * per_page
        return rows[start : start + per_page]

    def poll(self, job: Job) -> State:
        """Return a job's state and let it go on."""
        job.polls += 1
        if job.is_cancelled:
            return "cancelled"
        if self.fault is Fault.STUCK:
            return "running"
        if self.fault is Fault.UNKNOWN_STATUS:
            return "odd"
        return self._state(job)

    def _state(self, job: Job) -> State:
        if job.polls < 3:
            return "queued" if job.polls == 1 else "running"
        ends: dict[Fault, State] = {
            Fault.REFUSED_AT_SUBMISSION: "refused prompt",
            Fault.REFUSED_AT_RESULT: "refused",
            Fault.REFUSED_SOUND: "refused sound",
            Fault.FAILED: "failed",
        }
        return ends.get(self.fault, "succeeded")

    def link(self, job: Job) -> str:
        """Return the signed link to a job's clip."""
        return f"{self.origin}/media/{self.name}/{job.id}.mp4?Signature={SIGNATURE}"

    def media(self, headers: Mapping[str, str]) -> tuple[Reply, int | None]:
        """Return what a clip's link serves, and after how many bytes the connection is cut."""
        self.received.append(Received("GET", "/media", {}, headers, {}))
        if self.media_need_key and not self.is_authorised(headers):
            return Reply(403, b""), None
        if self.fault is Fault.EXPIRED_LINK or self._has(Fault.LINK_EXPIRED_ONCE):
            return Reply(403, b"<Error><Code>AccessDenied</Code></Error>"), None
        if self.fault is Fault.FOREIGN_REDIRECT:
            return Reply(302, b"", {"Location": f"{self.foreign_origin}/clip.mp4"}), None
        if self.fault is Fault.PRIVATE_REDIRECT:
            return Reply(302, b"", {"Location": "https://10.0.0.1/clip.mp4"}), None
        if self.fault is Fault.HTML:
            page = b"<!DOCTYPE html><html><body>Please sign in.</body></html>"
            return Reply(200, page, {"Content-Type": "text/html"}), None
        content = self._content()
        cut = len(content) // 2 if self._has(Fault.CUT_OFF) else None
        return Reply(200, content, {"Content-Type": "video/mp4"}), cut

    def _content(self) -> bytes:
        if self.fault is Fault.TRUNCATED:
            return self.clips.whole[: len(self.clips.whole) // 2]
        served = {Fault.WRONG_DURATION: self.clips.short, Fault.NO_SOUND: self.clips.silent}
        return served.get(self.fault, self.clips.whole)
