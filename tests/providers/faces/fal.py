"""fal's queue."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Received, Reply, Route

_STATES = {"queued": "IN_QUEUE", "running": "IN_PROGRESS", "odd": "IN_LIMBO", "cancelled": "COMPLETED"}


class FalFace(Face):
    """POST /{endpoint}, then status and result below the first two segments of the endpoint."""

    name = "fal"

    def routes(self) -> list[Route]:
        """Status and result come first: an endpoint may have any number of segments."""
        job = r"/[\w-]+/[\w-]+/requests/([\w-]+)"
        return [
            Route("GET", f"{job}/status", "poll", self._status),
            Route("GET", job, "other", self._result),
            Route("PUT", f"{job}/cancel", "other", self._cancel),
            Route("POST", r"/([\w./-]+)", "create", self._create_job),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check fal's own scheme."""
        return headers.get("authorization") == f"Key {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return a model's error as a list, and the queue's as a text with a type."""
        retry = {"Retry-After": str(RETRY_AFTER_S)}
        policy = {"type": "content_policy_violation", "loc": ["body", "prompt"], "msg": "flagged", "ctx": {}}
        replies = {
            "auth": Reply(401, {"detail": "No user found for Key ID and Secret"}),
            "rate": Reply(429, {"detail": "Too many requests", "error_type": "rate_limit"}, retry),
            "server": Reply(500, {"detail": "Internal Server Error", "error_type": "internal_error"}),
            "money": Reply(403, {"detail": "User is locked. Exhausted balance.", "error_type": "exhausted"}),
            "refused": Reply(422, {"detail": [policy]}, {"X-Fal-Retryable": "false"}),
            "invalid": Reply(
                422, {"detail": [{"type": "missing", "loc": ["body"], "msg": "field required"}]}
            ),
        }
        return replies[kind]

    def _create_job(self, request: Received, endpoint: str) -> Reply:
        if "prompt" not in request.body:
            return self.problem("invalid")
        job = self.accept(request.body, endpoint)
        base = f"{self.origin}/fal/{'/'.join(endpoint.split('/')[:2])}/requests/{job.id}"
        urls = {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}
        return Reply(200, {"request_id": job.id, "queue_position": 0, **urls})

    def _status(self, _: Received, job_id: str) -> Reply:
        state = self.poll(self.jobs[job_id])
        body: dict[str, object] = {"status": _STATES.get(state, "COMPLETED"), "request_id": job_id}
        if state == "failed":
            body |= {"error": "Runner disconnected", "error_type": "runner_disconnected"}
        if state == "cancelled":
            body |= {"error": "Request was cancelled", "error_type": "client_cancelled"}
        return Reply(200, body)

    def _result(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        state = self._state(job)
        if state in ("refused", "refused sound"):
            place = "generated_audio" if state == "refused sound" else "generated_video"
            detail = {"type": "content_policy_violation", "loc": ["body", place], "msg": "flagged"}
            return Reply(422, {"detail": [detail]})
        if state != "succeeded":
            return Reply(400, {"detail": "Request is still in progress"})
        video = {"url": self.link(job), "content_type": "video/mp4", "file_name": "output.mp4"}
        return Reply(200, {"video": video, "seed": job.body.get("seed", 42)})

    def _cancel(self, _: Received, job_id: str) -> Reply:
        self.jobs[job_id].is_cancelled = True
        return Reply(202, {"status": "CANCELLATION_REQUESTED"})
