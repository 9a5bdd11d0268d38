"""CogVideoX (Zhipu AI)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.diffusers_footage import Footage, arguments
from generators.adapters.models import Mode

if TYPE_CHECKING:
    import torch


class CogVideoX:
    """Models of the pipelines `CogVideoXPipeline` and `CogVideoXImageToVideoPipeline`."""

    pipelines = {Mode.T2V: "CogVideoXPipeline", Mode.I2V: "CogVideoXImageToVideoPipeline"}
    float32_parts = ()

    def run(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> Footage:  # noqa: ANN401
        """Call the pipeline with as many text tokens as its transformer was trained for."""
        tokens = pipeline.transformer.config.max_text_seq_length
        return Footage(pipeline(**arguments(ask, generator), max_sequence_length=tokens).frames[0])

    def seeded_on_device(self, ask: LocalAsk) -> bool:
        """Return False: all noise comes from the CPU."""
        return False
