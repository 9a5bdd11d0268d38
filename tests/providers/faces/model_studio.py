"""Alibaba Model Studio's asynchronous tasks."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Job, Received, Reply, Route, State

_STATES = {
    "queued": "PENDING",
    "running": "RUNNING",
    "succeeded": "SUCCEEDED",
    "cancelled": "CANCELED",
    "odd": "PAUSED",
}


class ModelStudioFace(Face):
    """POST a task, GET it by its id, list those of a time."""

    name = "model-studio"
    prefix = "/api/v1"

    def routes(self) -> list[Route]:
        """Return the four calls."""
        create = "/api/v1/services/aigc/video-generation/video-synthesis"
        return [
            Route("POST", create, "create", self._create_job),
            Route("GET", "/api/v1/tasks/", "other", self._list),
            Route("GET", r"/api/v1/tasks/([\w-]+)", "poll", self._task),
            Route("POST", r"/api/v1/tasks/([\w-]+)/cancel", "other", self._cancel),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token."""
        return headers.get("authorization") == f"Bearer {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return the flat error body."""
        refused = "Input text data may contain inappropriate content."
        known = {
            "auth": (401, "InvalidApiKey", "Invalid API-key provided."),
            "rate": (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later."),
            "server": (500, "InternalError", "An internal error has occurred."),
            "money": (400, "Arrearage", "Access denied, please make sure your account is in good standing."),
            "refused": (400, "DataInspectionFailed", refused),
            "invalid": (400, "InvalidParameter", "Required parameter is missing."),
        }
        status, code, message = known[kind]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        return Reply(status, {"code": code, "message": message, "request_id": "r-1"}, headers)

    def _create_job(self, request: Received) -> Reply:
        given = request.body.get("input", {})
        if request.headers.get("x-dashscope-async") != "enable" or "prompt" not in given:
            return self.problem("invalid")
        job = self.accept(request.body, request.body["model"])
        return Reply(200, {"output": {"task_id": job.id, "task_status": "PENDING"}, "request_id": "r-1"})

    def _task(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        return Reply(200, {"request_id": "r-2", "output": self._output(job, self.poll(job))})

    def _output(self, job: Job, state: State) -> dict[str, object]:
        output: dict[str, object] = {
            "task_id": job.id,
            "task_status": _STATES.get(state, "FAILED"),
            "orig_prompt": job.body["input"]["prompt"],
        }
        if state == "succeeded":
            output["video_url"] = self.link(job)
        if state in ("refused", "refused sound"):
            what = "audio" if state == "refused sound" else "video"
            said = f"Output {what} data may contain inappropriate content."
            output |= {"code": "DataInspectionFailed", "message": said}
        if state == "failed":
            output |= {"code": "InternalError.Algo", "message": "An internal error has occurred."}
        return output

    def _list(self, request: Received) -> Reply:
        assert len(request.query["start_time"]) == len(request.query["end_time"]) == 14
        found = [job for job in self.jobs.values() if job.model == request.query["model_name"]]
        rows = [
            {"task_id": job.id, "model_name": job.model, "gmt_create": int(job.created_at * 1000)}
            for job in found
        ]
        return Reply(
            200,
            {
                "total": len(rows),
                "data": self.page(rows, request, "page_no", "page_size"),
                "page_no": 1,
                "page_size": 100,
            },
        )

    def _cancel(self, _: Received, job_id: str) -> Reply:
        self.jobs[job_id].is_cancelled = True
        return Reply(200, {"request_id": "r-3"})
