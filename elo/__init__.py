"""Ratings from paired comparisons, with intervals that hold when votes share raters and prompts."""

from __future__ import annotations

from elo.fit import fit
from elo.intervals.ranks import RankRange
from elo.models.bradley_terry import NotConverged
from elo.models.identification import NotIdentified
from elo.ratings import Diagnostics, Interval, Method, RatingRow, Ratings
from elo.votes.table import Votes
from elo.votes.tally import OUTCOMES, Tally

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
