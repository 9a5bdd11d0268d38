"""Runway's tasks."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Received, Reply, Route

_STATES = {"queued": "PENDING", "running": "RUNNING", "succeeded": "SUCCEEDED", "cancelled": "CANCELLED"}
_FAILURES = {
    "refused prompt": "SAFETY.INPUT.TEXT",
    "refused": "SAFETY.OUTPUT.VIDEO",
    "refused sound": "SAFETY.OUTPUT.AUDIO",
    "failed": "INTERNAL",
}
_FIELDS = {"model", "promptText", "promptImage", "duration", "ratio", "seed", "audio"}


class RunwayFace(Face):
    """A refused prompt is a task that fails; a body with an unknown field is refused."""

    name = "runway"
    prefix = "/v1"
    refuses_later = True

    def routes(self) -> list[Route]:
        """Return the three calls; there is no list."""
        return [
            Route("POST", "/v1/(?:text|image)_to_video", "create", self._create_job),
            Route("GET", r"/v1/tasks/([\w-]+)", "poll", self._task),
            Route("DELETE", r"/v1/tasks/([\w-]+)", "other", self._cancel),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token and the version."""
        return (headers.get("authorization"), headers.get("x-runway-version")) == (
            f"Bearer {self.key}",
            "2024-11-06",
        )

    def problem(self, kind: str) -> Reply:
        """Return a text; the kind is told by the status."""
        statuses = {"auth": 401, "rate": 429, "server": 502, "money": 402, "invalid": 400}
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        return Reply(statuses[kind], {"error": f"An error of the kind {kind}."}, headers)

    def _create_job(self, request: Received) -> Reply:
        if not request.body.keys() <= _FIELDS or ":" not in request.body["ratio"]:
            return self.problem("invalid")
        return Reply(200, {"id": self.accept(request.body, request.body["model"]).id})

    def _task(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        state = self.poll(job)
        status = "PAUSED" if state == "odd" else _STATES.get(state, "FAILED")
        body: dict[str, object] = {"id": job.id, "status": status, "createdAt": "2026-11-28T12:00:00Z"}
        if state == "succeeded":
            body |= {"output": [self.link(job)], "cost": 180}
        if state in _FAILURES:
            body |= {"failure": "The task failed.", "failureCode": _FAILURES[state]}
        return Reply(200, body)

    def _cancel(self, _: Received, job_id: str) -> Reply:
        self.jobs[job_id].is_cancelled = True
        return Reply(204, b"")
