"""From votes to ratings: the one call that other rooms make."""

from __future__ import annotations

import math
from collections.abc import Sequence

from elo.intervals.sandwich import choose_clusters, estimate
from elo.models.bradley_terry import maximise
from elo.models.identification import require_identified
from elo.ratings import Diagnostics, Method, Ratings, place_of
from elo.votes.table import Votes

ELO_SCALE = 400 / math.log(10)
"""Rating points for one unit of log-odds: 400 points are odds of ten to one (Elo 1978)."""

ESTIMANDS = {
    "half": "Bradley-Terry strengths of the expected credit, where a tie and a both_bad are half a win to "
    "each side, averaged over raters and prompts. A model of ties (Davidson 1970) would spread them wider."
}
"""What the ratings estimate, for each way to treat ties."""


def fit(
    votes: Votes,
    *,
    ties: str = "half",
    clusters: Sequence[str] | None = None,
    anchor: tuple[str, float] | None = None,
    scale: float = ELO_SCALE,
    level: float = 0.95,
) -> Ratings:
    """Rate contenders by maximum likelihood, with intervals that allow for shared raters and prompts.

    Args:
        votes: the votes that count.
        ties: `half`: a tie and a both_bad are half a win to each side.
        clusters: what makes votes depend on each other, of `prompt` and `rater`; None takes those that the
            votes record, () takes votes as independent.
        anchor: a contender and the rating to give it; intervals are then of differences from it. None centres
            the ratings on 1000, and intervals are of differences from the mean.
        scale: rating points for one unit of log-odds.
        level: probability that an interval covers.

    Raises:
        NotIdentified: no finite ratings, or no intervals by these clusters, exist; names the contenders at
            fault.
        NotConverged: the optimiser did not meet its tolerance.
        ValueError: an argument is not among what is allowed, or a cluster column has a single cluster.
    """
    _check_settings(votes, ties, anchor, scale, level)
    chosen = choose_clusters(votes, clusters)
    tally = votes.tally()
    require_identified(tally)
    solution = maximise(tally.credit)
    errors = estimate(votes, tally, solution, chosen)
    method = Method("bradley-terry", ties, ESTIMANDS[ties], errors.recipe, chosen, level, scale, anchor)
    diagnostics = Diagnostics(
        iterations=solution.iterations,
        gradient=solution.gradient,
        votes=int(tally.counts.sum()),
        prompts=votes.prompts,
        raters=votes.raters,
        clusters=errors.clusters,
        degrees_of_freedom=errors.degrees_of_freedom,
    )
    return Ratings(votes.contenders, solution.strengths, errors, tally, method, diagnostics)


def _check_settings(
    votes: Votes, ties: str, anchor: tuple[str, float] | None, scale: float, level: float
) -> None:
    if ties not in ESTIMANDS:
        raise ValueError(f"Unknown ties={ties!r}. Known: {', '.join(ESTIMANDS)}.")
    if not 0 < level < 1:
        raise ValueError(f"level={level} is no probability. Allowed: above 0 and below 1, such as 0.95.")
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale={scale} must be finite and above 0: rating points for one unit of log-odds.")
    if anchor is not None:
        place_of(anchor[0], votes.contenders)
