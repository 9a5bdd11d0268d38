"""xAI's deferred videos."""

from __future__ import annotations

from collections.abc import Mapping

from tests.providers.face import RETRY_AFTER_S, Face, Received, Reply, Route


class XaiFace(Face):
    """An answer has status 202 until the video is done; there is no list and no call that cancels."""

    name = "xai"
    prefix = "/v1"

    def routes(self) -> list[Route]:
        """Return the two calls."""
        return [
            Route("POST", "/v1/videos/generations", "create", self._create_job),
            Route("GET", r"/v1/videos/([\w-]+)", "poll", self._video),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token."""
        return headers.get("authorization") == f"Bearer {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return a code and a text."""
        known = {
            "auth": (401, "Unauthenticated", "Incorrect API key provided."),
            "rate": (429, "Some resource has been exhausted", "Too many requests."),
            "server": (500, "Internal error", "Internal error."),
            "money": (
                403,
                "The caller does not have permission",
                "Your team has used all available credits.",
            ),
            "refused": (400, "Client specified an invalid argument", "The prompt was blocked by moderation."),
            "invalid": (422, "Client specified an invalid argument", "Invalid duration."),
        }
        status, code, message = known[kind]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        return Reply(status, {"code": code, "error": message}, headers)

    def _create_job(self, request: Received) -> Reply:
        if not 1 <= request.body["duration"] <= 15:
            return self.problem("invalid")
        return Reply(200, {"request_id": self.accept(request.body, request.body["model"]).id})

    def _video(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        state = self.poll(job)
        if state in ("queued", "running", "odd"):
            return Reply(202, {"status": "paused" if state == "odd" else "pending", "progress": 10})
        if state == "failed":
            error = {"code": "internal_error", "message": "The video could not be made."}
            return Reply(200, {"status": "failed", "error": error})
        is_refused = state in ("refused", "refused sound")
        video = {"respect_moderation": not is_refused, "duration": job.body["duration"]}
        if not is_refused:
            video["url"] = self.link(job)
        return Reply(200, {"status": "done", "video": video, "usage": {"cost_in_usd_ticks": 7_000_000_000}})
