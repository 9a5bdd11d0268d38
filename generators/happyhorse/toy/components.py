"""The toy model's parts for the pipeline, from the shipped weights."""

from __future__ import annotations

import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.pipeline.components import Components
from generators.happyhorse.toy.checkpoints import weights_file
from generators.happyhorse.toy.clips import LONGEST_S
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.toy.words import WordEmbedding
from generators.toyworld.world.examples import FPS, FRAMES, SIDE
from generators.toyworld.world.grammar import parse


def toy_components(
    kind_name: str = "distilled",
    *,
    steps: int | None = None,
    cascade: bool = False,
    device: torch.device | str = "cpu",
) -> Components:
    """A pipeline's components, all loaded: together they are six megabytes.

    Args:
        kind_name: `distilled` or `base`.
        steps: 8 or 32 by default; students of 8, 4 and 2 steps have weights of their own.
        cascade: Whether the picture is made first, and then sound for it.
        device: Where all of it runs.
    """
    model, kind = load_model(weights_file(kind_name, steps), device)
    codecs = shipped_codecs(str(device))
    return Components(
        config=model.config,
        kind=kind,
        text=OneObject(model.words),
        transformer=lambda: model.transformer,
        video_encoder=lambda: codecs.video,
        video_decoder=lambda: codecs.video,
        audio=lambda: codecs.audio,
        negative_prompt="",
        variances=model.variances,
        cascade=cascade,
        steps=steps,
        fps=FPS,
        temporal_stride=codecs.video.temporal_stride,
        spatial_stride=codecs.video.spatial_stride,
        window=(FRAMES - 1) // codecs.video.temporal_stride + 1,
        longest_s=LONGEST_S,
        only_size=(SIDE, SIDE),
        threads=1,
        device=torch.device(device),
    )


class OneObject:
    """The words of scenes with one object, which is all that the model was trained on."""

    def __init__(self, words: WordEmbedding) -> None:
        self.words = words

    def check(self, prompt: str) -> None:
        """Raises InvalidInput where the prompt isn't of the grammar, or speaks of two objects."""
        if len(parse(prompt).objects) > 1:
            raise InvalidInput(f"The toy model makes one object, no more; the prompt has two: {prompt!r}.")

    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Features (length, width) of each prompt."""
        return self.words.encode(*prompts)
