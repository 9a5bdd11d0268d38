"""Kling's video tasks."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Job, Received, Reply, Route, State

_STATES = {"queued": "submitted", "running": "processing", "succeeded": "succeed", "odd": "reviewing"}
_TASKS = r"/v1/videos/(?:text2video|image2video)"


class KlingFace(Face):
    """Every answer has a code, 0 for success; a task carries our own id of it."""

    name = "kling"

    def routes(self) -> list[Route]:
        """Return the three calls; there is none that cancels."""
        return [
            Route("POST", _TASKS, "create", self._create_job),
            Route("GET", _TASKS, "other", self._list),
            Route("GET", rf"{_TASKS}/([\w-]+)", "poll", self._task),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token."""
        return headers.get("authorization") == f"Bearer {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return the code and the message; an empty account answers with status 429, too."""
        known = {
            "auth": (401, 1000, "Authentication failed"),
            "rate": (429, 1303, "parallel task over resource pack limit"),
            "server": (500, 5000, "Internal server error"),
            "money": (429, 1102, "Account balance not enough"),
            "refused": (400, 1301, "Failure to pass the risk control system"),
            "invalid": (400, 1201, "Invalid parameters"),
        }
        status, code, message = known[kind]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        return Reply(status, {"code": code, "message": message, "request_id": "r-1"}, headers)

    def _create_job(self, request: Received) -> Reply:
        if request.body.get("mode") not in ("std", "pro") or not isinstance(
            request.body.get("duration"), str
        ):
            return self.problem("invalid")
        job = self.accept(request.body, request.body["model_name"])
        return self._envelope(self._row(job, "queued"))

    def _row(self, job: Job, state: State) -> dict[str, object]:
        row: dict[str, object] = {
            "task_id": job.id,
            "task_status": _STATES.get(state, "failed"),
            "task_info": {"external_task_id": job.body["external_task_id"]},
            "created_at": int(job.created_at * 1000),
        }
        reasons = {
            "refused": "Failure to pass the risk control system",
            "refused sound": "The generated audio failed to pass the risk control system",
            "failed": "Internal error",
        }
        if state == "succeeded":
            row["task_result"] = {"videos": [{"id": "v-1", "url": self.link(job), "duration": "5.1"}]}
        if state in reasons:
            row["task_status_msg"] = reasons[state]
        return row

    def _task(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        return self._envelope(self._row(job, self.poll(job)))

    def _list(self, request: Received) -> Reply:
        rows = [self._row(job, "queued") for job in self.jobs.values()]
        return self._envelope(self.page(rows, request, "pageNum", "pageSize"))

    def _envelope(self, data: object) -> Reply:
        return Reply(200, {"code": 0, "message": "SUCCEED", "request_id": "r-2", "data": data})
