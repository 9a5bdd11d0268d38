"""Words for people about how a board's ratings were made: model, anchor, scale and intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from arena.standings.standing import Unlisted

MODELS = {
    "half": ("half-win Bradley–Terry", "with a tie or both bad as half a win to each side"),
    "davidson": ("Davidson", "where ties have a probability of their own"),
    "rao-kupper": ("Rao–Kupper", "where a side wins if it is ahead by more than a threshold"),
    "drop": ("Bradley–Terry on decided votes", "where ties are left out"),
}
"""For each treatment of ties, the model's name and what it takes a tie for."""
ELO_TENFOLD = 400.0
"""Rating points for which ten wins come on each loss, on the scale of Elo."""


def describe_method(settings: Mapping[str, Any], shown: Mapping[str, str]) -> dict[str, object]:
    """Return the model's name, what it takes a tie for, the anchor and the scale.

    Args:
        settings: those of the board.
        shown: names for people of the contenders, by slug.
    """
    name, about_ties = MODELS[settings["ties"]]
    anchor = settings["anchor"]
    return {
        "model": name,
        "about_ties": about_ties,
        "anchor": {"name": shown.get(anchor[0], "one contender"), "rating": anchor[1]} if anchor else None,
        "scale": settings["scale"],
        "tenfold": math.log(10) * settings["scale"],
        "clustered_on": " and ".join(settings["clusters"]),
    }


def told_missing(one: Unlisted) -> str:
    """Say what a contender still needs before the board lists it, such as `12 votes and 1 rater more`."""
    parts = [f"{count:,} {name if count > 1 else name[:-1]}" for name, count in one.missing.items()]
    return f"{' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))} more"
