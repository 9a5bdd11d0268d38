"""Kling's own API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.listing import read_pages
from generators.adapters.models import Mode
from generators.adapters.provider import Body, Call, Provider, Report, Send

_PATHS = {Mode.T2V: "/v1/videos/text2video", Mode.I2V: "/v1/videos/image2video"}


class KlingVideos(Provider):
    """Calls of Kling's video tasks. Every answer has a code; ours is stored as `external_task_id`."""

    name = "kling"
    title = "Kling"
    key_variable = "KLING_API_KEY"
    base_url = "https://api-singapore.klingai.com"
    states = {"submitted": "queued", "processing": "running", "succeed": "succeeded", "failed": "ended"}
    rules: ClassVar[Sequence[Rule]] = (
        ("output:sound", "sound"),
        ("output:clip", "clip"),
        ("100[0-4]$", "auth"),
        ("110[0-3]$", "quota"),
        ("1301$", "prompt"),
        ("130[23]$", "rate"),
        ("12\\d\\d$", "invalid"),
        ("500[0-2]$", "server"),
    )

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a task; the mode is Kling's name for the resolution."""
        body: dict[str, Any] = {
            "model_name": ask.name,
            "prompt": ask.prompt,
            "mode": ask.resolution,
            "duration": str(ask.duration_s),
            "external_task_id": handle,
            **ask.model.switched_off,
        }
        if ask.negative_prompt:
            body["negative_prompt"] = ask.negative_prompt
        if ask.ratio:
            body["aspect_ratio"] = ask.ratio
        if ask.image:
            body["image"] = ask.image.partition(",")[2]  # base64 alone: Kling refuses the "data:" in front
        if ask.model.sound == "optional":
            body["sound"] = "on" if ask.sound else "off"
        return Call("POST", _PATHS[ask.mode], body)

    def read_id(self, body: Body) -> str:
        """Return the task's id."""
        return str(body["data"]["task_id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the task."""
        return Call("GET", f"{_PATHS[ask.mode]}/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the task; a failed one says why in words only."""
        task = body["data"]
        status = str(task["task_status"])
        if status == "failed":
            said = str(task.get("task_status_msg", ""))
            return self.ended(status, _problem_of(said), "failed")
        videos = (task.get("task_result") or {}).get("videos") or [{}]
        return self.report(status, url=videos[0].get("url"))

    def find_problem(self, body: Body) -> Problem | None:
        """Return the error of an envelope whose code is not 0."""
        return None if body.get("code") == 0 else self.read_problem(body)

    def find(self, send: Send, ask: Ask, handle: str, since: float) -> list[str]:
        """Ask for the task by our own id of it."""
        tasks = read_pages(send, _PATHS[ask.mode], {}, page="pageNum", size="pageSize", rows="data")
        return [str(task["task_id"]) for task in tasks if _handle(task) == handle]


class Kling(Hosted):
    """Registry name `kling`."""

    name = "kling"
    provider = KlingVideos()


def _problem_of(said: str) -> Problem:
    """Return a failed task's reason with the code that the same reason has at submission."""
    words = said.lower()
    if "risk control" in words or "policy" in words or "sensitive" in words:
        return Problem("output:sound" if "audio" in words or "sound" in words else "output:clip", said)
    return Problem("", said)


def _handle(task: Body) -> object:
    return (task.get("task_info") or {}).get("external_task_id")
