"""Playback: the page's report on how a pair was watched. It comes from a browser, so it is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

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
"""Names of the numbers that are kept, each from 0 to a million."""

UNSEEN_S = 0.5
"""Tolerance in a clip's length: the page counts in tenths of a second, and files end on a frame."""
CLOCK_SLACK_S = 2.0
"""Tolerance between the browser's clock and the server's."""


def read_playback(text: str) -> dict[str, float]:
    """Return the known measures in the page's JSON; none if it is missing or malformed."""
    try:
        sent = json.loads(text) if len(text) < 4096 else None
    except (ValueError, RecursionError):  # nested brackets can exceed the parser's depth
        return {}
    if not isinstance(sent, dict):
        return {}
    return {name: abs(round(float(sent[name]), 3)) for name in MEASURES if _is_measure(sent.get(name))}


def is_possible(playback: Mapping[str, float], *, duration_s: float, open_s: float, with_sound: bool) -> bool:
    """Return whether the pair can have been watched to the end, as reported, since it was issued.

    The page opens its answers once both clips were seen to the end, and heard where sound is judged. Only
    one clip sounds at a time, so hearing both takes the sum of their times. Missing measures are not
    checked, since a browser without scripts sends none.

    Args:
        playback: measures from `read_playback`.
        duration_s: length of the shorter clip in seconds.
        open_s: seconds since the ballot was issued, by the server's clock.
        with_sound: whether sound is judged.
    """
    watched = _sent(playback, "watched_a_s", "watched_b_s")
    heard = _sent(playback, "heard_a_s", "heard_b_s") if with_sound else []
    at_least_s, at_most_s = duration_s - UNSEEN_S, duration_s + UNSEEN_S
    for seconds in (*watched, *heard):
        if not at_least_s <= seconds <= at_most_s:
            return False
    took_s = max([sum(heard), *watched, *_sent(playback, "decided_after_s")])
    return took_s <= open_s + CLOCK_SLACK_S


def least_watching_s(durations_s: Sequence[float], *, with_sound: bool) -> float:
    """Return the seconds that watching a pair to its end takes, whatever the page reports.

    Both clips can be watched at once, but where sound is judged they are heard one after the other.

    Args:
        durations_s: lengths of the two clips in seconds.
        with_sound: whether sound is judged.
    """
    at_least_s = [max(0.0, duration_s - UNSEEN_S) for duration_s in durations_s]
    return sum(at_least_s) if with_sound else max(at_least_s)


def _sent(playback: Mapping[str, float], *names: str) -> list[float]:
    """Return those of the named measures that the page sent."""
    return [playback[name] for name in names if name in playback]


def _is_measure(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= 1e6  # false for NaN, too
