"""Parts of the toy model, with the weights and codecs in the package."""

from __future__ import annotations

import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.codecs.protocol import VideoCodec
from generators.happyhorse.network.limits import Limits
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.toy.checkpoints import weights_file
from generators.happyhorse.toy.clips import LONGEST_S
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.toy.words import WordEmbedding
from generators.toyworld.world.examples import FPS, FRAMES, SIDE
from generators.toyworld.world.grammar import parse


def toy_parts(
    kind_name: str = "distilled",
    *,
    steps: int | None = None,
    cascade: bool = False,
    device: torch.device | str = "cpu",
) -> Parts:
    """Return the toy model's parts, all of them loaded: together they take six megabytes.

    Args:
        kind_name: `distilled` or `base`.
        steps: 8 or 32 by default; students of 8, 4 and 2 steps have weights of their own.
        cascade: Whether the video is sampled first, and then audio for it.
        device: Device for all parts.
    """
    model, kind = load_model(weights_file(kind_name, steps), device)
    codecs = shipped_codecs(str(device), model.config)
    return Parts(
        config=model.config,
        kind=kind.taking(steps),
        text=OneObject(model.words),
        transformer=lambda: model.transformer,
        video_encoder=lambda: codecs.video,
        video_decoder=lambda: codecs.video,
        audio=lambda: codecs.audio,
        negative_prompt="",
        variances=model.variances,
        cascade=cascade,
        limits=_limits(codecs.video),
        threads=1,
        device=torch.device(device),
    )


def _limits(codec: VideoCodec) -> Limits:
    """Return the limits of clips like those that the model was trained on."""
    return Limits(
        fps=FPS,
        temporal_stride=codec.temporal_stride,
        spatial_stride=codec.spatial_stride,
        window=(FRAMES - 1) // codec.temporal_stride + 1,
        longest_s=LONGEST_S,
        only_size=(SIDE, SIDE),
    )


class OneObject:
    """Text encoder for scenes with one object: the model was trained on no others."""

    def __init__(self, words: WordEmbedding) -> None:
        self.words = words

    def check(self, prompt: str) -> None:
        """Raise InvalidInput if the prompt isn't in the grammar, or has two objects."""
        if len(parse(prompt).objects) > 1:
            raise InvalidInput(f"A prompt of the toy model must have one object; got two: {prompt!r}.")

    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Return features (length, width) of each prompt."""
        return self.words.encode(*prompts)
