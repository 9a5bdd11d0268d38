"""BytePlus ModelArk: Dreamina Seedance by its maker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.listing import read_pages
from generators.adapters.provider import Body, Call, Provider, Report, Send

_TASKS = "/contents/generations/tasks"
_CLOCK_SKEW_S = 60.0


class Ark(Provider):
    """Calls of ModelArk's content generation tasks. A failed task is an answer with HTTP status 200."""

    name = "modelark"
    title = "BytePlus ModelArk"
    key_variable = "ARK_API_KEY"
    base_url = "https://ark.ap-southeast.bytepluses.com/api/v3"
    states = {
        "queued": "queued",
        "running": "running",
        "succeeded": "succeeded",
        "failed": "ended",
        "cancelled": "ended",
        "expired": "ended",
    }
    rules: ClassVar[Sequence[Rule]] = (
        ("OutputAudioSensitiveContentDetected", "sound"),
        ("Output\\w*SensitiveContentDetected", "clip"),
        ("\\w*SensitiveContentDetected", "prompt"),
        ("AccountOverdue|QuotaExceeded|SetLimitExceeded|InsufficientBalance", "quota"),
        ("RateLimitExceeded|\\w*TooManyRequests|ServerOverloaded", "rate"),
        ("AuthenticationError|AccessDenied|InvalidAccountStatus", "auth"),
        ("InvalidParameter|MissingParameter|InvalidEndpointOrModel", "invalid"),
        ("Internal", "server"),
        ("cancelled|expired", "gone"),
    )

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a task."""
        content: list[dict[str, Any]] = [{"type": "text", "text": ask.prompt}]
        if ask.image:
            image = {"type": "image_url", "image_url": {"url": ask.image}, "role": "first_frame"}
            content.append(image)
        body: dict[str, Any] = {
            "model": ask.name,
            "content": content,
            "resolution": ask.resolution,
            "ratio": ask.ratio or "adaptive",
            "duration": ask.duration_s,
            **ask.model.switched_off,
        }
        if ask.seed is not None:
            body["seed"] = ask.seed
        if ask.model.sound == "optional":
            body["generate_audio"] = ask.sound
        return Call("POST", _TASKS, body)

    def read_id(self, body: Body) -> str:
        """Return the task's id."""
        return str(body["id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the task."""
        return Call("GET", f"{_TASKS}/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the task."""
        status = str(body["status"])
        if self.states.get(status) != "ended":
            link = (body.get("content") or {}).get("video_url")
            return self.report(status, url=link, seed=body.get("seed"))
        error = body.get("error") or {"code": status, "message": "the task ended"}
        return self.ended(status, self.read_problem({"error": error}))

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel a queued task."""
        return Call("DELETE", f"{_TASKS}/{request_id}")

    def find(self, send: Send, ask: Ask, handle: str, since: float) -> list[str]:
        """Look through the model's recent tasks for those of the same seed, length and resolution."""
        query = {"filter.model": ask.name}
        tasks = read_pages(send, _TASKS, query, page="page_num", size="page_size", rows="items")
        recent = [task for task in tasks if task["created_at"] >= since - _CLOCK_SKEW_S]
        return [str(task["id"]) for task in recent if _may_be(task, ask)]

    def read_problem(self, body: Body) -> Problem:
        """Read the error object."""
        error = body.get("error") or {}
        return Problem(str(error.get("code", "")), str(error.get("message", "")))


class ModelArk(Hosted):
    """Registry name `modelark`."""

    name = "modelark"
    provider = Ark()


def _may_be(task: Body, ask: Ask) -> bool:
    """Whether a listed task has nothing that was asked for otherwise; it lists no prompts."""
    asked = {"seed": ask.seed, "duration": ask.duration_s, "resolution": ask.resolution, "ratio": ask.ratio}
    return all(task[name] == value for name, value in asked.items() if value is not None and name in task)
