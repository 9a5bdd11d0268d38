"""Replicate: many makers' models as predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

import httpx2

from generators.adapters.errors import ServerFault
from generators.adapters.faults import Problem, Rule
from generators.adapters.fitting import Ask
from generators.adapters.hosted import Hosted
from generators.adapters.listing import MOST_PAGES
from generators.adapters.provider import Body, Call, Provider, Report, Send

_CLOCK_SKEW_S = 60.0


class Predictions(Provider):
    """Calls of Replicate's predictions. A failed one has its reason as text, at times with a code in it."""

    name = "replicate"
    title = "Replicate"
    key_variable = "REPLICATE_API_TOKEN"
    base_url = "https://api.replicate.com/v1"
    states = {
        "starting": "queued",
        "processing": "running",
        "succeeded": "succeeded",
        "failed": "ended",
        "canceled": "ended",
        "aborted": "ended",
    }
    rules: ClassVar[Sequence[Rule]] = (
        ("flagged", "either"),
        ("interrupted", "server"),
        ("canceled|aborted", "gone"),
    )

    def create(self, ask: Ask, handle: str) -> Call:
        """Create a prediction with the model's own input fields."""
        fields = ask.model.fields
        given: dict[str, Any] = {
            "prompt": ask.prompt,
            "duration": ask.duration_s,
            "resolution": ask.resolution,
            "aspect_ratio": ask.ratio or "adaptive",
            **ask.model.switched_off,
        }
        if ask.image:
            given[fields.get("image", "image")] = ask.image
        if ask.seed is not None:
            given["seed"] = ask.seed
        if ask.negative_prompt:
            given["negative_prompt"] = ask.negative_prompt
        if ask.model.sound == "optional":
            given["generate_audio"] = ask.sound
        return Call("POST", f"/models/{ask.name}/predictions", {"input": given})

    def read_id(self, body: Body) -> str:
        """Return the prediction's id."""
        return str(body["id"])

    def status(self, ask: Ask, request_id: str) -> Call:
        """Ask for the prediction."""
        return Call("GET", f"/predictions/{request_id}")

    def read_status(self, body: Body) -> Report:
        """Read the prediction; its output is one link or a list of them."""
        status = str(body["status"])
        if self.states.get(status) == "ended":
            said = str(body.get("error") or "")
            return self.ended(status, Problem(_code_in(said) or status, said))
        output = body.get("output")
        return self.report(status, url=output[0] if isinstance(output, list) and output else output)

    def cancel(self, ask: Ask, request_id: str) -> Call:
        """Cancel the prediction."""
        return Call("POST", f"/predictions/{request_id}/cancel")

    def find(self, send: Send, ask: Ask, handle: str, since: float) -> list[str]:
        """Look through the predictions since then, newest first, for those with the prompt and the seed."""
        start, found = since - _CLOCK_SKEW_S, []
        for each in _newest_first(send):
            if _created(each) < start:
                break
            found += [str(each["id"])] if _may_be(each, ask) else []
        return found

    def read_problem(self, body: Body) -> Problem:
        """Read the error's text."""
        return Problem("", str(body.get("detail", "")))


class Replicate(Hosted):
    """Registry name `replicate`."""

    name = "replicate"
    provider = Predictions()


def _code_in(said: str) -> str:
    """Return a word for a reason that is given as text only."""
    words = said.lower()
    if "flagged" in words or "e005" in words or "sensitive" in words:
        return "flagged"
    return "interrupted" if "interrupted" in words or "please retry" in words else ""


def _newest_first(send: Send) -> Iterator[Body]:
    """Yield all predictions; of the address of the next page only its cursor is used."""
    query: dict[str, str | int] = {}
    for _ in range(MOST_PAGES):
        body = send(Call("GET", "/predictions", query=query))
        yield from body["results"]
        if not body.get("next"):
            return
        query = {"cursor": httpx2.URL(body["next"]).params["cursor"]}
    raise ServerFault(f"The provider's list must end within {MOST_PAGES} pages; it does not.")


def _created(prediction: Body) -> float:
    return datetime.fromisoformat(prediction["created_at"]).timestamp()


def _may_be(prediction: Body, ask: Ask) -> bool:
    given = prediction.get("input") or {}
    return bool(given.get("prompt") == ask.prompt and given.get("seed") == ask.seed)
