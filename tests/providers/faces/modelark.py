"""BytePlus ModelArk's content generation tasks."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Job, Received, Reply, Route

_STATES = {"queued": "queued", "running": "running", "succeeded": "succeeded", "cancelled": "cancelled"}
_TASKS = "/api/v3/contents/generations/tasks"


class ModelArkFace(Face):
    """Tasks; a failed one is an answer with status 200. The list shows no prompts."""

    name = "modelark"
    prefix = "/api/v3"

    def routes(self) -> list[Route]:
        """Return the four calls."""
        return [
            Route("POST", _TASKS, "create", self._create_job),
            Route("GET", _TASKS, "other", self._list),
            Route("GET", rf"{_TASKS}/([\w-]+)", "poll", self._task),
            Route("DELETE", rf"{_TASKS}/([\w-]+)", "other", self._cancel),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token."""
        return headers.get("authorization") == f"Bearer {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return the nested error body."""
        known = {
            "auth": (401, "AuthenticationError", "The API key in the request is missing or invalid."),
            "rate": (429, "RateLimitExceeded.EndpointRPMExceeded", "Requests per minute exceeded."),
            "server": (500, "InternalServiceError", "The service encountered an unexpected error."),
            "money": (403, "AccountOverdueError", "Your account has an overdue balance."),
            "refused": (400, "InputTextSensitiveContentDetected", "The input text may be sensitive."),
            "invalid": (400, "InvalidParameter", "A parameter is not valid."),
        }
        status, code, message = known[kind]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        return Reply(status, {"error": {"code": code, "message": message, "type": "Error"}}, headers)

    def _create_job(self, request: Received) -> Reply:
        if not any(part["type"] == "text" for part in request.body.get("content", [])):
            return self.problem("invalid")
        return Reply(200, {"id": self.accept(request.body, request.body["model"]).id})

    def _row(self, job: Job) -> dict[str, object]:
        asked = {name: job.body[name] for name in ("seed", "resolution", "ratio", "duration")}
        times = {"created_at": int(job.created_at), "updated_at": int(job.created_at)}
        return {"id": job.id, "model": job.model, **asked, **times}

    def _task(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        state = self.poll(job)
        status = "paused" if state == "odd" else _STATES.get(state, "failed")
        body = {**self._row(job), "status": status, "framespersecond": 24}
        if state == "succeeded":
            body |= {"content": {"video_url": self.link(job)}, "usage": {"completion_tokens": 108900}}
        codes = {
            "refused": "OutputVideoSensitiveContentDetected.PolicyViolation",
            "refused sound": "OutputAudioSensitiveContentDetected",
            "failed": "InternalServiceError",
        }
        if state in codes:
            body["error"] = {"code": codes[state], "message": "The task failed."}
        return Reply(200, body)

    def _list(self, request: Received) -> Reply:
        found = [job for job in self.jobs.values() if job.model == request.query["filter.model"]]
        rows = self.page([self._row(job) for job in found], request, "page_num", "page_size")
        return Reply(200, {"total": len(found), "items": rows})

    def _cancel(self, _: Received, job_id: str) -> Reply:
        self.jobs[job_id].is_cancelled = True
        return Reply(200, {})
