"""Helios (Peking University and ByteDance): clips in chunks of 33 frames, each after the ones before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.diffusers_footage import Footage, arguments
from generators.adapters.diffusers_wan import encode_prompts
from generators.adapters.models import Mode

if TYPE_CHECKING:
    import torch

_STAGES = 3
"""Stages of the pyramid, from a quarter of each side to the full size."""
_LARGEST_GAMMA = 1 / 3 - 1e-6
"""Correlation of noise in a block of four pixels, below one third: at one third their covariance is singular,
and float32 on a CPU finds no Cholesky factor of it."""


class Helios:
    """Models of `HeliosPipeline`: Helios-Base."""

    pipelines = {Mode.T2V: "HeliosPipeline", Mode.I2V: "HeliosPipeline"}
    float32_parts = ("vae",)

    def run(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> Footage:  # noqa: ANN401
        """Call the pipeline."""
        return Footage(pipeline(**self._arguments(pipeline, ask, generator)).frames[0])

    def seeded_on_device(self, ask: LocalAsk) -> bool:
        """Whether there is a first frame: the pipelines draw the strength of its noise on the device."""
        return ask.mode is Mode.I2V

    def _arguments(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> dict[str, Any]:  # noqa: ANN401
        return arguments(ask, generator) | encode_prompts(pipeline, ask)


class HeliosPyramid(Helios):
    """Models of `HeliosPyramidPipeline`: Helios-Mid and Helios-Distilled."""

    pipelines = {Mode.T2V: "HeliosPyramidPipeline", Mode.I2V: "HeliosPyramidPipeline"}

    def _arguments(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> dict[str, Any]:  # noqa: ANN401
        given = super()._arguments(pipeline, ask, generator)
        scheduler = pipeline.scheduler
        scheduler.register_to_config(gamma=min(scheduler.config.gamma, _LARGEST_GAMMA))
        given["pyramid_num_inference_steps_list"] = [given.pop("num_inference_steps")] * _STAGES
        return given
