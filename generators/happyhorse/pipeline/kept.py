"""Keep a model's parts loaded between clips, where memory holds all of them at once."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

from torch import nn

from generators.happyhorse.codecs.protocol import TextEncoder
from generators.happyhorse.pipeline.checks import fits_together
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.request import ClipRequest

T = TypeVar("T")


class ResidentParts:
    """Parts of one model for many clips."""

    def __init__(self, parts: Parts) -> None:
        self._plain = parts
        self._kept: Parts | None = None

    def serving(self, request: ClipRequest) -> Parts:
        """Return the parts to make a clip with.

        They stay loaded if memory holds all of them beside the clip. Otherwise the kept ones are let go, and
        each stage loads its part anew.
        """
        kept = self._kept or keep_loaded(self._plain)
        self._kept = kept if fits_together(kept, request) else None
        if self._kept is None:
            del kept
            gc.collect()
            return self._plain
        return self._kept


def keep_loaded(parts: Parts) -> Parts:
    """Return the same parts, each of which is loaded when it is first needed, and then kept."""
    keepers: list[_Keeper[object]] = []

    def keep(load: Callable[[], T]) -> Callable[[], T]:
        keeper = _Keeper(load)
        keepers.append(cast("_Keeper[object]", keeper))
        return keeper

    return replace(
        parts,
        text=_keep_text(parts.text, keep),
        transformer=keep(parts.transformer),
        video_encoder=keep(parts.video_encoder),
        video_decoder=keep(parts.video_decoder),
        audio=keep(parts.audio),
        super_resolution={name: keep(load) for name, load in parts.super_resolution.items()},
        held_bytes=lambda: sum(keeper.size_bytes for keeper in keepers),
    )


class _Keeper(Generic[T]):
    """Loader that keeps what it loaded."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._part: T | None = None

    def __call__(self) -> T:
        if self._part is None:
            self._part = self._load()
        return self._part

    @property
    def size_bytes(self) -> int:
        """Bytes of the loaded part's weights; 0 before it is loaded."""
        return sum(
            tensor.nbytes for module in _modules(self._part) for tensor in module.state_dict().values()
        )


def _modules(part: object) -> Iterator[nn.Module]:
    """Yield the networks of a part, which is one itself or holds some."""
    if isinstance(part, nn.Module):
        yield part
    elif part is not None:
        yield from (value for value in vars(part).values() if isinstance(value, nn.Module))


@runtime_checkable
class _LoadsNetwork(Protocol):
    """Text encoder that loads its network when it encodes."""

    load_network: Callable[[], nn.Module]


def _keep_text(
    text: TextEncoder, keep: Callable[[Callable[[], nn.Module]], Callable[[], nn.Module]]
) -> TextEncoder:
    if not isinstance(text, _LoadsNetwork):
        return text
    kept = copy.copy(text)
    kept.load_network = keep(text.load_network)
    return cast(TextEncoder, kept)
