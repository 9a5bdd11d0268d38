"""Runway's API: its own models and others behind one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.provider import Body, Call, Provider, Report

_USD_PER_CREDIT = 0.01


class RunwayTasks(Provider):
    """Calls of Runway's tasks. There is no list; a field that the model does not have is refused."""

    name = "runway"
    title = "Runway"
    key_variable = "RUNWAYML_API_SECRET"
    base_url = "https://api.dev.runwayml.com/v1"
    states = {
        "PENDING": "queued",
        "THROTTLED": "queued",
        "RUNNING": "running",
        "SUCCEEDED": "succeeded",
        "FAILED": "ended",
        "CANCELLED": "ended",
    }
    rules: ClassVar[Sequence[Rule]] = (
        (r"SAFETY\.OUTPUT\.AUDIO", "sound"),
        (r"SAFETY\.OUTPUT|INTERNAL\.BAD_OUTPUT", "clip"),
        (r"SAFETY|INPUT_PREPROCESSING\.SAFETY", "prompt"),
        (r"INPUT_PREPROCESSING\.INTERNAL|INTERNAL|THIRD_PARTY", "server"),
        (r"INPUT|ASSET", "invalid"),
        ("CANCELLED", "gone"),
    )

    def headers(self, key: str) -> dict[str, str]:
        """Return the key with the version of the API that these calls are written for."""
        return {**super().headers(key), "X-Runway-Version": "2024-11-06"}

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a task; its ratio is in pixels, as the row spells it for a resolution."""
        body: dict[str, Any] = {"model": ask.name, "promptText": ask.prompt, "duration": ask.duration_s}
        body["ratio"] = ask.model.fields[f"{ask.ratio or '16:9'} {ask.resolution}"]
        body |= ask.model.switched_off
        if ask.image:
            body["promptImage"] = ask.image
        if ask.seed is not None:
            body["seed"] = ask.seed
        if ask.model.sound == "optional":
            body["audio"] = ask.sound
        return Call("POST", "/image_to_video" if ask.image else "/text_to_video", body)

    def read_id(self, body: Body) -> str:
        """Return the task's id."""
        return str(body["id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the task."""
        return Call("GET", f"/tasks/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the task, and its price in credits once it has ended."""
        status = str(body["status"])
        if self.states.get(status) == "ended":
            problem = Problem(str(body.get("failureCode") or status), str(body.get("failure", "")))
            return self.ended(status, problem)
        credits = body.get("cost")
        usd = credits * _USD_PER_CREDIT if isinstance(credits, int | float) else None
        return self.report(status, url=next(iter(body.get("output") or []), None), cost_usd=usd)

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel the task."""
        return Call("DELETE", f"/tasks/{request_id}")

    def read_problem(self, body: Body) -> Problem:
        """Read the error's text."""
        return Problem("", str(body.get("error", "")))


class Runway(Hosted):
    """Registry name `runway`."""

    name = "runway"
    provider = RunwayTasks()
