"""Run an adapter against its provider's face with one fault, and say what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from generators import registry
from generators.adapters.hosted import Hosted
from generators.adapters.production import Clock
from generators.base import GenerationError, Request, Result
from tests.providers.face import KEY
from tests.providers.faults import Fault
from tests.providers.server import Server

MODELS = {
    "fal": "happyhorse-1.0",
    "gemini": "gemini-omni-1.1-flash",
    "kling": "kling-3.0",
    "minimax": "h3",
    "model-studio": "happyhorse-1.0",
    "modelark": "seedance-2.0",
    "replicate": "seedance-2.0",
    "runway": "seedance-2.0",
    "xai": "grok-imagine-1.5",
}
"""One model of each provider."""
CONTENDERS = """
contenders:
  - {contender: kling, name: Kling, generator: kling, settings: {model: kling-3.0}}
  - {contender: happyhorse, name: HappyHorse, generator: model-studio, settings: {model: happyhorse-1.0}}
"""
"""A file of two contenders, each of a provider of its own."""
_TOLD = ("duration_s", "sound")
"""What a clip may lack by a fault; the rest of `not_honoured` follows from the model's row."""


@dataclass
class FakeClock:
    """Time that passes by sleeping only."""

    slept: list[float] = field(default_factory=list)
    started: float = field(default_factory=time.time)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)

    def clock(self) -> Clock:
        """Return the clock as adapters take it."""
        return Clock(now=lambda: self.started + sum(self.slept), sleep=self.sleep)


@dataclass(frozen=True)
class Outcome:
    """What came of one request."""

    result: Result | None
    error: GenerationError | None
    paid_jobs: int
    clock: FakeClock

    @property
    def kind(self) -> str:
        """`clip`, with what it lacks by the fault, or the error's kind."""
        if self.error is not None:
            stage = getattr(self.error, "stage", None)
            return f"{self.error.kind} of the {stage}" if stage else self.error.kind
        assert self.result is not None
        lacks = [name for name in self.not_honoured if name in _TOLD]
        return f"clip without {', '.join(lacks)}" if lacks else "clip"

    @property
    def not_honoured(self) -> list[str]:
        """Names that the clip's provenance lists."""
        assert self.result is not None
        return cast(list[str], self.result.provenance.resolved["not_honoured"])

    def __str__(self) -> str:
        return f"{self.kind}; {self.paid_jobs} paid"


def make_request(**changes: Any) -> Request:  # noqa: ANN401 - fields of Request
    """Return a request that every model of `MODELS` can fulfil."""
    fields: dict[str, Any] = {
        "track": "t2v-audio", "prompt": "A red kite over a beach, with the sound of waves.", "seed": 7,
        "duration_s": 5.0, "width": 1280, "height": 720, "fps": 24.0, "prompt_id": "kite",
    }  # fmt: skip
    return Request(**{**fields, **changes})


def variables(server: Server, provider: str, folder: Path) -> dict[str, str]:
    """Return the environment that points an adapter to its face."""
    prefix = provider.upper().replace("-", "_")
    return {
        f"{prefix}_BASE_URL": server.faces[provider].base_url,
        key_variable(provider): KEY,
        "HOSTED_JOBS_DIR": str(folder / "jobs"),
        "HOSTED_POLL_S": "100",
        "HOSTED_DEADLINE_S": "600",
    }


def key_variable(provider: str) -> str:
    """Return the name of a provider's key."""
    return create(provider).provider.key_variable


def create(provider: str, clock: FakeClock | None = None, **settings: object) -> Hosted:
    """Return the adapter of a provider with one of its models."""
    kind = type(registry.create(provider, {"model": MODELS[provider]}))
    assert issubclass(kind, Hosted)
    return kind({"model": MODELS[provider], **settings}, clock.clock() if clock else None)


@contextmanager
def connected(server: Server, provider: str, folder: Path) -> Iterator[None]:
    """Set the environment of an adapter for a block."""
    with patch.dict(os.environ, variables(server, provider, folder)):
        yield


def attempt(server: Server, provider: str, folder: Path, request: Request | None = None) -> Outcome:
    """Ask an adapter for a clip, once."""
    clock = FakeClock()
    result, error = None, None
    with connected(server, provider, folder):
        try:
            result = create(provider, clock).generate(request or make_request(), folder / "clips")
        except GenerationError as raised:
            error = raised
    return Outcome(result, error, server.faces[provider].paid_jobs, clock)


def attempt_with_fault(server: Server, provider: str, fault: Fault, folder: Path) -> Outcome:
    """Ask an adapter for a clip while its provider has a fault."""
    server.faces[provider].fault = fault
    return attempt(server, provider, folder)
