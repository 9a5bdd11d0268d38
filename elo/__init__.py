"""Ratings from paired comparisons, with intervals that hold when votes share raters and prompts."""

from __future__ import annotations

from elo.fit import fit
from elo.intervals.anytime import anytime_difference, difference_sequence, top_is_top, win_share_sequence
from elo.intervals.planning import head_to_head_votes, ladder_appearances, plan_separation, plan_width
from elo.intervals.ranks import RankRange
from elo.models.bradley_terry import NotConverged
from elo.models.identification import NotIdentified
from elo.models.online import EloRule, OnlineRatings, online_elo, order_averaged_elo
from elo.pairing import ExposurePlan, Newcomer, TopK, WholeBoard, plan_exposure
from elo.ratings import Diagnostics, Interval, Method, RatingRow, Ratings
from elo.votes.table import Votes
from elo.votes.tally import OUTCOMES, Tally

__all__ = [
    "OUTCOMES",
    "Diagnostics",
    "EloRule",
    "ExposurePlan",
    "Interval",
    "Method",
    "Newcomer",
    "NotConverged",
    "NotIdentified",
    "OnlineRatings",
    "RankRange",
    "RatingRow",
    "Ratings",
    "Tally",
    "TopK",
    "Votes",
    "WholeBoard",
    "anytime_difference",
    "difference_sequence",
    "fit",
    "head_to_head_votes",
    "ladder_appearances",
    "online_elo",
    "order_averaged_elo",
    "plan_exposure",
    "plan_separation",
    "plan_width",
    "top_is_top",
    "win_share_sequence",
]
