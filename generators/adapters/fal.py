"""fal's queue API: many makers' models behind one key, each under an endpoint of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.provider import Body, Call, Provider, Report


class FalQueue(Provider):
    """Calls of fal's queue. It has no list of jobs and no idempotency key."""

    name = "fal"
    title = "fal"
    key_variable = "FAL_KEY"
    base_url = "https://queue.fal.run"
    states = {"IN_QUEUE": "queued", "IN_PROGRESS": "running", "COMPLETED": "succeeded"}
    rules: ClassVar[Sequence[Rule]] = (
        ("content_policy_violation: \\S*prompt", "prompt"),
        ("content_policy_violation: \\S*audio", "sound"),
        ("content_policy_violation", "clip"),
        ("request_timeout|startup_timeout|runner_|internal_", "server"),
        ("concurrent_requests_limit|rate_limit", "rate"),
        ("insufficient|exhausted|locked", "quota"),
    )

    def headers(self, key: str) -> dict[str, str]:
        """Return fal's own scheme of authorization."""
        return {"Authorization": f"Key {key}"}

    def create(self, ask: Ask, handle: str) -> Call:
        """Post the input to the model's endpoint."""
        fields = ask.model.fields
        body: dict[str, Any] = {"prompt": ask.prompt, **ask.model.switched_off}
        body["duration"] = _duration(ask.duration_s, fields.get("duration", "number"))
        if len(ask.model.resolutions) > 1:
            body["resolution"] = ask.resolution
        if ask.ratio:
            body["aspect_ratio"] = ask.ratio
        if ask.image:
            body[fields.get("image", "image_url")] = ask.image
        if ask.seed is not None:
            body["seed"] = ask.seed
        if ask.negative_prompt:
            body["negative_prompt"] = ask.negative_prompt
        if ask.model.sound == "optional":
            body[fields.get("sound", "generate_audio")] = ask.sound
        return Call("POST", f"/{ask.name}", body)

    def read_id(self, body: Body) -> str:
        """Return `request_id`."""
        return str(body["request_id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the status; its path has the first two segments of the endpoint only."""
        return Call("GET", f"{_request(ask, request_id)}/status")

    def read_status(self, body: Body) -> Report:
        """Read the queue's word; a completed job may hold an error."""
        if body.get("error"):
            return self.ended(str(body["status"]), self.read_problem(body))
        return self.report(str(body["status"]))

    def result(self, ask: Ask, request_id: str) -> Call:
        """Ask for the result, which has a path of its own."""
        return Call("GET", _request(ask, request_id))

    def read_result(self, body: Body) -> Report:
        """Read the link to the video."""
        return Report("succeeded", "COMPLETED", url=str(body["video"]["url"]), seed=body.get("seed"))

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel by PUT."""
        return Call("PUT", f"{_request(ask, request_id)}/cancel")

    def read_problem(self, body: Body) -> Problem:
        """Read a model's error, which is a list, or the queue's, which is a text with a type."""
        detail = body.get("detail", body.get("error", ""))
        if isinstance(detail, list) and detail:
            place = ".".join(map(str, detail[0].get("loc", [])))
            return Problem(f"{detail[0].get('type', '')}: {place}", str(detail[0].get("msg", "")))
        return Problem(str(body.get("error_type", "")), str(detail))


class Fal(Hosted):
    """Registry name `fal`."""

    name = "fal"
    provider = FalQueue()


def _request(ask: Ask, request_id: str) -> str:
    owner, app = ask.name.split("/")[:2]
    return f"/{owner}/{app}/requests/{request_id}"


def _duration(seconds: int, form: str) -> int | str:
    """Return a duration as a model's schema wants it: 8, "8" or "8s"."""
    forms: dict[str, int | str] = {"number": seconds, "text": str(seconds), "suffixed": f"{seconds}s"}
    return forms[form]
