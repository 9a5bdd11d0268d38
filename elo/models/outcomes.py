"""How a vote comes out, given how far apart a pair is: the likelihood of one meeting and its derivatives.

A meeting is of contenders a and b under given circumstances. Its outcome depends on coordinates, each linear
in the parameters: the `gap` between a and b, the `level` of both above the floor, the term of a `tie`.
Models: Bradley and Terry (1952), Davidson (1970), Rao and Kupper (1967).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from elo.arrays import Floats
from elo.votes.tally import BOTH_BAD, TIE, A, B

TIE_PARAMETERS = {"davidson": "log_nu", "rao-kupper": "log_kappa"}
"""The parameter of ties, by the way to treat them that has one."""


def expit(logit: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) of any shape, exact in both tails.

    It is here because loading scipy's doubles the time of a first rating.
    """
    return np.exp(log_expit(logit))


def log_expit(logit: Floats) -> Floats:
    """Return log(1 / (1 + exp(-x))) of any shape, exact in both tails."""
    log: Floats = -np.logaddexp(0, -logit)
    return log


class Derivatives(NamedTuple):
    """Derivatives of the log-likelihood of M meetings by their L coordinates."""

    gradient: Floats
    """First derivatives, shape (L, M)."""
    curvature: Floats
    """Minus the second derivatives, shape (L, L, M)."""


class OutcomeModel(Protocol):
    """A likelihood concave in the coordinates. Credit has shape (4, M): votes by outcome and meeting."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The coordinates that outcomes depend on, of `gap`, `level` and `tie`."""

    def guess(self, credit: Floats) -> dict[str, float]:
        """Guess the parameters of ties and both_bad from all votes by outcome, shape (4,)."""

    def log_likelihood(self, place: Floats, credit: Floats) -> float:
        """Return the log-likelihood of all meetings at the linear predictors `place`, shape (L, M)."""

    def derivatives(self, place: Floats, credit: Floats) -> Derivatives:
        """Return the derivatives by the linear predictors (L, M), from credit (4, M)."""

    def expected(self, place: Floats, votes: Floats) -> Floats:
        """Return the credit to expect, shape (4, M), from so many votes in each meeting, shape (M,)."""

    def firth_adjustment(self, place: Floats, votes: Floats, spread: Floats) -> Floats:
        """Return the derivative of half the trace of `spread` times the expected curvature, shape (L, M).

        Args:
            place: shape (L, M).
            votes: shape (M,).
            spread: shape (L, L, M), covariances of the coordinates that are held fixed.
        """

    def share_of_step(self, place: Floats, change: Floats) -> float:
        """Return the safe fraction of a Newton step that moves coordinates (L, M) by `change`, (L, M)."""


