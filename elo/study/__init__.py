"""Studies: how many votes an answer takes, and limits that hold while a study is watched."""

from __future__ import annotations

from elo.study.monitoring import (
    ConfidenceSequence,
    TopClaim,
    anytime_difference,
    difference_sequence,
    top_is_top,
    win_share_sequence,
)
from elo.study.size import (
    StudyPlan,
    VarianceComponents,
    head_to_head_votes,
    ladder_appearances,
    plan_separation,
    plan_width,
    variance_components,
    width_appearances,
)
from elo.study.steps import StepNeed, plan_steps

__all__ = [
    "ConfidenceSequence",
    "StepNeed",
    "StudyPlan",
    "TopClaim",
    "VarianceComponents",
    "anytime_difference",
    "difference_sequence",
    "head_to_head_votes",
    "ladder_appearances",
    "plan_separation",
    "plan_steps",
    "plan_width",
    "top_is_top",
    "variance_components",
    "width_appearances",
    "win_share_sequence",
]
