"""Google's Interactions API: Gemini Omni."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.provider import Body, Call, Provider, Report


class Interactions(Provider):
    """Calls of Google's interactions. There is no list; a refusal is a completed answer without a video."""

    name = "gemini"
    title = "Google Gemini"
    key_variable = "GEMINI_API_KEY"
    base_url = "https://generativelanguage.googleapis.com/v1beta"
    states = {
        "queued": "queued",
        "in_progress": "running",
        "completed": "succeeded",
        "failed": "ended",
        "cancelled": "ended",
        "incomplete": "ended",
        "budget_exceeded": "ended",
        "requires_action": "ended",
    }
    rules: ClassVar[Sequence[Rule]] = (
        ("no video", "clip"),
        (r"\w*(SAFETY|PROHIBITED_CONTENT|BLOCKLIST|SPII)", "prompt"),
        ("RESOURCE_EXHAUSTED: quota|budget_exceeded", "quota"),
        ("RESOURCE_EXHAUSTED", "rate"),
        ("UNAUTHENTICATED|PERMISSION_DENIED|API_KEY", "auth"),
        ("INTERNAL|UNAVAILABLE", "server"),
        ("cancelled", "gone"),
    )

    def headers(self, key: str) -> dict[str, str]:
        """Return Google's own header of the key."""
        return {"x-goog-api-key": key}

    def create(self, ask: Ask, handle: str) -> Call:
        """Create an interaction that goes on in the background."""
        given: Any = ask.prompt
        if ask.image:
            media_type, _, data = ask.image.removeprefix("data:").partition(";base64,")
            image = {"type": "image", "data": data, "mime_type": media_type}
            given = [image, {"type": "text", "text": ask.prompt}]
        video: dict[str, Any] = {
            "type": "video",
            "delivery": "uri",  # a clip inside the answer may have 4 MB at most
            "resolution": ask.resolution,
            "duration": f"{ask.duration_s}s",
        }
        if ask.ratio:
            video["aspect_ratio"] = ask.ratio
        body = {"model": ask.name, "input": given, "background": True, "response_format": video}
        return Call("POST", "/interactions", body | ask.model.switched_off)

    def read_id(self, body: Body) -> str:
        """Return the interaction's id."""
        return str(body["id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the interaction."""
        return Call("GET", f"/interactions/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the interaction; its video is a link that needs the key, or stands in the answer."""
        status = str(body["status"])
        if self.states.get(status) == "ended":
            problem = self.read_problem(body)
            return self.ended(status, Problem(problem.code or status, problem.message))
        if self.states.get(status) != "succeeded":
            return self.report(status)
        video = _find_video(body)
        if video is None:
            return self.ended(status, Problem("no video", "it answered without a video"))
        if video.get("data"):
            return self.report(status, content=base64.b64decode(video["data"]))
        return self.report(status, url=str(video["uri"]), needs_key=True)

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel the interaction."""
        return Call("POST", f"/interactions/{request_id}/cancel")

    def read_problem(self, body: Body) -> Problem:
        """Read the error object, which Google's front end puts into a list."""
        first = body["items"][0] if body.get("items") else body
        error = first.get("error") or {}
        code, said = str(error.get("status") or error.get("code") or ""), str(error.get("message", ""))
        if "blocked" in said.lower() and "safety" in said.lower():
            code = "SAFETY"
        return Problem(f"{code}: quota" if "billing" in said.lower() else code, said)


class Gemini(Hosted):
    """Registry name `gemini`."""

    name = "gemini"
    provider = Interactions()


def _find_video(body: Body) -> dict[str, Any] | None:
    blocks = [
        block
        for step in body.get("steps") or []
        if step.get("type") == "model_output"
        for block in step.get("content") or []
    ]
    return next((block for block in blocks if block.get("type") == "video"), None)
