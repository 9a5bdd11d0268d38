"""Exposure plans: which pairs to show so that a goal is reached with the fewest votes."""

from __future__ import annotations

from elo.pairing.goals import Goal, Newcomer, TopK, WholeBoard
from elo.pairing.plan import ExposurePlan, plan_exposure

__all__ = ["ExposurePlan", "Goal", "Newcomer", "TopK", "WholeBoard", "plan_exposure"]
