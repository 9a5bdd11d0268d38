"""Playback: the page's report on how a pair was watched. It comes from a browser, so it is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Playback = dict[str, "float | list[list[float]]"]
"""Measures by name; the ranges of a side are a list of (start, end) in seconds."""

DAY_S = 86_400.0
MOST_TIMES = 10_000.0
MOST_PIXELS = 100_000.0
MOST_APART_S = 60.0
BOUNDS = {
    "watched_a_s": DAY_S,
    "watched_b_s": DAY_S,
    "heard_a_s": DAY_S,
    "heard_b_s": DAY_S,
    "decided_after_s": DAY_S,
    "plays": MOST_TIMES,
    "seeks": MOST_TIMES,
    "side_switches": MOST_TIMES,
    "start_skew_s": MOST_APART_S,
    "drift_s": MOST_APART_S,
    "frames_compared": 1e6,
    "stalls": MOST_TIMES,
    "stalled_s": DAY_S,
    "longest_stall_s": DAY_S,
    "wrong_rate_s": DAY_S,
    "hidden_times": MOST_TIMES,
    "hidden_plays": MOST_TIMES,
    "hidden_s": DAY_S,
    "viewport_width": MOST_PIXELS,
    "viewport_height": MOST_PIXELS,
    "pixel_ratio": 20.0,
    "refresh_hz": 1000.0,
}
"""Largest value of each number that is kept; the smallest is 0."""
MEASURES = tuple(BOUNDS)
RANGES = ("played_a", "played_b")
"""Names of the played ranges of the two sides."""
MOST_RANGES = 32
LONGEST_REPORT = 4096
"""Characters of a report beyond which it is not read."""

UNSEEN_S = 0.5
"""Tolerance in a clip's length: the page counts in tenths of a second, and files end on a frame."""
CLOCK_SLACK_S = 2.0
"""Tolerance between the browser's clock and the server's."""


def read_playback(text: str) -> Playback:
    """Return the known measures in the page's JSON; none if it is missing or malformed.

    A measure outside its bounds is dropped, and so are ranges that overlap, run backwards or are too many.
    """
    try:
        sent = json.loads(text) if len(text) < LONGEST_REPORT else None
    except (ValueError, RecursionError):  # nested brackets can exceed the parser's depth
        return {}
    if not isinstance(sent, dict):
        return {}
    measures: Playback = {
        name: _rounded(sent[name]) for name, most in BOUNDS.items() if _is_measure(sent.get(name), most)
    }
    ranges: Playback = {
        name: [[_rounded(edge) for edge in span] for span in sent[name]]
        for name in RANGES
        if _are_ranges(sent.get(name))
    }
    return measures | ranges


def is_possible(
    playback: Mapping[str, object],
    *,
    duration_s: float,
    open_s: float,
    with_sound: bool,
    longest_s: float = 0.0,
) -> bool:
    """Return whether the pair can have been watched to the end, as reported, since it was issued.

    The page opens its answers once both clips were seen to the end, and heard where sound is judged. Only
    one clip sounds at a time, so hearing both takes the sum of their times. Missing measures are not
    checked, since a browser without scripts sends none.

    Args:
        playback: measures from `read_playback`.
        duration_s: length of the shorter clip in seconds; less of either was not watched to its end.
        open_s: seconds since the ballot was issued, by the server's clock.
        with_sound: whether sound is judged.
        longest_s: length of the longer clip in seconds, if it is another; nothing is watched beyond it.
    """
    watched = _sent(playback, "watched_a_s", "watched_b_s")
    heard = _sent(playback, "heard_a_s", "heard_b_s") if with_sound else []
    at_least_s, at_most_s = duration_s - UNSEEN_S, max(duration_s, longest_s) + UNSEEN_S
    for seconds in (*watched, *heard):
        if not at_least_s <= seconds <= at_most_s:
            return False
    if any(end > at_most_s for end in _range_ends(playback)):
        return False
    spent = _sent(playback, "decided_after_s", "stalled_s", "hidden_s", "wrong_rate_s", "longest_stall_s")
    took_s = max([sum(heard), *watched, *spent])
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


def playback_columns(playback: Mapping[str, object]) -> dict[str, object]:
    """Return a report as columns of a table; ranges read as "0-2.5 3-5.04"."""
    columns: dict[str, object] = {}
    for name in (*MEASURES, *RANGES):
        value = playback.get(name)
        if isinstance(value, list):
            columns[name] = " ".join(f"{start:g}-{end:g}" for start, end in value)
        elif value is not None:
            columns[name] = value
    return columns


def number_of(playback: Mapping[str, object], name: str) -> float:
    """Return one measure; 0 if the page did not send it."""
    value = playback.get(name, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _sent(playback: Mapping[str, object], *names: str) -> list[float]:
    """Return those of the named measures that the page sent."""
    return [number_of(playback, name) for name in names if name in playback]


def _range_ends(playback: Mapping[str, object]) -> list[float]:
    """Return the end of each side's last range."""
    sides = (playback.get(name) for name in RANGES)
    return [float(side[-1][1]) for side in sides if isinstance(side, list) and side]


def _are_ranges(value: object) -> bool:
    """Return whether a value is a short list of pairs of ascending times that don't overlap."""
    if not isinstance(value, list) or len(value) > MOST_RANGES:
        return False
    if not all(isinstance(span, list) and len(span) == 2 for span in value):
        return False
    edges = [edge for span in value for edge in span]
    return all(_is_measure(edge, DAY_S) for edge in edges) and edges == sorted(edges)


def _rounded(value: float) -> float:
    return abs(round(float(value), 3))


def _is_measure(value: object, most: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= most  # false for NaN, too
