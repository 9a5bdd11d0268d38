"""Votes for tests of elo and analysis: from cells by hand, and simulated with a truth that is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from elo import OUTCOMES, Votes
from elo.models.bradley_terry import maximise
from elo.votes.coding import coded
from elo.votes.columns import Columns
from elo.votes.tally import TIE, A, B

Floats = NDArray[np.float64]


class Cell(NamedTuple):
    """`weight` equal votes."""

    a: str
    b: str
    outcome: str
    weight: int = 1
    prompt: int = 0
    rater: int = 0


def votes_of(*cells: Cell, clustered: bool = False) -> Votes:
    return Votes.from_columns(
        contender_a=[cell.a for cell in cells],
        contender_b=[cell.b for cell in cells],
        outcome=[cell.outcome for cell in cells],
        weight=[cell.weight for cell in cells],
        prompt=[cell.prompt for cell in cells] if clustered else None,
        rater=[cell.rater for cell in cells] if clustered else None,
    )


@dataclass(frozen=True)
class World:
    """Contenders, raters and prompts whose tastes differ: a vote's log-odds carry an effect of each."""

    contenders: int = 10
    votes: int = 3000
    raters: int = 100
    prompts: int = 150
    rater_sd: float = 0.6
    """Standard deviation of each rater's own liking for each contender, log-odds."""
    prompt_sd: float = 0.6
    ties: float = 0.0
    """Share of votes that end in a tie whatever the contenders."""
    spread: float = 0.8
    """Standard deviation of the strengths, log-odds."""

    @property
    def names(self) -> list[str]:
        return [f"m{i:02}" for i in range(self.contenders)]

    @property
    def strengths(self) -> Floats:
        """The same in each draw: normal quantiles, evenly spaced."""
        return np.random.default_rng(7).normal(0, self.spread, self.contenders)

    @cached_property
    def target(self) -> Floats:
        """What half-win Bradley-Terry converges to with more raters and prompts (Gauss-Hermite)."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        sd = np.sqrt(2 * (self.rater_sd**2 + self.prompt_sd**2))
        gaps = self.strengths[:, None] - self.strengths[None, :]
        wins = expit(gaps[:, :, None] + sd * nodes) @ (weights / weights.sum())
        credit = (1 - self.ties) * wins + self.ties / 2
        return maximise(credit * (1 - np.eye(self.contenders))).strengths

    def draw(self, seed: int) -> Votes:
        rng = np.random.default_rng(seed)
        a = rng.integers(0, self.contenders, self.votes)
        b = (a + rng.integers(1, self.contenders, self.votes)) % self.contenders
        activity = rng.lognormal(0, 1, self.raters)
        rater = rng.choice(self.raters, self.votes, p=activity / activity.sum())
        prompt = rng.integers(0, self.prompts, self.votes)
        utility = (
            self.strengths
            + rng.normal(0, self.rater_sd, (self.raters, self.contenders))[rater]
            + rng.normal(0, self.prompt_sd, (self.prompts, self.contenders))[prompt]
        )
        row = np.arange(self.votes)
        a_wins = rng.random(self.votes) < expit(utility[row, a] - utility[row, b])
        tied = rng.random(self.votes) < self.ties
        columns = {
            "contender_a": (a, self.names),
            "contender_b": (b, self.names),
            "outcome": (np.where(tied, TIE, np.where(a_wins, A, B)), OUTCOMES),
            "prompt": (prompt, range(self.prompts)),
            "rater": (rater, range(self.raters)),
        }
        labels = {name: coded(codes, known) for name, (codes, known) in columns.items()}
        return Votes.from_coded(Columns(labels), contenders=self.names)


@dataclass(frozen=True)
class Panel:
    """Raters of known reliability: each says what Bradley-Terry says, or now and then the reverse."""

    reliability: Floats
    """Shape (R,): probability that the rater's vote is not turned round."""
    votes_each: int = 150
    contenders: int = 8
    spread: float = 1.0
    """Standard deviation of the strengths, log-odds."""

    @property
    def strengths(self) -> Floats:
        return World(contenders=self.contenders, spread=self.spread).strengths

    def draw(self, seed: int) -> Votes:
        rng = np.random.default_rng(seed)
        rater = np.repeat(np.arange(len(self.reliability)), self.votes_each)
        a = rng.integers(0, self.contenders, len(rater))
        b = (a + rng.integers(1, self.contenders, len(rater))) % self.contenders
        a_wins = rng.random(len(rater)) < expit(self.strengths[a] - self.strengths[b])
        turned = rng.random(len(rater)) > self.reliability[rater]
        return Votes.from_columns(
            contender_a=[f"m{i}" for i in a],
            contender_b=[f"m{i}" for i in b],
            outcome=np.where(a_wins ^ turned, "a", "b").tolist(),
            prompt=rng.integers(0, 10, len(rater)).tolist(),
            rater=[f"r{i:02}" for i in rater],
        )


@dataclass(frozen=True)
class Ring:
    """Contenders of equal strength, but the first three beat each other in a ring."""

    edge: float
    """Log-odds by which each of the three is ahead of the next."""
    votes: int = 1500
    contenders: int = 5
    raters: int = 50

    def draw(self, seed: int) -> Votes:
        rng = np.random.default_rng(seed)
        a = rng.integers(0, self.contenders, self.votes)
        b = (a + rng.integers(1, self.contenders, self.votes)) % self.contenders
        ahead = np.zeros((self.contenders, self.contenders))
        ahead[[0, 1, 2], [1, 2, 0]], ahead[[1, 2, 0], [0, 1, 2]] = self.edge, -self.edge
        a_wins = rng.random(self.votes) < expit(ahead[a, b])
        return Votes.from_columns(
            contender_a=[f"m{i}" for i in a],
            contender_b=[f"m{i}" for i in b],
            outcome=np.where(a_wins, "a", "b").tolist(),
            rater=rng.integers(0, self.raters, self.votes).tolist(),
        )
