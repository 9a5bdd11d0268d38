"""Steps of the board, what it would take to show them, and how many votes a gap needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from analysis.subject import Subject
from elo.study import StudyPlan, head_to_head_votes, plan_separation, plan_width

if TYPE_CHECKING:
    import pandas as pd

GAPS = (10.0, 20.0, 30.0, 50.0, 75.0, 100.0)
"""Rating points for which `power` plans."""
POWER = 0.8
"""Wanted probability that a true difference is found."""


def steps(subject: Subject) -> pd.DataFrame:
    """Return one row for each pair of neighbours on the board, with its gap and what it takes to show it.

    `lower` and `upper` hold for all pairs together, as tiers do; `votes_needed`, `raters_needed` and
    `prompts_needed` are totals for this pair's own interval with 80 % power, each if it alone grows; NaN
    where no number suffices. `growth` is the factor if all grow alike.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    lower, upper = subject.ratings.simultaneous()
    rows = []
    for i, j in pairwise(subject.order.tolist()):
        above, below = subject.ratings.contenders[i], subject.ratings.contenders[j]
        gap = float(subject.ratings.difference(above, below).estimate)
        row = {"above": above, "below": below, "gap": gap, "lower": lower[i, j], "upper": upper[i, j]}
        rows.append(row | {"distinct": bool(lower[i, j] > 0)} | _needed(subject, above, below))
    return pd.DataFrame(rows)


def _needed(subject: Subject, above: str, below: str) -> dict[str, object]:
    try:
        plan: StudyPlan | None = plan_separation(subject.ratings, above, below, POWER)
    except ValueError:  # equal ratings, or a difference without an interval
        plan = None
    counts = (None, None, None) if plan is None else (plan.votes, plan.raters, plan.prompts)
    names = ("votes_needed", "raters_needed", "prompts_needed")
    return {
        **{
            name: np.nan if count is None else float(count) for name, count in zip(names, counts, strict=True)
        },
        "growth": np.inf if plan is None else plan.growth,
        "buy": "" if plan is None else plan.buy,
    }


def power(subject: Subject, gaps: Sequence[float] = GAPS) -> pd.DataFrame:
    """Return what it takes to show each true gap between a typical pair: totals, if one alone grows.

    `head_to_head` is the number of votes that a study of two contenders alone needs, with the share of ties
    and the design effect of these votes. The other columns are from the variance components of these votes
    for the average pair; NaN where no number suffices.

    Raises:
        ValueError: a gap is not above 0, or the votes do not limit some difference.
    """
    import pandas as pd

    tally = subject.ratings.tally
    tied = float((tally.ties.sum() + tally.both_bad.sum()) / tally.votes.sum())
    effect = subject.ratings.diagnostics.design_effect or 1.0
    # Half-width w shows a gap g with power 1 - b where g = w (z_level + z_power) / z_level.
    ratio = reach_over_width(subject.level)
    rows = []
    for gap in gaps:
        plan = plan_width(subject.ratings, gap / ratio)
        pair = head_to_head_votes(
            gap,
            power=POWER,
            level=subject.level,
            tie_rate=tied,
            design_effect=max(effect, 1.0),
            scale=subject.scale,
        )
        counts = {"votes": plan.votes, "raters": plan.raters, "prompts": plan.prompts}
        known = {name: np.nan if count is None else float(count) for name, count in counts.items()}
        rows.append({"gap": gap, "head_to_head": pair, **known, "growth": plan.growth, "buy": plan.buy})
    return pd.DataFrame(rows)


def reach_over_width(level: float, power: float = POWER) -> float:
    """Return (z_level + z_power) / z_level: the gap shown with this power, in half-widths of an interval."""
    from scipy.special import ndtri

    deviation = float(-ndtri((1 - level) / 2))
    return (deviation + float(ndtri(power))) / deviation
