"""Parts whose networks run by faster ways, or whose weights wait in main memory."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from torch import nn

from generators.base import InvalidInput
from generators.happyhorse.codecs.protocol import TextEncoder, VideoDecoder
from generators.happyhorse.codecs.turbo import TurboDecoder
from generators.happyhorse.execution.fast import quicken
from generators.happyhorse.execution.graphs import record_for
from generators.happyhorse.execution.offload import offload
from generators.happyhorse.execution.options import Way
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.parts import Parts


def placed(parts: Parts, fast: Sequence[Way], offloaded: bool, chunk: int | None) -> Parts:
    """Return parts whose networks are changed in these ways when they are loaded.

    Args:
        parts: Parts whose transformers and text encoder lie in main memory if they are offloaded.
        fast: Faster ways to compute.
        offloaded: Whether layers are copied to the device only while they are used.
        chunk: Tokens that pass through an MLP together; None for the usual number.

    Raises:
        InvalidInput: A way doesn't suit the device.
    """
    if not fast and not offloaded and chunk is None:
        return parts
    _require(parts, fast, offloaded)

    def prepared(load: Callable[[], HappyHorseTransformer]) -> Callable[[], HappyHorseTransformer]:
        return lambda: _prepare(load(), parts, fast, offloaded, chunk)

    plan = replace(
        parts.plan,
        offload=offloaded,
        tiles="tiles" in fast,
        chunk=parts.plan.chunk if chunk is None else chunk,
    )
    return replace(
        parts,
        text=_offloaded_text(parts) if offloaded else parts.text,
        transformer=prepared(parts.transformer),
        super_resolution={name: prepared(load) for name, load in parts.super_resolution.items()},
        video_decoder=_tiled(parts.video_decoder) if "tiles" in fast else parts.video_decoder,
        plan=plan,
    )


def _require(parts: Parts, fast: Sequence[Way], offloaded: bool) -> None:
    if "graphs" in fast:
        record_for(parts.device)
    if offloaded and "graphs" in fast:
        raise InvalidInput("fast must leave 'graphs' out with offload, which moves weights; got both.")


def _prepare(
    model: HappyHorseTransformer, parts: Parts, fast: Sequence[Way], offloaded: bool, chunk: int | None
) -> HappyHorseTransformer:
    if getattr(model, "is_placed", False):  # it stayed loaded
        return model
    quicken(model, fast, parts.device)
    if chunk is not None:
        for layer in model.layers:
            layer.mlp.chunk = chunk
    if offloaded:
        offload(model, model.layers, parts.device)
    model.is_placed = True  # type: ignore[assignment]  # a note for the next call
    return model


def _tiled(load: Callable[[], VideoDecoder]) -> Callable[[], VideoDecoder]:
    def tiled() -> VideoDecoder:
        decoder = load()
        if not isinstance(decoder, TurboDecoder):
            raise InvalidInput("fast must leave 'tiles' out with this decoder. Choose the turbo decoder.")
        decoder.use_tiles()
        return decoder

    return tiled


def _offloaded_text(parts: Parts) -> TextEncoder:
    """Return the text encoder with layers that are copied to the device while they are used."""
    text: Any = copy.copy(parts.text)
    load: Callable[[], nn.Module] = text.load_network

    def offloaded() -> nn.Module:
        network = load()
        offload(network, cast(Iterable[nn.Module], network.layers), parts.device)
        return network

    text.load_network = offloaded
    return cast(TextEncoder, text)
