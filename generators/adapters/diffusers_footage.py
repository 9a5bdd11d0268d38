"""Frames and samples as a pipeline returns them, and the arguments that all pipelines share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.models import Mode

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Footage:
    """Result of one call of a pipeline."""

    frames: np.ndarray
    """Frames (F, height, width, 3), float32 in [0, 1]."""
    samples: np.ndarray | None = None
    """Samples (N, 2), float32 in [−1, 1]; None from a model without sound."""
    sample_rate: int = 0
    """Sample rate in Hz; 0 without sound."""


class Family(Protocol):
    """Models that are called in the same way."""

    @property
    def pipelines(self) -> Mapping[Mode, str]:
        """Pipeline class of diffusers by mode."""
        ...

    @property
    def float32_parts(self) -> tuple[str, ...]:
        """Components that stay in float32, whatever the dtype."""
        ...

    def run(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> Footage:  # noqa: ANN401
        """Call the pipeline."""
        ...

    def seeded_on_device(self, ask: LocalAsk) -> bool:
        """Whether this call draws some noise on the device, for which a generator of the CPU is refused."""
        ...


def arguments(ask: LocalAsk, generator: torch.Generator) -> dict[str, Any]:
    """Return the arguments that most pipelines take."""
    terms = ask.terms
    given: dict[str, Any] = {
        "prompt": ask.prompt,
        "negative_prompt": terms.negative_prompt,
        "width": ask.width,
        "height": ask.height,
        "num_frames": ask.frames,
        "num_inference_steps": terms.steps,
        "guidance_scale": terms.guidance,
        "generator": generator,
        "output_type": "np",
        **terms.model.call,
    }
    if ask.first_frame is not None:
        given["image"] = ask.first_frame
    return given


def stereo(samples: np.ndarray) -> np.ndarray:
    """Return samples (channels, N) as stereo samples (N, 2) in [−1, 1]; one channel goes to both sides."""
    both = np.repeat(samples, 2, axis=0) if len(samples) == 1 else samples[:2]
    return np.ascontiguousarray(both.T.clip(-1, 1), dtype=np.float32)
