"""What the page says about how a pair was watched. It comes from a browser: checked, never trusted."""

from __future__ import annotations

import json

MEASURES = (
    "watched_a_s",
    "watched_b_s",
    "heard_a_s",
    "heard_b_s",
    "decided_after_s",
    "plays",
    "stalls",
    "hidden_times",
    "viewport_width",
    "viewport_height",
    "pixel_ratio",
)
"""Numbers from 0 to a million; anything else that a browser sends is dropped."""


def read_playback(text: str) -> dict[str, float]:
    """The known measures out of the JSON that the page sent; empty when it sent none or nonsense."""
    try:
        sent = json.loads(text) if len(text) < 4096 else None
    except (ValueError, RecursionError):  # the latter by brackets in brackets
        return {}
    if not isinstance(sent, dict):
        return {}
    return {name: abs(round(float(sent[name]), 3)) for name in MEASURES if _is_measure(sent.get(name))}


def _is_measure(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= 1e6  # false for NaN, too
