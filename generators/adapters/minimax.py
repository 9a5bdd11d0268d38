"""MiniMax: Hailuo 03 (H3) by its maker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.listing import read_pages
from generators.adapters.provider import Body, Call, Provider, Report, Send

_CLOCK_SKEW_S = 60.0


class MiniMaxVideo(Provider):
    """Calls of the second version of the video API. Errors carry their code at the end of the message."""

    name = "minimax"
    title = "MiniMax"
    key_variable = "MINIMAX_API_KEY"
    base_url = "https://api.minimax.io"
    states = {
        "queued": "queued",
        "running": "running",
        "succeeded": "succeeded",
        "failed": "ended",
        "cancelled": "ended",
        "expired": "ended",
    }
    rules: ClassVar[Sequence[Rule]] = (
        ("1026$", "prompt"),
        ("1027$", "clip"),
        ("1008$", "quota"),
        ("1002$|1039$|1041$", "rate"),
        ("1004$|2049$", "auth"),
        ("2013$", "invalid"),
        ("10(00|01|13|24|33)$", "server"),
        ("cancelled|expired", "gone"),
    )

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a task; with a first frame its ratio decides."""
        content: list[dict[str, Any]] = [{"type": "text", "text": ask.prompt}]
        if ask.image:
            image = {"type": "image_url", "image_url": {"url": ask.image}, "role": "first_frame"}
            content.append(image)
        body: dict[str, Any] = {
            "model": ask.name,
            "content": content,
            "resolution": ask.resolution,
            "duration": ask.duration_s,
            "ratio": ask.ratio or "adaptive",
            **ask.model.switched_off,
        }
        return Call("POST", "/v2/video_generation", body)

    def read_id(self, body: Body) -> str:
        """Return the task's id."""
        return str(body["task_id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the task."""
        return Call("GET", f"/v2/query/video_generation/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the task."""
        task = body["task"]
        status = str(task["status"])
        if self.states.get(status) == "ended":
            return self.ended(status, _problem_of(task, status))
        return self.report(status, url=(task.get("content") or {}).get("url"))

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel a queued task."""
        return Call("DELETE", f"/v2/video_generation/{request_id}")

    def find(self, send: Send, ask: Ask, handle: str, since: float) -> list[str]:
        """Look through the model's recent tasks for those of the same length and resolution."""
        path, query = "/v2/query/video_generation", {"filter.model": ask.name}
        tasks = read_pages(send, path, query, page="page_num", size="page_size", rows="items")
        recent = [task for task in tasks if task["created_at"] >= since - _CLOCK_SKEW_S]
        return [str(task["id"]) for task in recent if _may_be(task, ask)]

    def read_problem(self, body: Body) -> Problem:
        """Read the error object."""
        return _problem_of(body, "")


class MiniMax(Hosted):
    """Registry name `minimax`."""

    name = "minimax"
    provider = MiniMaxVideo()


def _problem_of(body: Body, status: str) -> Problem:
    """Return the error of a task or an answer, with the code at the message's end if there is one."""
    error = body.get("error") or {}
    message = str(error.get("message", ""))
    inner = re.search(r"\((\d{4})\)\s*$", message)
    return Problem(inner[1] if inner else str(error.get("code") or status), message)


def _may_be(task: Body, ask: Ask) -> bool:
    """Whether a listed task has nothing that was asked for otherwise; it lists no prompts."""
    asked = {"duration": ask.duration_s, "resolution": ask.resolution}
    return all(task[name] == value for name, value in asked.items() if task.get(name))
