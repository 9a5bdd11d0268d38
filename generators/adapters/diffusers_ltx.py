"""LTX-2 (Lightricks): video and sound from one transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.diffusers_footage import Footage, arguments, stereo
from generators.adapters.models import Mode

if TYPE_CHECKING:
    import torch


class Ltx:
    """Models of the pipelines `LTX2Pipeline` and `LTX2ImageToVideoPipeline`.

    The pipelines' own guidance of the sound is kept; the setting `guidance` is that of the video.
    """

    pipelines = {Mode.T2V: "LTX2Pipeline", Mode.I2V: "LTX2ImageToVideoPipeline"}
    float32_parts = ()

    def run(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> Footage:  # noqa: ANN401
        """Call the pipeline; its sound has as many channels and the rate that the vocoder says."""
        made = pipeline(**arguments(ask, generator), frame_rate=ask.terms.model.fps)
        samples = made.audio[0].float().cpu().numpy()
        return Footage(made.frames[0], stereo(samples), pipeline.vocoder.config.output_sampling_rate)

    def seeded_on_device(self, ask: LocalAsk) -> bool:
        """Return False: all noise comes from the CPU."""
        return False
