"""Inputs of clips that are made together, and which clips are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from generators.happyhorse.codecs.protocol import AudioCodec
from generators.happyhorse.pipeline.request import ClipRequest


class Text(NamedTuple):
    """Features of a batch of prompts."""

    features: Tensor
    """(B, L, channels), filled up by zeros."""
    lengths: Tensor | None
    """Real tokens of each (B,); None if all have the same number."""


def join_text(several: Sequence[Tensor], device: torch.device) -> Text:
    """Join the features (tokens, channels) of prompts into one batch."""
    lengths = [len(features) for features in several]
    joined = pad_sequence(list(several), batch_first=True).to(device)
    return Text(joined, None if len(set(lengths)) == 1 else torch.tensor(lengths))


def encode_track(codec: AudioCodec, request: ClipRequest, count: int, fps: int) -> Tensor:
    """Encode a request's sound track: latents (1, A, channels), one for each of `count` frames.

    A longer track is cut off; a shorter one is continued by silence.

    Raises:
        ValueError: The request has none.
    """
    sound = request.sound
    if sound is None:
        raise ValueError("sound must be given; got none.")
    wanted = -(-(count + 1) * sound.rate // fps)
    samples = torch.from_numpy(sound.samples[:, :wanted])
    samples = torch.nn.functional.pad(samples, (0, wanted - samples.shape[1]))
    generator = torch.Generator().manual_seed(request.seed)
    return codec.encode(samples[None], sound.rate, generator)[:, :count]


def batches(requests: Sequence[ClipRequest], most: int) -> Iterator[list[int]]:
    """Yield the places of requests that are made together: of one shape, and at most so many."""
    by_shape: dict[tuple[object, ...], list[int]] = {}
    for place, request in enumerate(requests):
        by_shape.setdefault(request.shape, []).append(place)
    for places in by_shape.values():
        yield from (places[first : first + most] for first in range(0, len(places), most))
