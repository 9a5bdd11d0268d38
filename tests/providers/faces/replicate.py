"""Replicate's predictions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tests.providers.face import RETRY_AFTER_S, Face, Job, Received, Reply, Route, State

_STATES = {"queued": "starting", "running": "processing", "succeeded": "succeeded", "cancelled": "canceled"}
_FLAGGED = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"


class ReplicateFace(Face):
    """A refused prompt is a prediction that fails, with the same words as a refused clip."""

    name = "replicate"
    prefix = "/v1"
    refuses_later = True

    def routes(self) -> list[Route]:
        """Return the four calls."""
        return [
            Route("POST", r"/v1/models/([\w.-]+/[\w.-]+)/predictions", "create", self._create_job),
            Route("GET", "/v1/predictions", "other", self._list),
            Route("GET", r"/v1/predictions/([\w-]+)", "poll", self._prediction),
            Route("POST", r"/v1/predictions/([\w-]+)/cancel", "other", self._cancel),
        ]

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Check the bearer token."""
        return headers.get("authorization") == f"Bearer {self.key}"

    def problem(self, kind: str) -> Reply:
        """Return the title, detail and status of an error."""
        statuses = {"auth": 401, "rate": 429, "server": 500, "money": 402, "invalid": 422}
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind == "rate" else {}
        status = statuses[kind]
        return Reply(
            status, {"title": kind, "detail": f"An error of the kind {kind}.", "status": status}, headers
        )

    def _create_job(self, request: Received, model: str) -> Reply:
        if "prompt" not in request.body.get("input", {}):
            return self.problem("invalid")
        return Reply(201, self._row(self.accept(request.body, model), "queued"))

    def _row(self, job: Job, state: State) -> dict[str, object]:
        row: dict[str, object] = {
            "id": job.id,
            "model": job.model,
            "input": job.body["input"],
            "status": "paused" if state == "odd" else _STATES.get(state, "failed"),
            "created_at": datetime.fromtimestamp(job.created_at, UTC).isoformat().replace("+00:00", "Z"),
            "output": self.link(job) if state == "succeeded" else None,
            "error": None,
        }
        if state in ("refused", "refused prompt", "refused sound"):
            row["error"] = _FLAGGED
        if state == "failed":
            row["error"] = "Prediction interrupted; please retry (code: PA)"
        return row

    def _prediction(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        return Reply(200, self._row(job, self.poll(job)))

    def _list(self, request: Received) -> Reply:
        rows = [self._row(job, "running") for job in reversed(self.jobs.values())]
        start = int(request.query.get("cursor", 0))
        following = f"{self.base_url}/predictions?cursor={start + 100}" if start + 100 < len(rows) else None
        return Reply(200, {"next": following, "previous": None, "results": rows[start : start + 100]})

    def _cancel(self, _: Received, job_id: str) -> Reply:
        job = self.jobs[job_id]
        job.is_cancelled = True
        return Reply(200, self._row(job, "cancelled"))