@dataclass(frozen=True)
class MultinomialLogit:
    """Outcomes with utilities that are linear in the coordinates; votes may be split among outcomes.

    With a and b alone this is Bradley-Terry; with ties the model of R. R. Davidson, "On extending the
    Bradley-Terry model to accommodate ties", Journal of the American Statistical Association 65 (1970); a
    both_bad that is possible competes with the pair as a virtual contender, an outside option.
    """

    ties: bool = False
    floor: bool = False

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The coordinates, in the order of their derivatives."""
        return ("gap", *["level"] * self.floor, *["tie"] * self.ties)

    @property
    def outcomes(self) -> list[int]:
        """Outcomes that are possible."""
        return [A, B, *[TIE] * self.ties, *[BOTH_BAD] * self.floor]

    @property
    def utilities(self) -> Floats:
        """Part of each coordinate in the utility of each possible outcome, shape (O, L)."""
        by_coordinate = {"gap": (0.5, -0.5, 0, 0), "level": (0, 0, 0, -1.0), "tie": (0, 0, 1.0, 0)}
        return np.array([by_coordinate[name] for name in self.coordinates]).T[self.outcomes]

    def guess(self, credit: Floats) -> dict[str, float]:
        """Guess the parameters from the shares of ties and both_bad, credit of shape (4,)."""
        decided = (credit[A] + credit[B]) / 2
        return {
            "log_nu": float(np.log((credit[TIE] + 0.5) / (decided + 0.5))),
            "floor": float(np.log((credit[BOTH_BAD] + 0.5) / (decided + 0.5))),
        }

    def log_likelihood(self, place: Floats, credit: Floats) -> float:
        """Return the log-likelihood of all meetings, from predictors (L, M) and credit (4, M)."""
        utility = self.utilities @ place
        return float((credit[self.outcomes] * (utility - np.logaddexp.reduce(utility, axis=0))).sum())

    def derivatives(self, place: Floats, credit: Floats) -> Derivatives:
        """Return gradient and curvature at linear predictors (L, M), from credit (4, M)."""
        probability, apart = self._moments(place)
        votes = credit[self.outcomes]
        weighted = votes.sum(axis=0) * probability[:, None] * apart
        return Derivatives(np.einsum("om,olm->lm", votes, apart), np.einsum("olm,okm->lkm", weighted, apart))

    def expected(self, place: Floats, votes: Floats) -> Floats:
        """Return the expected credit, shape (4, M)."""
        credit = np.zeros((4, len(votes)))
        credit[self.outcomes] = votes * self._moments(place)[0]
        return credit

    def firth_adjustment(self, place: Floats, votes: Floats, spread: Floats) -> Floats:
        """Return half the derivative of the trace, shape (L, M)."""
        probability, apart = self._moments(place)
        distance = np.einsum("olm,lkm,okm->om", apart, spread, apart)
        adjustment: Floats = np.einsum("om,olm->lm", votes / 2 * probability * distance, apart)
        return adjustment

    def share_of_step(self, place: Floats, change: Floats) -> float:
        """Return log(1 + d) / d, scalar, which always ascends if utilities move by at most d.

        Sun and Tran-Dinh 2019, Mathematical Programming 178, damped step for nu = 2.
        """
        reach = float(np.ptp(self.utilities @ change, axis=0).max())
        return float(np.log1p(reach)) / reach if reach > 0 else 1.0

    def _moments(self, place: Floats) -> tuple[Floats, Floats]:
        """Return probabilities (O, M), and each outcome's utilities less their expectation (O, L, M)."""
        utilities = self.utilities
        odds = utilities @ place
        odds -= odds.max(axis=0)
        np.exp(odds, out=odds)
        odds /= odds.sum(axis=0)
        return odds, utilities[:, :, None] - utilities.T @ odds


@dataclass(frozen=True)
class RaoKupper:
    """A side wins where it is ahead by more than a threshold, and ties where neither is: a cumulative logit.

    P. V. Rao, L. L. Kupper, "Ties in paired-comparison experiments: a generalization of the Bradley-Terry
    model", Journal of the American Statistical Association 62 (1967). With threshold k = log kappa and gap g,
    P(a) = expit(g - k), P(b) = expit(-g - k), and P(tie) = (1 - P(a)) (1 - P(b)) (1 - exp(-2k)).
    """

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The coordinates, in the order of their derivatives."""
        return ("gap", "tie")

    def guess(self, credit: Floats) -> dict[str, float]:
        """Guess the threshold from the share of ties, credit of shape (4,)."""
        tied = (credit[TIE] + 0.5) / (credit.sum() + 1)
        return {"log_kappa": float(2 * np.arctanh(tied))}

    def log_likelihood(self, place: Floats, credit: Floats) -> float:
        """Return the log-likelihood of all meetings, from predictors (2, M) and credit (4, M)."""
        gap, threshold = place
        if not (threshold > 0).all():
            return -np.inf
        a, b, ties = credit[[A, B, TIE]]
        within = log_expit(threshold - gap) + log_expit(threshold + gap) + np.log(-np.expm1(-2 * threshold))
        return float((a * log_expit(gap - threshold) + b * log_expit(-gap - threshold) + ties * within).sum())

    def derivatives(self, place: Floats, credit: Floats) -> Derivatives:
        """Return gradient and curvature at linear predictors (2, M), from credit (4, M)."""
        gap, threshold = place
        a, b, ties = credit[[A, B, TIE]]
        p, q = expit(gap - threshold), expit(-gap - threshold)
        not_p, not_q = expit(threshold - gap), expit(threshold + gap)
        up, down = (a + ties) * p * not_p, (b + ties) * q * not_q
        gradient = np.stack(
            (
                a * not_p - b * not_q + ties * (q - p),
                ties * (q + p + 2 / np.expm1(2 * threshold)) - a * not_p - b * not_q,
            )
        )
        tie_curvature = up + down + ties / np.sinh(threshold) ** 2
        return Derivatives(gradient, np.array([[up + down, down - up], [down - up, tie_curvature]]))

    def expected(self, place: Floats, votes: Floats) -> Floats:
        """Return the expected credit, shape (4, M)."""
        gap, threshold = place
        tie = expit(threshold - gap) * expit(threshold + gap) * -np.expm1(-2 * threshold)
        chances = (expit(gap - threshold), expit(-gap - threshold), tie, np.zeros_like(tie))
        return np.asarray(votes * np.stack(chances), dtype=np.float64)

    def firth_adjustment(self, place: Floats, votes: Floats, spread: Floats) -> Floats:
        """Return half the derivative of the trace, shape (L, M)."""
        # Of each cut's curvature, weighted by how often it is put to the test, and the threshold's own.
        gap, threshold = place
        p, q = expit(gap - threshold), expit(-gap - threshold)
        at_p, at_q = p * (1 - p), q * (1 - q)
        along_p = spread[0, 0] - 2 * spread[0, 1] + spread[1, 1]
        along_q = spread[0, 0] + 2 * spread[0, 1] + spread[1, 1]
        squared = np.sinh(threshold) ** 2
        own = -np.expm1(-2 * threshold) / squared
        own_slope = 2 * np.exp(-2 * threshold) / squared - 2 * own / np.tanh(threshold)
        by_p = (1 - q) * at_p * (1 - 2 * p) * along_p - at_p * at_q * along_q
        by_q = (1 - p) * at_q * (1 - 2 * q) * along_q - at_p * at_q * along_p
        by_p -= at_p * (1 - q) * own * spread[1, 1]
        by_q -= at_q * (1 - p) * own * spread[1, 1]
        by_threshold = (1 - p) * (1 - q) * own_slope * spread[1, 1]
        adjustment: Floats = votes / 2 * np.stack((by_p - by_q, by_threshold - by_p - by_q))
        return adjustment

    def share_of_step(self, place: Floats, change: Floats) -> float:
        """Return the logit's fraction, scalar, at most nine tenths of the way to a threshold of zero."""
        reach = float((np.abs(change[0]) + np.abs(change[1])).max())
        share = float(np.log1p(reach)) / reach if reach > 0 else 1.0
        used_up = float((-change[1] / place[1]).max())
        return min(share, 0.9 / used_up) if used_up > 0 else share


