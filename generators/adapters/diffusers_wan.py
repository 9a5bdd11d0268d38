"""Wan 2.1 and 2.2 (Wan-AI), and the text encoding that Helios shares with them.

The prompt is encoded by `WanPipeline` on all of them: the other pipelines' own encoding fails without the
package ftfy, which repairs wrongly decoded characters and changes no other prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.diffusers_footage import Footage, arguments
from generators.adapters.models import Mode

if TYPE_CHECKING:
    import torch

_TEXT_TOKENS = 512
"""Tokens that a prompt is padded or cut to, in training as well."""


class Wan:
    """Models of the pipelines `WanPipeline` and `WanImageToVideoPipeline`."""

    pipelines = {Mode.T2V: "WanPipeline", Mode.I2V: "WanImageToVideoPipeline"}
    float32_parts = ("vae", "image_encoder")

    def run(self, pipeline: Any, ask: LocalAsk, generator: torch.Generator) -> Footage:  # noqa: ANN401
        """Call the pipeline."""
        given = arguments(ask, generator) | encode_prompts(pipeline, ask)
        return Footage(pipeline(**given).frames[0])

    def seeded_on_device(self, ask: LocalAsk) -> bool:
        """Return False: all noise comes from the CPU."""
        return False


def encode_prompts(pipeline: Any, ask: LocalAsk) -> dict[str, Any]:  # noqa: ANN401 - a pipeline of diffusers
    """Return the arguments that hold the encoded prompts (1, tokens, channels) in place of their texts."""
    import diffusers

    kind: Any = diffusers.WanPipeline
    encoder = kind(
        tokenizer=pipeline.tokenizer,
        text_encoder=pipeline.text_encoder,
        vae=pipeline.vae,
        scheduler=pipeline.scheduler,
    )
    positive, negative = encoder.encode_prompt(
        prompt=ask.prompt,
        negative_prompt=ask.terms.negative_prompt,
        do_classifier_free_guidance=ask.terms.guidance > 1,
        max_sequence_length=_TEXT_TOKENS,
    )
    return {
        "prompt": None,
        "negative_prompt": None,
        "prompt_embeds": positive,
        "negative_prompt_embeds": negative,
    }
