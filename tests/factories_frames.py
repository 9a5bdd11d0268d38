"""Frames of simulated votes for tests of analysis, with what is true of them known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

TAGS = ("people", "animals", "water", "text")


@dataclass(frozen=True)
class Study:
    """Votes with raters, prompts, tags and a covariate."""

    votes: int = 900
    contenders: int = 5
    raters: int = 30
    prompts: int = 24
    step: float = 0.4
    """Log-odds from each contender to the next."""
    side: float = 0.0
    """Log-odds that being shown on the left is worth."""
    ties: float = 0.0
    """Share of votes that end in a tie whatever the contenders; a third of them are both_bad."""
    interaction: float = 0.0
    """Log-odds by which the first contender falls on prompts tagged `water`."""
    duration: float = 0.0
    """Log-odds that one unit more of the covariate is worth."""

    def draw(self, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        strengths = -self.step * np.arange(self.contenders)
        a = rng.integers(0, self.contenders, self.votes)
        b = (a + rng.integers(1, self.contenders, self.votes)) % self.contenders
        prompt, rater = rng.integers(0, self.prompts, self.votes), rng.integers(0, self.raters, self.votes)
        left, duration = rng.random(self.votes) < 0.5, rng.normal(size=self.votes)
        tag = np.array(TAGS)[prompt % len(TAGS)]
        fallen = -self.interaction * (tag == "water")
        gap = strengths[a] - strengths[b] + fallen * (a == 0) - fallen * (b == 0)
        gap = gap + self.side * np.where(left, 1, -1) + self.duration * duration
        decided = np.where(rng.random(self.votes) < expit(gap), "a", "b")
        undecided = np.where(rng.random(self.votes) < 1 / 3, "both_bad", "tie")
        return pd.DataFrame(
            {
                "contender_a": [f"m{i}" for i in a],
                "contender_b": [f"m{i}" for i in b],
                "outcome": np.where(rng.random(self.votes) < self.ties, undecided, decided),
                "prompt": [f"p{i:02}" for i in prompt],
                "rater": [f"r{i:02}" for i in rater],
                "side": np.where(left, "left", "right"),
                "tags": tag,
                "duration": duration,
                "track": "t2v",
            }
        )


def cell(frame: pd.DataFrame, row: object, column: object) -> float:
    """Return one number of a frame, by the labels of its row and column."""
    return float(frame[column].to_numpy()[list(frame.index).index(row)])


def draw_modes(seed: int, picture: float = 0.7, sound: float = 0.4, contenders: int = 12) -> pd.DataFrame:
    """Draw 1500 votes in each mode, where a joint gap is a weighted sum of the two others."""
    rng, votes = np.random.default_rng(seed), 1500
    looks, sounds = np.random.default_rng(5).normal(0, 0.8, (2, contenders))
    modes = {"mute": looks, "sound-only": sounds, "joint": picture * looks + sound * sounds}
    parts = []
    for mode, strengths in modes.items():
        a = rng.integers(0, contenders, votes)
        b = (a + rng.integers(1, contenders, votes)) % contenders
        won = rng.random(votes) < expit(strengths[a] - strengths[b])
        columns = {
            "contender_a": [f"m{i:02}" for i in a],
            "contender_b": [f"m{i:02}" for i in b],
            "outcome": np.where(won, "a", "b"),
            "prompt": rng.integers(0, 40, votes).astype(str),
            "rater": rng.integers(0, 40, votes).astype(str),
            "mode": mode,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def draw_tastes(seed: int, votes: int = 2000, taste: float = 0.9) -> pd.DataFrame:
    """Draw votes of 20 raters on 15 prompts, where raters and prompts favour contenders of their own."""
    rng = np.random.default_rng(seed)
    names, worth = np.array([f"m{i}" for i in range(6)]), -0.15 * np.arange(6)
    a = rng.integers(0, 6, votes)
    b = (a + rng.integers(1, 6, votes)) % 6
    rater, prompt = rng.integers(0, 20, votes), rng.integers(0, 15, votes)
    liked = worth + rng.normal(0, taste, (20, 1, 6)) + rng.normal(0, taste, (1, 15, 6))
    gap = liked[rater, prompt, a] - liked[rater, prompt, b]
    return pd.DataFrame(
        {
            "contender_a": names[a],
            "contender_b": names[b],
            "outcome": np.where(rng.random(votes) < expit(gap), "a", "b"),
            "prompt": [f"p{i:02}" for i in prompt],
            "rater": [f"r{i:02}" for i in rater],
        }
    )
