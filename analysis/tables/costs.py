"""The cheapest votes, raters and prompts that show a gap, from what a vote and a prompt cost.

Optimal allocation to two sources of variance: W. G. Cochran, "Sampling Techniques" (1977), section 10.6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.subject import Subject
from analysis.tables.planning import GAPS, reach_over_width
from elo.intervals.covariance import quantile
from elo.study.size import VarianceComponents, variance_components

if TYPE_CHECKING:
    import pandas as pd

STEPS = 60
"""Most rounds in which the factors and the quantile of Student's t are made to agree; a few suffice."""


class Costs(NamedTuple):
    """Prices of what a study buys, in one currency."""

    vote: float
    """Price of one vote, which pays its rater."""
    prompt: float
    """Price of one more prompt: a clip of it by every contender."""


class Growth(NamedTuple):
    """Factors by which a study grows; raters grow as votes do, so that new ones vote as much."""

    votes: float
    prompts: float


def check_costs(costs: Costs) -> None:
    """Refuse prices that are not finite numbers above 0.

    Raises:
        ValueError: a price is not a finite number above 0.
    """
    for name, price in costs._asdict().items():
        if not (math.isfinite(price) and price > 0):
            raise ValueError(f"--{name}-cost must be a finite number above 0; got {price:g}.")


def cheapest_plans(subject: Subject, costs: Costs, gaps: Sequence[float] = GAPS) -> pd.DataFrame:
    """Return, for each true gap between a typical pair, the cheapest study that shows it with 80 % power.

    `votes`, `raters` and `prompts` are totals, and `cost` is that of what must be added to the present votes
    and prompts; raters (or prompts) that votes do not record are NaN.

    Args:
        subject: the rated votes.
        costs: prices of a vote and of a prompt.
        gaps: rating points.

    Raises:
        ValueError: a price is not above 0, or the votes do not limit some difference.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    check_costs(costs)
    components = variance_components(subject.ratings)
    votes = float(subject.ratings.diagnostics.votes)
    clusters = subject.ratings.errors.clusters
    raters, prompts = (float(clusters.get(kind, np.nan)) for kind in ("rater", "prompt"))
    prices = (votes * costs.vote, (0.0 if np.isnan(prompts) else prompts) * costs.prompt)
    rows = []
    for gap in gaps:
        grown = _agreeing(subject, components, gap, prices)
        row = {"gap": float(gap), "votes": math.ceil(votes * grown.votes)}
        row |= {"raters": np.ceil(raters * grown.votes), "prompts": np.ceil(prompts * grown.prompts)}
        cost = prices[0] * (grown.votes - 1) + prices[1] * (grown.prompts - 1)
        rows.append(row | {"cost": cost})
    return pd.DataFrame(rows)


def _agreeing(
    subject: Subject, components: VarianceComponents, gap: float, prices: tuple[float, float]
) -> Growth:
    """Return the cheapest growth whose interval is narrow enough with its own degrees of freedom."""
    width = gap / reach_over_width(subject.level)
    tail = (1 - subject.level) / 2
    clusters = subject.ratings.errors.clusters
    grown = Growth(1.0, 1.0)
    for _ in range(STEPS):
        times = {"rater": grown.votes, "prompt": grown.prompts}
        freedom = min((count * times[kind] - 1 for kind, count in clusters.items()), default=None)
        wanted = (width / quantile(freedom, tail)) ** 2
        found = cheapest(components, wanted, prices)
        if np.allclose(found, grown, rtol=1e-6):
            break
        grown = found
    return grown


def cheapest(components: VarianceComponents, wanted: float, prices: tuple[float, float]) -> Growth:
    """Return the factors v of votes and raters and p of prompts, at least 1, of least price that suffice.

    Minimises c_v v + c_p p with (V_vote + V_rater) / v + V_prompt / p <= wanted. Without bounds
    v = sqrt(V / c_v) (sqrt(V c_v) + sqrt(V_prompt c_p)) / wanted, and p alike.

    Args:
        components: present variances V.
        wanted: variance that is narrow enough.
        prices: price of as many votes, and of as many prompts, as there are.
    """
    own, shared = components.vote + components.rater, components.prompt
    if own + shared <= wanted:
        return Growth(1.0, 1.0)
    if shared <= 0 or prices[1] <= 0:
        return Growth(max(own / max(wanted - max(shared, 0.0), 1e-300), 1.0), 1.0)
    total = math.sqrt(own * prices[0]) + math.sqrt(shared * prices[1])
    votes = math.sqrt(own / prices[0]) * total / wanted
    prompts = math.sqrt(shared / prices[1]) * total / wanted
    if votes < 1:
        return Growth(1.0, shared / (wanted - own))
    if prompts < 1:
        return Growth(own / (wanted - shared), 1.0)
    return Growth(votes, prompts)
