"""Robustness of ratings: how few votes carry a rank, what each rater moves, whether one scale fits."""

from __future__ import annotations

from elo.robustness.cycles import Cycle, Cycles, cycles
from elo.robustness.fragility import Fragile, Fragility, fragility
from elo.robustness.leave_one_out import LeaveOneOut, Range, leave_one_out
from elo.robustness.removals import Removed
from elo.robustness.transitivity import Surprise, Transitivity, transitivity

__all__ = [
    "Cycle",
    "Cycles",
    "Fragile",
    "Fragility",
    "LeaveOneOut",
    "Range",
    "Removed",
    "Surprise",
    "Transitivity",
    "cycles",
    "fragility",
    "leave_one_out",
    "transitivity",
]
