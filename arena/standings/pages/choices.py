"""Choices of a reader on a board: the order of its rows, and which rows are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode

from arena.errors import UnknownOption
from arena.standings.pages.rows import Line

Key: TypeAlias = Callable[[Line], Any]
"""What rows are ordered by: numbers, texts or dates; None where a row has none."""

PLACE = "place"
SORTS: Mapping[str, tuple[str, Key]] = {
    PLACE: ("Place", lambda line: line.row.rank),
    "name": ("Name", lambda line: line.contender.shown_name.casefold()),
    "width": ("Width of interval", lambda line: line.row.upper - line.row.lower),
    "wins": ("Win rate", lambda line: line.row.win_rate),
    "ties": ("Ties", lambda line: line.row.tie_share),
    "both_bad": ("Both bad", lambda line: line.row.both_bad_share),
    "votes": ("Votes", lambda line: line.row.votes),
    "raters": ("Raters", lambda line: line.row.raters),
    "prompts": ("Prompts", lambda line: line.row.prompts),
    "price": ("Price", lambda line: line.facts.price_per_minute_usd),
    "speed": ("Seconds per clip", lambda line: line.facts.seconds_per_clip),
    "released": ("Release date", lambda line: line.released_on),
}
"""Orders of rows, each with its name for people and its key; a leading `-` turns an order round."""
FILTERS: Mapping[str, Mapping[str, tuple[str, Callable[[Line], bool]]]] = {
    "weights": {
        "open": ("Open weights", lambda line: line.open_weights is True),
        "closed": ("Closed weights", lambda line: line.open_weights is False),
    },
    "rests_on": {
        "enough": ("Enough votes", lambda line: not line.row.is_preliminary),
        "preliminary": ("Preliminary", lambda line: line.row.is_preliminary),
    },
}
"""Filters of rows: for each parameter its values, with names for people and conditions."""
LARGEST_FIRST = ("wins", "ties", "both_bad", "votes", "raters", "prompts", "released")
"""Orders in which a reader wants the largest on top."""


@dataclass(frozen=True)
class Choices:
    """Order and filters that a query string asks for."""

    sort: str = PLACE
    search: str = ""
    weights: str = ""
    rests_on: str = ""

    @property
    def is_by_place(self) -> bool:
        """Whether rows stand in the order of the board, so that groups can be drawn."""
        return self.sort == PLACE

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the query string, without those at their defaults."""
        chosen = {"sort": self.sort, "q": self.search, "weights": self.weights, "rests_on": self.rests_on}
        return {name: value for name, value in chosen.items() if value and (name, value) != ("sort", PLACE)}

    def apply(self, lines: Sequence[Line]) -> list[Line]:
        """Return the lines that pass the filters, in the order asked for; unknown values come last."""
        shown = [line for line in lines if self._passes(line)]
        name = self.sort.removeprefix("-")
        key = SORTS[name][1]
        known = [line for line in shown if key(line) is not None]
        known.sort(key=key, reverse=self.sort.startswith("-"))
        return [*known, *(line for line in shown if key(line) is None)]

    def next_sort(self, name: str) -> str:
        """Return the order that a click on a column's head asks for: its usual one first, then the other."""
        usual, other = (f"-{name}", name) if name in LARGEST_FIRST else (name, f"-{name}")
        return other if self.sort == usual else usual

    def query(self, part: Mapping[str, str], **changes: str) -> str:
        """Return the query string of these choices within a slice, with some changed; it may be empty."""
        kept = {**part, **self.parameters, **changes}
        if kept.get("sort") == PLACE:
            del kept["sort"]
        return f"?{urlencode(kept)}" if kept else ""

    def _passes(self, line: Line) -> bool:
        chosen = {"weights": self.weights, "rests_on": self.rests_on}
        return self.search.casefold() in line.searched and all(
            FILTERS[name][value][1](line) for name, value in chosen.items() if value
        )


def read_choices(asked: Mapping[str, str]) -> Choices:
    """Return the choices of a query string.

    Raises:
        UnknownOption: an order or a filter's value is unknown; the message lists the known ones.
    """
    sort = asked.get("sort") or PLACE
    if sort.removeprefix("-") not in SORTS:
        raise UnknownOption(f"sort must be one of {', '.join(SORTS)}, or one after “-”; got “{sort}”.")
    filters = {name: asked.get(name, "") for name in FILTERS}
    for name, value in filters.items():
        if value and value not in FILTERS[name]:
            raise UnknownOption(f"{name} must be one of {', '.join(FILTERS[name])}, or empty; got “{value}”.")
    return Choices(sort=sort, search=asked.get("q", "").strip(), **filters)
