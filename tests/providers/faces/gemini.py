"""Google's interactions."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Received, Reply, Route

_STATES = {"queued": "in_progress", "running": "in_progress", "odd": "thinking", "cancelled": "cancelled"}


class GeminiFace(Face):
    """A refused clip is a completed interaction without a video; a clip's link needs the key."""

    name = "gemini"
    prefix = "/v1beta"
    media_need_key = True

    def routes(self) -> list[Route]:
        """Return the three calls; there is no list."""
        return [
            Route("POST", "/v1beta/interactions", "create", self._create_job),
            Route("GET", r"/v1beta/interactions/([\w-]+)", "poll", self._interaction),
            Route("POST", r"/v1beta/interactions/([\w-]+)/cancel", "other", self._cancel),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check Google's own header."""
        return headers.get("x-goog-api-key") == self.key

    def problem(self, kind: str) -> Reply:
        """Return the error object."""
        known = {
            "auth": (401, "UNAUTHENTICATED", "API key not valid. Please pass a valid API key."),
            "rate": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
            "server": (500, "INTERNAL", "An internal error has occurred."),
            "money": (
                429,
                "RESOURCE_EXHAUSTED",
                "You exceeded your quota. Check your plan and billing details.",
            ),
            "refused": (400, "INVALID_ARGUMENT", "The prompt was blocked for safety reasons."),
            "invalid": (400, "INVALID_ARGUMENT", "Invalid duration."),
        }
        status, name, message = known[kind]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        return Reply(status, {"error": {"code": status, "status": name, "message": message}}, headers)

    def _create_job(self, request: Received) -> Reply:
        wanted = request.body.get("response_format", {})
        if request.body.get("background") is not True or not str(wanted.get("duration")).endswith("s"):
            return self.problem("invalid")
        job = self.accept(request.body, request.body["model"])
        return Reply(200, {"id": job.id, "object": "interaction", "status": "in_progress"})

    def _interaction(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        state = self.poll(job)
        body: dict[str, object] = {"id": job.id, "status": _STATES.get(state, "completed")}
        if state == "failed":
            error = {"code": 500, "status": "INTERNAL", "message": "An internal error has occurred."}
            body |= {"status": "failed", "error": error}
        if state in ("refused", "refused sound"):
            block: dict[str, object] = {"type": "text", "text": "I can't make this video."}
            body["steps"] = [{"type": "model_output", "content": [block]}]
        if state == "succeeded":
            block = {"type": "video", "uri": self.link(job), "mime_type": "video/mp4"}
            said = {"type": "user_input", "content": [{"type": "text", "text": "the prompt"}]}
            body["steps"] = [said, {"type": "model_output", "content": [block]}]
        return Reply(200, body)

    def _cancel(self, _: Received, job_id: str) -> Reply:
        self.jobs[job_id].is_cancelled = True
        return Reply(200, {"id": job_id, "status": "cancelled"})
