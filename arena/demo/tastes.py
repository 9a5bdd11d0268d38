"""Tastes of simulated raters: which faults they notice, how much they mind them, and how they then vote.

A clip loses log-odds by its faults, and the difference between two clips decides a vote, up to chance:

- One plain fault costs `PLAIN_FAULT`. Two people agree in 81 % of the votes that both decide (Zheng et al.,
  NeurIPS 2023, on MT-Bench), as they do if each prefers the better one with a probability of .89.
- Late sound is noticed from 125 ms, early sound from 45 ms (ITU-R BT.1359-1). Thresholds differ between
  people with a standard deviation of 42 ms (Younkin and Corriveau, IEEE Transactions on Broadcasting 54,
  2008), a third of the late one; early ones are given the same share.
- Repeated frames cost their share of a plain fault: with half of them, 74 % prefer the smooth clip.
- Another look than asked for counts as two plain faults, since raters say which clip is better for the
  prompt: 98 % prefer the right one.
- Up to 6 % of a rater's answers are lapses, given by chance (Wichmann and Hill, Perception & Psychophysics
  63, 2001).

The weights of the faults beside each other, and how they differ between raters, are assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from arena.voting.models import Outcome
from generators.toyworld.referee.faults import Faults

PLAIN_FAULT = 2.1
LATE_S, EARLY_S = 0.125, 0.045
SPREAD_OF_THRESHOLDS = 1 / 3
"""Standard deviation between raters of a threshold's logarithm."""
SPREAD_OF_WEIGHTS = 0.5
"""Standard deviation between raters of a weight's logarithm."""
MOST_LAPSES = 0.06
TIE_WITHIN = 0.4
"""Difference in log-odds below which two clips look alike."""


@dataclass(frozen=True)
class Taste:
    """What one rater notices and minds. The defaults are those of the typical rater."""

    late_s: float = LATE_S
    """Offset from which late sound is noticed."""
    early_s: float = EARLY_S
    """Offset from which early sound is noticed."""
    sound: float = 1.0
    """Weight of what is wrong with the sound; 1 is typical, 0 minds nothing."""
    smoothness: float = 1.0
    """Weight of repeated frames."""
    prompt: float = 1.0
    """Weight of what the prompt did not ask for."""
    picture: float = 1.0
    """Weight of blurred edges and of objects that lose their look."""
    lapses: float = 0.0
    """Share of the votes that are cast by chance."""

    @classmethod
    def draw(cls, random: Random) -> Taste:
        """Draw a rater's taste."""
        late, early = (random.lognormvariate(0.0, SPREAD_OF_THRESHOLDS) for _ in range(2))
        sound, smoothness, prompt, picture = (random.lognormvariate(0.0, SPREAD_OF_WEIGHTS) for _ in range(4))
        lapses = random.uniform(0.0, MOST_LAPSES)
        return cls(LATE_S * late, EARLY_S * early, sound, smoothness, prompt, picture, lapses)

    def worth(self, faults: Faults) -> float:
        """Return how good a clip is to this rater in log-odds; 0 is faultless."""
        return -PLAIN_FAULT * (
            self.sound * (self._is_off(faults.sound_offset_s) + faults.unmatched)
            + self.smoothness * faults.held
            + self.prompt * (2 * faults.wrong_look + faults.wrong_motion)
            + self.picture * (faults.blurred + faults.incoherent)
        )

    def judge(self, a: Faults, b: Faults, random: Random) -> Outcome:
        """Return the rater's answer to a pair. Both are bad if the better one has two plain faults."""
        if random.random() < self.lapses:
            return random.choice((Outcome.A, Outcome.B))
        worth_a, worth_b = self.worth(a), self.worth(b)
        if max(worth_a, worth_b) <= -2 * PLAIN_FAULT:
            return Outcome.BOTH_BAD
        difference = worth_a - worth_b + _logistic_noise(random)
        if abs(difference) < TIE_WITHIN:
            return Outcome.TIE
        return Outcome.A if difference > 0 else Outcome.B

    def _is_off(self, offset_s: float | None) -> bool:
        """Return whether the rater notices that sound and picture are apart."""
        return offset_s is not None and not -self.early_s < offset_s < self.late_s


def _logistic_noise(random: Random) -> float:
    """Draw from the standard logistic distribution, so that differences in worth are in log-odds."""
    share = random.uniform(1e-9, 1 - 1e-9)
    return math.log(share / (1 - share))