LABELS = {
    "half": (0.5, 0.5, 0, 0),
    "tie": (0, 0, 1, 0),
    "floor": (0, 0, 0, 1),
    "drop": (0, 0, 0, 0),
}
"""Split of a vote among outcomes, for each treatment."""


def labels(ties: str, both_bad: str) -> Floats:
    """Return how a vote with the row's outcome is split among the columns' outcomes, shape (4, 4)."""
    tie = LABELS[ties if ties in ("half", "drop") else "tie"]
    bad = tie if both_bad == "tie" else LABELS[both_bad]
    return np.array([(1, 0, 0, 0), (0, 1, 0, 0), tie, bad], dtype=np.float64)


def expected_credit(gap: Floats, ties: str, tie_parameter: float = 0.0) -> Floats:
    """Return P(a wins) + P(tie) / 2 for a vote that is no separate both_bad; it grows with the gap.

    Args:
        gap: any shape, log-odds; may be infinite.
        ties: the way to treat ties; `half` and `drop` are the logistic function of the gap.
        tie_parameter: `log_nu` or `log_kappa`.
    """
    credit: Floats
    if ties == "rao-kupper":
        credit = (1 + expit(gap - tie_parameter) - expit(-gap - tie_parameter)) / 2
    elif ties == "davidson":
        odds = np.exp(-np.abs(gap))
        lead = (1 - odds) / (1 + odds + np.exp(tie_parameter) * np.sqrt(odds))
        credit = (1 + np.sign(gap) * lead) / 2
    else:
        credit = expit(gap)
    return credit


def outcome_model(ties: str, both_bad: str) -> OutcomeModel:
    """Return the outcome model for a treatment of ties and of both_bad.

    Raises:
        ValueError: Rao-Kupper with a floor, which orders outcomes that have no order.
    """
    floor = both_bad == "floor"
    if ties == "rao-kupper" and floor:
        raise ValueError(
            "ties='rao-kupper' orders the outcomes from a to b, where a both_bad apart has no place. "
            "Use ties='davidson' with both_bad='floor', or both_bad='tie' or 'drop'."
        )
    return RaoKupper() if ties == "rao-kupper" else MultinomialLogit(ties == "davidson", floor)
