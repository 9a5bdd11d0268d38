"""A board with the public names of its contenders, and numbers that JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from analysis.board import BoardRow
from analysis.export.text import DECIMALS
from arena.catalog.models import Contender
from arena.standings.slices import WHOLE, Slice
from arena.standings.standing import Standing

Row = dict[str, Any]


@dataclass(frozen=True)
class PublicBoard:
    """A standing in which a withheld contender has its pseudonym and codename, and nothing else."""

    standing: Standing
    contenders: Mapping[str, Contender]
    """Contenders of the study by slug."""
    part: Slice = WHOLE

    @property
    def head(self) -> str:
        """Ledger head that it was computed from."""
        return self.standing.head

    @property
    def last_vote(self) -> datetime | None:
        """Time of the last vote that counts."""
        return self.standing.last_vote

    @property
    def settings(self) -> dict[str, Any] | None:
        """Settings of the fit, with the public name of the anchor; None without a board."""
        if self.standing.board is None:
            return None
        settings = dict(self.standing.board.settings)
        if settings.get("anchor"):
            settings["anchor"] = [self.name(settings["anchor"][0]), settings["anchor"][1]]
        return settings

    @property
    def rows(self) -> list[Row]:
        """Rows of the rated contenders, best first."""
        board = self.standing.board
        return [self._row(row._asdict(), row.is_preliminary) for row in board.rows] if board else []

    @property
    def unrated(self) -> list[Row]:
        """Contenders without a finite rating, with the reason and a one-sided bound."""
        board = self.standing.board
        return [
            {
                "contender": self.name(each.contender),
                "reason": each.reason,
                "lower": finite(each.lower),
                "upper": finite(each.upper),
            }
            for each in (board.unrated if board else ())
        ]

    @property
    def unlisted(self) -> list[Row]:
        """Contenders that have fewer votes, raters or prompts than the study asks for."""
        return [
            {**vars(one), "contender": self.name(one.contender), "missing": dict(one.missing)}
            for one in self.standing.unlisted
        ]

    @property
    def steps(self) -> list[Row]:
        """Steps from each contender to the next."""
        return [
            {
                "higher": self.name(step.higher),
                "lower": self.name(step.lower),
                **_difference(*step.difference),
                "votes_needed": step.votes_needed,
                "is_distinct": step.is_distinct,
            }
            for step in self.standing.steps
        ]

    @property
    def leader(self) -> Row | None:
        """Test of the leader."""
        found = self.standing.leader
        if found is None:
            return None
        evidence = finite(found.evidence)
        return {"contender": self.name(found.contender), "evidence": evidence, "is_shown": found.is_shown}

    @property
    def matrix(self) -> Row:
        """Win rates and votes of row against column, in the order of the rows."""
        board = self.standing.board
        return {
            "contenders": [self.name(slug) for slug in board.contenders] if board else [],
            "win_rates": [[finite(cell.win_rate) for cell in row] for row in board.matrix] if board else [],
            "votes": [[cell.votes for cell in row] for row in board.matrix] if board else [],
        }

    def pairs(self) -> list[tuple[str, str]]:
        """Return the slugs of every two rated contenders, the better first."""
        board = self.standing.board
        return list(combinations(board.contenders, 2)) if board else []

    def pair(self, first: str, second: str) -> Row:
        """Compare two rated contenders, given by slug."""
        board, ratings = self.standing.board, self.standing.ratings
        if board is None or ratings is None:
            raise ValueError("A pair needs a board; got none. Look at the rows first.")
        cell = board.matrix[board.contenders.index(first)][board.contenders.index(second)]
        return {
            "first": self.name(first),
            "second": self.name(second),
            "votes": cell.votes,
            "win_rate": finite(cell.win_rate),
            **_difference(*ratings.difference(first, second)),
        }

    def past_rows(self, rows: Iterable[BoardRow]) -> list[Row]:
        """Return the rows of a board of the past: place, rating and interval of each contender."""
        return [
            {
                "rank": row.rank,
                "contender": self.name(row.contender),
                "rating": finite(row.rating),
                "lower": finite(row.lower),
                "upper": finite(row.upper),
                "votes": row.votes,
            }
            for row in rows
        ]

    def name(self, slug: str) -> str:
        """Return the public name of a contender."""
        return self.contenders[slug].public_slug

    def _row(self, row: Row, preliminary: bool) -> Row:
        contender = self.contenders[row["contender"]]
        numbers = {name: finite(row[name]) for name in ("rating", "lower", "upper", "win_rate")}
        about = {
            "contender": contender.public_slug,
            "name": contender.shown_name,
            "withheld": contender.is_withheld,
        }
        return {**row, **numbers, **about, "preliminary": preliminary}


def _difference(estimate: float, lower: float, upper: float) -> Row:
    return {
        "difference": finite(estimate),
        "difference_lower": finite(lower),
        "difference_upper": finite(upper),
    }


def finite(value: float | None) -> float | None:
    """Return a number with the decimals of exports, or None for one that JSON cannot hold."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, DECIMALS) + 0.0  # + 0.0 makes -0.0 plain
