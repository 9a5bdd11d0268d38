"""Compare the solver with diffusers', an independent implementation of the same paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from generators.happyhorse.sampling.samplers import noise_levels
from generators.happyhorse.sampling.unipc import UniPC
from tests.factories_happyhorse import hashed_input


def velocity(x: Tensor, level: float) -> Tensor:
    """Return some smooth field that depends on sample and level."""
    return torch.sin(3 * x) + level * x - 0.2


def by_diffusers(x: Tensor, levels: list[float]) -> Tensor:
    from diffusers import UniPCMultistepScheduler

    steps = len(levels) - 1
    scheduler: Any = UniPCMultistepScheduler(  # type: ignore[no-untyped-call]  # diffusers has no types
        solver_order=2, prediction_type="flow_prediction", use_flow_sigmas=True, final_sigmas_type="zero"
    )
    scheduler.set_timesteps(steps)
    scheduler.sigmas = torch.tensor(levels, dtype=torch.float64)
    for timestep, level in zip(scheduler.timesteps, levels, strict=False):
        x = scheduler.step(velocity(x, level), timestep, x).prev_sample
    return x


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 32])
def test_equals_the_scheduler_of_diffusers(steps: int) -> None:
    levels = noise_levels(steps)
    start = hashed_input(0, 2, 32).double()
    solver, x = UniPC(levels), start
    for k, level in enumerate(levels[:-1]):
        x = solver.step(k, x, velocity(x, level))
    # A few hundred operations on values of about 1, each within 2⁻⁵³ of right.
    torch.testing.assert_close(x, by_diffusers(start, levels), atol=200 * 2**-53, rtol=0)
