"""xAI: Grok Imagine by its maker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.provider import Body, Call, Provider, Report

_TICKS_PER_USD = 10**10


class XaiVideos(Provider):
    """Calls of xAI's deferred videos. It has no list of jobs and no call that cancels."""

    name = "xai"
    title = "xAI"
    key_variable = "XAI_API_KEY"
    base_url = "https://api.x.ai/v1"
    states = {"pending": "running", "done": "succeeded", "failed": "ended", "expired": "ended"}
    rules: ClassVar[Sequence[Rule]] = (
        ("moderation: output", "clip"),
        ("moderation", "prompt"),
        ("credits", "quota"),
        ("internal_error|Internal", "server"),
        ("expired", "gone"),
    )

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a deferred video."""
        body: dict[str, Any] = {
            "model": ask.name,
            "prompt": ask.prompt,
            "duration": ask.duration_s,
            "resolution": ask.resolution,
            **ask.model.switched_off,
        }
        if ask.ratio:
            body["aspect_ratio"] = ask.ratio
        if ask.image:
            body["image"] = {"url": ask.image}
        return Call("POST", "/videos/generations", body)

    def read_id(self, body: Body) -> str:
        """Return the request's id."""
        return str(body["request_id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the video; the answer has status 202 until it is done."""
        return Call("GET", f"/videos/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the video; one without a link that breaks the rules is a refusal."""
        status = str(body["status"])
        if self.states.get(status) == "ended":
            problem = self.read_problem(body)
            return self.ended(status, Problem(problem.code or status, problem.message))
        video = body.get("video") or {}
        if video.get("respect_moderation") is False:
            said = str(body.get("block_reason") or "the clip breaks the rules")
            return self.ended(status, Problem("moderation: output", said))
        ticks = (body.get("usage") or {}).get("cost_in_usd_ticks")
        usd = ticks / _TICKS_PER_USD if isinstance(ticks, int | float) else None
        return self.report(status, url=video.get("url"), cost_usd=usd)

    def read_problem(self, body: Body) -> Problem:
        """Read the error, a text beside a code or an object; some kinds are told by their words alone."""
        error = body.get("error", "")
        code, said = body.get("code", ""), error
        if isinstance(error, dict):
            code, said = error.get("code", ""), error.get("message", "")
        words = str(said).lower()
        told = next((word for word in ("moderation", "credits") if word in words), None)
        return Problem(told or str(code), str(said))


class Xai(Hosted):
    """Registry name `xai`."""

    name = "xai"
    provider = XaiVideos()
