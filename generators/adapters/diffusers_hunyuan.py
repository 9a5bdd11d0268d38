"""HunyuanVideo 1.5 (Tencent)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.diffusers_footage import Footage, arguments
from generators.adapters.models import Mode

if TYPE_CHECKING:
    import torch


class Hunyuan:
    """Models of the pipelines `HunyuanVideo15Pipeline` and `HunyuanVideo15ImageToVideoPipeline`.

    From an image, the pipeline chooses the size itself: that of its own list nearest to the image's shape.
    """

    pipelines = {Mode.T2V: "HunyuanVideo15Pipeline", Mode.I2V: "HunyuanVideo15ImageToVideoPipeline"}
    float32_parts = ()

    def run(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> Footage:  # noqa: ANN401
        """Call the pipeline, whose guidance is an object of its own."""
        given = arguments(ask, generator)
        pipeline.guider = pipeline.guider.new(guidance_scale=given.pop("guidance_scale"))
        if ask.first_frame is not None:
            del given["width"], given["height"]
        return Footage(pipeline(**given).frames[0])

    def seeded_on_device(self, ask: LocalAsk) -> bool:
        """Return False: all noise comes from the CPU."""
        return False
