"""MiniMax's second video API."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Job, Received, Reply, Route, State

_STATES = {"queued": "queued", "running": "running", "succeeded": "succeeded", "cancelled": "cancelled"}
_FAILURES = {"refused": "1027", "refused sound": "1027", "failed": "1000"}


class MiniMaxFace(Face):
    """Errors have the HTTP status of their kind, and their code at the message's end."""

    name = "minimax"

    def routes(self) -> list[Route]:
        """Return the four calls."""
        return [
            Route("POST", "/v2/video_generation", "create", self._create_job),
            Route("GET", "/v2/query/video_generation", "other", self._list),
            Route("GET", r"/v2/query/video_generation/([\w-]+)", "poll", self._task),
            Route("DELETE", r"/v2/video_generation/([\w-]+)", "other", self._cancel),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token."""
        return headers.get("authorization") == f"Bearer {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return the error object."""
        known = {
            "auth": (401, "authorized_error", "login fail: please carry the API secret key (1004)"),
            "rate": (429, "rate_limit_error", "rate limit, please retry later (1002)"),
            "server": (500, "server_error", "internal error (1000)"),
            "money": (402, "insufficient_balance_error", "insufficient balance (1008)"),
            "refused": (422, "unprocessable_entity_error", "description contains sensitive content (1026)"),
            "invalid": (400, "bad_request_error", "invalid params (2013)"),
        }
        status, name, message = known[kind]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        error = {"type": name, "message": message, "http_code": str(status)}
        return Reply(status, {"type": "error", "error": error, "request_id": "r-1"}, headers)

    def _create_job(self, request: Received) -> Reply:
        body = request.body
        if not body.keys() <= {"model", "content", "resolution", "duration", "ratio", "extra"}:
            return self.problem("invalid")
        if body["ratio"] == "adaptive" and len(body["content"]) == 1:
            return self.problem("invalid")
        return Reply(200, {"task_id": self.accept(body, body["model"]).id})

    def _row(self, job: Job, state: State) -> dict[str, object]:
        row: dict[str, object] = {
            "id": job.id,
            "model": job.model,
            "status": "paused" if state == "odd" else _STATES.get(state, "failed"),
            "created_at": int(job.created_at),
            "duration": job.body["duration"],
            "resolution": job.body["resolution"],
            "task_type": "generation",
        }
        if state == "succeeded":
            row["content"] = {"url": self.link(job)}
        if state in _FAILURES:
            row["error"] = {"code": _FAILURES[state], "message": "The task failed."}
        return row

    def _task(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        return Reply(200, {"task": self._row(job, self.poll(job))})

    def _list(self, request: Received) -> Reply:
        found = [job for job in self.jobs.values() if job.model == request.query["filter.model"]]
        rows = self.page([self._row(job, "running") for job in found], request, "page_num", "page_size")
        return Reply(200, {"items": rows, "total": len(found)})

    def _cancel(self, _: Received, job_id: str) -> Reply:
        self.jobs[job_id].is_cancelled = True
        return Reply(200, {"task_id": job_id, "action": "cancelled", "status": "cancelled"})
