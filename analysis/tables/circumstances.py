"""What besides the contenders moves votes: the side, the order of play, covariates; and how ties behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from analysis.subject import Subject
from elo import Ratings, fit
from elo.arguments import Circumstance
from elo.arrays import Floats
from elo.votes.tally import BOTH_BAD, TIE

if TYPE_CHECKING:
    import pandas as pd

BINS = 5
"""Groups of votes by the gap of their contenders."""


def effects(subject: Subject) -> pd.DataFrame:
    """Return what being shown left (`side`) and being played first (`order`) are worth, in rating points.

    `share` is the share of decided votes that it gives on an even pair. Where votes do not record the side,
    contender a counts as shown left. An order that is not recorded has no row.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    known = [name for name in get_args(Circumstance) if name == "side" or subject.votes.order is not None]
    return pd.DataFrame([_effect(subject, name) for name in known])


def _effect(subject: Subject, name: Circumstance) -> dict[str, object]:
    fitted = fit(subject.votes, effects=[name], clusters=subject.clusters, level=subject.level)
    found = fitted.parameter(name)
    points = [subject.scale * value for value in found]
    share = 1 / (1 + np.exp(-found.estimate))
    row = dict(zip(("advantage", "lower", "upper"), points, strict=True))
    return {"effect": name, **row, "share": share, "found": not found.lower <= 0 <= found.upper}


def tie_shares(subject: Subject, bins: int = BINS) -> pd.DataFrame:
    """Return the shares of ties and both_bad by how far apart two contenders are rated, nearest first.

    `expected` is the share without a winner by Davidson's model (1970), in which a both_bad is a tie; NaN
    where no vote is one.
    """
    import pandas as pd

    votes = subject.votes
    gap = np.abs(subject.ratings.strengths[votes.contender_a] - subject.ratings.strengths[votes.contender_b])
    edges = np.unique(np.quantile(gap, np.linspace(0, 1, bins + 1)))
    place = np.clip(np.searchsorted(edges, gap, side="right") - 1, 0, max(len(edges) - 2, 0))
    expected = _expected_ties(subject)
    rows = []
    for group in np.unique(place):
        inside = place == group
        weight = votes.weight[inside]
        rows.append(
            {
                "gap": float(subject.scale * np.average(gap[inside], weights=weight)),
                "votes": float(weight.sum()),
                "tie_share": float(np.average(votes.outcome[inside] == TIE, weights=weight)),
                "both_bad_share": float(np.average(votes.outcome[inside] == BOTH_BAD, weights=weight)),
                "expected": float(np.average(expected[inside], weights=weight)),
            }
        )
    return pd.DataFrame(rows)


def _expected_ties(subject: Subject) -> Floats:
    """Return each vote's probability of no winner in Davidson's model, shape (N,); NaN without ties."""
    votes = subject.votes
    if not np.isin(votes.outcome, (TIE, BOTH_BAD)).any():
        return np.full(len(votes.outcome), np.nan)
    fitted = fit(votes, ties="davidson", intervals="none")
    place = np.array([fitted.contenders.index(name) for name in votes.contenders])
    strengths = fitted.strengths[place]
    gap = strengths[votes.contender_a] - strengths[votes.contender_b]
    # P(tie) = nu / (nu + 2 cosh(gap / 2)).
    nu = np.exp(fitted.parameters["log_nu"])
    shares: Floats = nu / (nu + 2 * np.cosh(gap / 2))
    return shares


def controlled(subject: Subject) -> pd.DataFrame:
    """Return each contender's rating without covariates, and with them held equal; best first.

    Raises:
        ValueError: the votes have no covariates.
        NotIdentified: the covariates leave no two contenders with finite ratings.
    """
    import pandas as pd

    fitted = _with_covariates(subject)
    ratings = _fit(subject, ()) if _is_controlled(subject) else subject.ratings
    plain = dict(zip(ratings.contenders, ratings.ratings.tolist(), strict=True))
    shift = float(np.mean([plain[name] for name in fitted.contenders])) - float(fitted.ratings.mean())
    rows = [
        {
            "contender": row.contender,
            "rating": plain[row.contender],
            "controlled": row.rating + shift,
            "lower": row.lower + shift,
            "upper": row.upper + shift,
            "change": row.rating + shift - plain[row.contender],
        }
        for row in fitted.rows()
        if row.contender in subject.names
    ]
    return pd.DataFrame(rows).sort_values("rating", ascending=False, ignore_index=True)


def covariates(subject: Subject) -> pd.DataFrame:
    """Return what one unit more of each covariate is worth, in rating points.

    Raises:
        ValueError: the votes have no covariates.
    """
    import pandas as pd

    fitted = _with_covariates(subject)
    rows = []
    for name in subject.votes.covariates:
        points = [subject.scale * value for value in fitted.parameter(name)]
        rows.append({"covariate": name, **dict(zip(("worth", "lower", "upper"), points, strict=True))})
    return pd.DataFrame(rows)


def _with_covariates(subject: Subject) -> Ratings:
    if not subject.votes.covariates:
        raise ValueError(
            "Controlled ratings need covariates, and none is given. Name columns by --covariates."
        )
    return _fit(subject, tuple(subject.votes.covariates))


def _is_controlled(subject: Subject) -> bool:
    return bool(subject.ratings.method.asked.specification.covariates)


def _fit(subject: Subject, covariates: tuple[str, ...]) -> Ratings:
    """Rate the subject's votes by its model, with these covariates in place of its own."""
    model = subject.model(subject.votes)
    model["covariates"] = covariates
    return fit(subject.votes, **model, clusters=subject.clusters, scale=subject.scale, level=subject.level)
