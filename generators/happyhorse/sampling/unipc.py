"""UniPC of order two, a multistep solver that corrects each step by the next evaluation of the network.

Zhao et al., "UniPC" (arXiv 2302.04867), in its B₂ form for predictions of the clean sample, with order one in
the first and in the last step. λ = ln((1 − σ)/σ) is the log of signal over noise, h its growth over a step.
"""

from __future__ import annotations

import math

from torch import Tensor


class UniPC:
    """Solver state of one modality along a grid of noise levels.

    Args:
        levels: σ before each step, then 0.
    """

    def __init__(self, levels: list[float]) -> None:
        self.levels = levels
        self._clean: list[Tensor] = []
        self._corrected: Tensor | None = None

    def step(self, k: int, x: Tensor, velocity: Tensor) -> Tensor:
        """Return the sample at the next level, (B, …).

        Args:
            k: Number of the step, from 0; steps are taken in order.
            x: Sample of any shape that the last step returned and the network saw.
            velocity: The network's output for it, in its shape.
        """
        self._clean = [*self._clean[-2:], x - self.levels[k] * velocity]
        if self._corrected is not None:
            x = self._correct(k, self._corrected)
        self._corrected = x
        return self._predict(k, x)

    def _predict(self, k: int, x: Tensor) -> Tensor:
        """Take step k by a line through the last two estimates of the clean sample."""
        clean = self._clean[-1]
        if 0 < k < len(self.levels) - 2:
            r = self._growth(k - 1) / self._growth(k)
            clean = clean + (clean - self._clean[-2]) / (2 * r)
        return self._move(k, x, clean)

    def _correct(self, k: int, x: Tensor) -> Tensor:
        """Take step k − 1 again from its corrected start, with the network's estimate at its end."""
        before, now = self._clean[-2:]
        if k == 1:
            return self._move(0, x, before + (now - before) / 2)
        # B(h) = e^−h − 1 and φ₁ = B/(−h) − 1; ρ solves the order conditions for the two differences.
        h = self._growth(k - 1)
        r = -self._growth(k - 2) / h
        b = math.expm1(-h)
        p1 = b / -h - 1
        b1, b2 = p1 / b, 2 * (p1 / -h - 0.5) / b
        rho = (b1 - b2) / (1 - r)
        slope = (self._clean[-3] - before) / r
        turn = now - before
        return self._move(k - 1, x, before + rho * slope + (b1 - rho) * turn)

    def _move(self, k: int, x: Tensor, clean: Tensor) -> Tensor:
        """Move from level k to the next with one estimate of the clean sample."""
        here, there = self.levels[k], self.levels[k + 1]
        share = there / here
        return share * x + (1 - there - share * (1 - here)) * clean

    def _growth(self, k: int) -> float:
        """Return h, the growth of λ over step k."""
        here, there = self.levels[k], self.levels[k + 1]
        return math.log((1 - there) / there) - math.log((1 - here) / here)
