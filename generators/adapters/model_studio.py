"""Alibaba Model Studio (DashScope): HappyHorse and Wan by their maker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.listing import read_pages
from generators.adapters.provider import Body, Call, Provider, Report, Send

_CREATE = "/services/aigc/video-generation/video-synthesis"
_CLOCK_SKEW_S = 60.0


class DashScope(Provider):
    """Calls of DashScope's asynchronous tasks, in Singapore unless `MODEL_STUDIO_BASE_URL` says otherwise."""

    name = "model-studio"
    title = "Alibaba Model Studio"
    key_variable = "DASHSCOPE_API_KEY"
    base_url = "https://dashscope-intl.aliyuncs.com/api/v1"
    states = {
        "PENDING": "queued",
        "RUNNING": "running",
        "SUSPENDED": "running",
        "SUCCEEDED": "succeeded",
        "FAILED": "ended",
        "CANCELED": "ended",
        "UNKNOWN": "ended",
    }
    rules: ClassVar[Sequence[Rule]] = (
        ("DataInspectionFailed.Output audio", "sound"),
        ("DataInspectionFailed.Output", "clip"),
        ("DataInspectionFailed|IPInfringementSuspect", "prompt"),
        ("Arrearage|AllocationQuota|Throttling.AllocationQuota", "quota"),
        ("Throttling", "rate"),
        ("InvalidApiKey|AccessDenied", "auth"),
        ("Invalid", "invalid"),
        ("InternalError|SystemError|ServiceUnavailable", "server"),
        ("CANCELED|UNKNOWN", "gone"),
    )

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a task; without the header the call would wait for the clip."""
        parameters: dict[str, Any] = {"resolution": ask.resolution, "duration": ask.duration_s}
        parameters |= ask.model.switched_off
        if ask.seed is not None:
            parameters["seed"] = ask.seed
        if ask.ratio:
            parameters["ratio"] = ask.ratio
        given: dict[str, Any] = {"prompt": ask.prompt}
        if ask.negative_prompt:
            given["negative_prompt"] = ask.negative_prompt
        if ask.image:
            given["media"] = [{"type": "first_frame", "url": ask.image}]
        body = {"model": ask.name, "input": given, "parameters": parameters}
        return Call("POST", _CREATE, body, headers={"X-DashScope-Async": "enable"})

    def read_id(self, body: Body) -> str:
        """Return the task's id."""
        return str(body["output"]["task_id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the task."""
        return Call("GET", f"/tasks/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the task; one that failed has its code at the root or in its output."""
        output = body["output"]
        status = str(output["task_status"])
        if self.states.get(status) != "ended":
            return self.report(status, url=output.get("video_url"))
        problem = self.read_problem(body if body.get("code") else output)
        return self.ended(status, problem if problem.code else Problem(status, "the task ended"))

    def read_problem(self, body: Body) -> Problem:
        """Read code and message; only the message says whether the prompt or the clip was refused."""
        problem = super().read_problem(body)
        if problem.code == "DataInspectionFailed" and problem.message.startswith("Output"):
            return Problem(f"{problem.code}.{problem.message}"[:40], problem.message)
        return problem

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel a task, which works while it is pending."""
        return Call("POST", f"/tasks/{request_id}/cancel")

    def find(self, send: Send, ask: Ask, handle: str, since: float) -> list[str]:
        """Look through the model's tasks of the time for those with the prompt."""
        # The list's times have no zone: a window of almost a day holds the moment in UTC and in Beijing.
        start = datetime.fromtimestamp(since, UTC) - timedelta(hours=1)
        window = {"start_time": _stamp(start), "end_time": _stamp(start + timedelta(hours=23))}
        query = {**window, "model_name": ask.name}
        tasks = read_pages(send, "/tasks/", query, page="page_no", size="page_size", rows="data")
        recent = [task for task in tasks if task["gmt_create"] / 1000 >= since - _CLOCK_SKEW_S]
        ids = [str(task["task_id"]) for task in recent]
        return [each for each in ids if _prompt(send(self.status(ask, each))) == ask.prompt]


class ModelStudio(Hosted):
    """Registry name `model-studio`."""

    name = "model-studio"
    provider = DashScope()


def _prompt(task: Body) -> object:
    return task["output"].get("orig_prompt")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")
