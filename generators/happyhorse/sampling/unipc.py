"""UniPC of order two, a multistep solver that corrects each step by what the next look at the network shows.

Zhao et al., "UniPC" (arXiv 2302.04867), in its B₂ form for predictions of the clean sample, with order one in
the first and in the last step. λ is the log of signal over noise, ln((1 − σ)/σ); h its growth over a step.
"""

from __future__ import annotations

import math

from torch import Tensor


class UniPC:
    """One modality's way along a grid of noise levels.

    Args:
        levels: σ before each step, then 0.
    """

    def __init__(self, levels: list[float]) -> None:
        self.levels = levels
        self._clean: list[Tensor] = []
        self._corrected: Tensor | None = None

    def step(self, k: int, x: Tensor, velocity: Tensor) -> Tensor:
        """The sample at the next level.

        Args:
            k: The step, counted from 0; steps come in order.
            x: What the last step returned and the network saw.
            velocity: What the network returned.
        """
        self._clean = [*self._clean[-2:], x - self.levels[k] * velocity]
        if self._corrected is not None:
            x = self._correct(k, self._corrected)
        self._corrected = x
        return self._predict(k, x)

    def _predict(self, k: int, x: Tensor) -> Tensor:
        clean = self._clean[-1]
        if 0 < k < len(self.levels) - 2:
            r = self._growth(k - 1) / self._growth(k)
            clean = clean + (clean - self._clean[-2]) / (2 * r)
        return self._move(k, x, clean)

    def _correct(self, k: int, x: Tensor) -> Tensor:
        """Takes step k − 1 again from its corrected start, now that its end has been looked at."""
        before, now = self._clean[-2:]
        if k == 1:
            return self._move(0, x, before + (now - before) / 2)
        h = self._growth(k - 1)
        r = -self._growth(k - 2) / h
        b = math.expm1(-h)
        p1 = b / -h - 1
        b1, b2 = p1 / b, 2 * (p1 / -h - 0.5) / b
        rho = (b1 - b2) / (1 - r)
        slope, turn = (self._clean[-3] - before) / r, now - before
        return self._move(k - 1, x, before + rho * slope + (b1 - rho) * turn)

    def _move(self, k: int, x: Tensor, clean: Tensor) -> Tensor:
        """From level k to the next, as if `clean` were the estimate all the way."""
        here, there = self.levels[k], self.levels[k + 1]
        share = there / here
        return share * x + (1 - there - share * (1 - here)) * clean

    def _growth(self, k: int) -> float:
        """λ's over step k."""
        here, there = self.levels[k], self.levels[k + 1]
        return math.log((1 - there) / there) - math.log((1 - here) / here)
