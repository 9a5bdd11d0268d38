"""Ratings from paired comparisons, with intervals that hold when votes share raters and prompts."""

from __future__ import annotations

from elo.fit import fit
from elo.intervals.bootstrap import Bootstrap
from elo.intervals.covariance import Covariance
from elo.intervals.ranks import RankRange
from elo.method import Diagnostics, Method
from elo.models.bradley_terry import NotConverged
from elo.models.identification import NotIdentified
from elo.models.online import EloRule, OnlineRatings, OrderAveragedRatings, online_elo, order_averaged_elo
from elo.pairing import ExposurePlan, Goal, Newcomer, TopK, WholeBoard, plan_exposure
from elo.ratings import Interval, RatingRow, Ratings
from elo.unrated import Unrated
from elo.votes.table import Votes
from elo.votes.tally import OUTCOMES, Tally

__all__ = [
    "OUTCOMES",
    "Bootstrap",
    "Covariance",
    "Diagnostics",
    "EloRule",
    "ExposurePlan",
    "Goal",
    "Interval",
    "Method",
    "Newcomer",
    "NotConverged",
    "NotIdentified",
    "OnlineRatings",
    "OrderAveragedRatings",
    "RankRange",
    "RatingRow",
    "Ratings",
    "Tally",
    "TopK",
    "Unrated",
    "Votes",
    "WholeBoard",
    "fit",
    "online_elo",
    "order_averaged_elo",
    "plan_exposure",
]
