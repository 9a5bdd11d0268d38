"""Keep a model's parts loaded between clips: on the device, or in main memory until a stage needs them."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

from torch import nn

from generators.free_memory import free_main_memory
from generators.happyhorse.codecs.protocol import TextEncoder
from generators.happyhorse.execution.offload import Movable
from generators.happyhorse.pipeline.batches import batches
from generators.happyhorse.pipeline.checks import fits_together, there, weight_bytes, work_of
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.pipeline import Pipeline
from generators.happyhorse.pipeline.request import ClipRequest, DecodedClip
from generators.happyhorse.pipeline.stages import Progress, ignore

T = TypeVar("T")
MOST_TOGETHER = 8
"""Most clips in one batch."""


class ResidentParts:
    """Parts of one model for many clips, and the pipeline that makes them."""

    def __init__(self, parts: Parts) -> None:
        self._plain = parts
        self._kept: Parts | None = None
        self._moves = False

    def make(self, requests: Sequence[ClipRequest], progress: Progress = ignore) -> list[DecodedClip]:
        """Make clips; those of equal shape run together where memory holds them.

        Raises:
            InvalidInput: The model makes no such clip; none was made.
        """
        for request in requests:
            Pipeline(self._plain if self._kept is None else self._kept).check(request)
        made: dict[int, DecodedClip] = {}
        for places in batches(requests, MOST_TOGETHER):
            shape = requests[places[0]]
            parts = self.serving(shape)
            most = together(parts, shape, len(places))
            for first in range(0, len(places), most):
                some = places[first : first + most]
                clips = Pipeline(parts).make_together([requests[place] for place in some], progress)
                made.update(zip(some, clips, strict=True))
        return [made[place] for place in range(len(requests))]

    def serving(self, request: ClipRequest) -> Parts:
        """Return the parts to make a clip with.

        They stay on the device if it holds all of them beside the clip. Otherwise they lie in main memory, if
        that holds them, and each is copied to the device for its stage. Else each stage loads its part anew.
        """
        if self._kept is not None and self._moves:
            return self._kept
        kept = self._kept or keep_loaded(self._plain)
        if not fits_together(kept, request):
            del kept
            self._kept = None
            gc.collect()
            self._moves = _main_memory_holds(self._plain)
            if not self._moves:
                return self._plain
            kept = keep_in_main_memory(self._plain)
        self._kept = kept
        return kept


def together(parts: Parts, request: ClipRequest, wanted: int) -> int:
    """Return how many clips of a shape fit at once, from 1 to the wanted number."""
    free, work = there(parts), work_of(parts, request)
    if free is None:
        return 1
    counts = range(wanted, 1, -1)
    fitting = (n for n in counts if parts.plan.needs(replace(work, tokens=n * work.tokens)).peak <= free)
    return next(fitting, 1)


def keep_loaded(parts: Parts) -> Parts:
    """Return the same parts, each of which is loaded when it is first needed, and then kept."""
    return _keeping(parts, _Shelf(parts, moves=False))


def keep_in_main_memory(parts: Parts) -> Parts:
    """Return the same parts, each of which is loaded once, and on the device only until another is needed."""
    return _keeping(parts, _Shelf(parts, moves=True))


def _main_memory_holds(parts: Parts) -> bool:
    """Whether a device with a memory of its own could leave all weights in main memory."""
    left = free_main_memory()
    return parts.device.type != "cpu" and left is not None and weight_bytes(parts) <= left


class _Shelf:
    """Where loaded parts are kept."""

    def __init__(self, parts: Parts, moves: bool) -> None:
        self.device, self.moves = parts.device, moves
        self.keepers: list[_Keeper[object]] = []

    def keep(self, load: Callable[[], T]) -> Callable[[], T]:
        """Return a loader that loads once."""
        keeper = _Keeper(load, self)
        self.keepers.append(cast("_Keeper[object]", keeper))
        return keeper

    def held_bytes(self) -> int:
        """Return the bytes of weights on the device."""
        return sum(keeper.size_bytes for keeper in self.keepers)


def _keeping(parts: Parts, shelf: _Shelf) -> Parts:
    return replace(
        parts,
        text=_keep_text(parts.text, shelf),
        transformer=shelf.keep(parts.transformer),
        video_encoder=shelf.keep(parts.video_encoder),
        video_decoder=shelf.keep(parts.video_decoder),
        audio=shelf.keep(parts.audio),
        super_resolution={name: shelf.keep(load) for name, load in parts.super_resolution.items()},
        held_bytes=shelf.held_bytes,
    )


class _Keeper(Generic[T]):
    """Loader that keeps what it loaded."""

    def __init__(self, load: Callable[[], T], shelf: _Shelf) -> None:
        self._load, self._shelf = load, shelf
        self._part: T | None = None
        self._weights: Movable | None = None

    def __call__(self) -> T:
        if self._shelf.moves:
            for other in self._shelf.keepers:
                if other is not cast("_Keeper[object]", self):
                    other.leave()
        if self._part is None:
            self._part = self._load()
            self._weights = self._movable() if self._shelf.moves else None
        if self._weights is not None:
            self._weights.arrive()
        return self._part

    def leave(self) -> None:
        """Take the part off the device; it stays in main memory."""
        if self._weights is not None:
            self._weights.leave()

    @property
    def size_bytes(self) -> int:
        """Bytes of the part's weights on the device; 0 before it is loaded."""
        kind = self._shelf.device.type
        tensors = (tensor for module in _modules(self._part) for tensor in module.state_dict().values())
        present = self._weights is None or self._weights.present
        return sum(tensor.nbytes for tensor in tensors if present and tensor.device.type == kind)

    def _movable(self) -> Movable | None:
        if not (modules := list(_modules(self._part))):
            return None
        weights = Movable(modules, self._shelf.device)
        weights.keep_at_home()
        return weights


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


def _keep_text(text: TextEncoder, shelf: _Shelf) -> TextEncoder:
    if not isinstance(text, _LoadsNetwork):
        return text
    kept = copy.copy(text)
    kept.load_network = shelf.keep(text.load_network)
    return cast(TextEncoder, kept)
