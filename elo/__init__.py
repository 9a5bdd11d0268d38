"""Ratings from paired comparisons, with intervals that hold when votes share raters and prompts."""

from __future__ import annotations

from elo.bradley_terry import NotConverged
from elo.fit import fit
from elo.graph import NotIdentified
from elo.ranks import RankRange
from elo.ratings import Diagnostics, Interval, Method, RatingRow, Ratings
from elo.tally import OUTCOMES, Tally
from elo.votes import Votes

__all__ = [
    "OUTCOMES",
    "Diagnostics",
    "Interval",
    "Method",
    "NotConverged",
    "NotIdentified",
    "RankRange",
    "RatingRow",
    "Ratings",
    "Tally",
    "Votes",
    "fit",
]
