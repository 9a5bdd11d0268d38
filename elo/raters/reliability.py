"""Ratings that allow for raters who answer at random or the wrong way round: a check on the plain ones.

X. Chen, P. N. Bennett, K. Collins-Thompson, E. Horvitz, "Pairwise ranking aggregation in a crowdsourced
setting", WSDM 2013: Crowd-BT. Fitted here by EM rather than online, to a certified maximum.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from elo.arrays import Floats
from elo.fit import ELO_SCALE
from elo.raters.crowd_bt import Decisions, Prior, climb, posterior_limits, take_at_word
from elo.raters.labels import Clusters, clusters_of
from elo.ratings import MEAN_RATING
from elo.votes.table import Votes
from elo.votes.tally import A, B

if TYPE_CHECKING:
    import pandas as pd

Ties: TypeAlias = Literal["drop", "half"]


class RaterReliability(NamedTuple):
    """One rater's line."""

    rater: Hashable
    votes: float
    """Decided votes, and ties where they count half."""
    reliability: float
    """Probability that the rater answers as the strengths would have it rather than the other way round."""
    lower: float
    upper: float
    """Equal-tailed posterior limits, given the strengths."""


class ContenderSensitivity(NamedTuple):
    """One contender's line: with all raters taken at their word, and with reliabilities."""

    contender: str
    plain: float
    reliable: float
    change: float
    plain_rank: int
    reliable_rank: int


@dataclass(frozen=True, eq=False)
class Reliability:
    """Ratings under estimated reliabilities, beside those without: a sensitivity result."""

    contenders: tuple[str, ...]
    strengths: Floats
    """Log-odds, mean zero, shape (K,)."""
    plain: Floats
    """Strengths from the same votes, virtual ones included, with all reliabilities at 1, shape (K,)."""
    raters: tuple[RaterReliability, ...]
    """The least reliable first."""
    log_posterior: Floats
    """Log posterior after each iteration, shape (iterations,); it never falls."""
    ties: Ties
    prior: tuple[float, float]
    virtual_votes: float
    level: float

    def rows(self, scale: float = ELO_SCALE) -> tuple[ContenderSensitivity, ...]:
        """Return one row for each contender, best first under reliabilities, in points about 1000."""
        plain, reliable = (MEAN_RATING + scale * of for of in (self.plain, self.strengths))
        ranks = [(of[None, :] > of[:, None]).sum(axis=1) + 1 for of in (plain, reliable)]
        columns = (plain, reliable, reliable - plain, *ranks)
        rows = zip(self.contenders, *(column.tolist() for column in columns), strict=True)
        return tuple(sorted((ContenderSensitivity(*row) for row in rows), key=lambda row: -row.reliable))

    def table(self, scale: float = ELO_SCALE) -> pd.DataFrame:
        """Return `rows` as a DataFrame."""
        import pandas as pd  # the web process loads this module and needs no pandas

        return pd.DataFrame(self.rows(scale), columns=list(ContenderSensitivity._fields))


def reliability(
    votes: Votes,
    *,
    ties: Ties = "drop",
    prior: tuple[float, float] = (10.0, 2.0),
    virtual_votes: float = 1.0,
    level: float = 0.95,
) -> Reliability:
    """Estimate strengths and raters' reliabilities together (maximum a posteriori, by EM).

    Rater r says i over j with probability eta_r p_ij + (1 - eta_r) (1 - p_ij), with Bradley-Terry's p_ij =
    expit(s_i - s_j) (Chen et al.): eta = 1 answers as the model says, 1/2 at random, 0 the wrong way
    round. Strengths spread wider than the plain ones, since part of the disagreement goes to the raters.

    Args:
        votes: the votes, with raters.
        ties: `drop` leaves out ties and both_bad, which can't be the wrong way round; `half` takes each as
            half a vote for each side.
        prior: Beta prior of each reliability. The default has its mode at 0.9: as if each rater had been seen
            to answer nine times with the model and once against it.
        virtual_votes: ties of each contender against a virtual one, which keep strengths finite, as in Chen
            et al.; the plain strengths have them too.
        level: probability of the posterior limits.

    Raises:
        ValueError: raters are not recorded, there is only one, no votes are left, or an argument is not among
            what is allowed.
        NotConverged: the optimiser did not meet its tolerance.
    """
    _check_settings(ties, prior, virtual_votes)
    rater = clusters_of(votes, "rater", "Reliability", at_least=2)
    decisions, count = _decisions(votes, rater, ties), len(rater.labels)
    known = Prior(*prior, virtual_votes)
    plain = take_at_word(decisions, len(votes.contenders), known)
    best = climb(decisions, plain, count, known)
    limits = posterior_limits(decisions, best.strengths, count, known, level)
    total = np.bincount(decisions.rater, weights=decisions.weight, minlength=count)
    columns = (column.tolist() for column in (total, best.reliability, *limits))
    raters = (RaterReliability(*row) for row in zip(rater.labels, *columns, strict=True))
    return Reliability(
        contenders=votes.contenders,
        strengths=best.strengths[:-1] - best.strengths[:-1].mean(),
        plain=plain[:-1] - plain[:-1].mean(),
        raters=tuple(sorted(raters, key=lambda row: row.reliability)),
        log_posterior=best.log_posterior,
        ties=ties,
        prior=prior,
        virtual_votes=virtual_votes,
        level=level,
    )


def _decisions(votes: Votes, rater: Clusters, ties: Ties) -> Decisions:
    a, b = votes.contender_a.astype(np.intp), votes.contender_b.astype(np.intp)
    undecided = (votes.outcome != A) & (votes.outcome != B)
    if ties == "drop" and undecided.all():
        raise ValueError("All votes are ties or both_bad, so ties='drop' leaves none. Allowed: ties='half'.")
    share = np.where(undecided, 0.5, 1.0) * votes.weight
    to_a, to_b = votes.outcome == A, votes.outcome == B
    if ties == "half":
        to_a, to_b = to_a | undecided, to_b | undecided

    # Number each decision by rater, winner and loser; add up equal ones.
    shape = (len(rater.labels), len(votes.contenders), len(votes.contenders))
    for_a = np.ravel_multi_index((rater.code[to_a], a[to_a], b[to_a]), shape)
    for_b = np.ravel_multi_index((rater.code[to_b], b[to_b], a[to_b]), shape)
    cell, which = np.unique(np.concatenate((for_a, for_b)), return_inverse=True)
    counted = np.concatenate((share[to_a], share[to_b]))
    weight = np.bincount(which, weights=counted).astype(np.float64)
    who, winner, loser = np.unravel_index(cell, shape)
    return Decisions(who, winner, loser, weight)


def _check_settings(ties: str, prior: tuple[float, float], virtual_votes: float) -> None:
    if ties not in get_args(Ties):
        raise ValueError(f"Unknown ties={ties!r}. Known: {', '.join(get_args(Ties))}.")
    if not min(prior) > 1:
        raise ValueError(f"prior={prior} has no mode inside (0, 1). Allowed: two numbers above 1.")
    if not virtual_votes > 0:
        raise ValueError(f"virtual_votes={virtual_votes} must be above 0: they keep strengths finite.")
