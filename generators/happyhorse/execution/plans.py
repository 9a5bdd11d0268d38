"""Choose precision, offload and chunks for the memory that there is: the fastest plan that fits.

Weights in 8 bits on the device come before weights in bfloat16 that are copied for each layer. Ones that are
both come next. Four bits move velocities most, so they come last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generators.base import InvalidInput
from generators.free_memory import GIB
from generators.happyhorse.execution.options import FITS
from generators.happyhorse.execution.peaks import UNCALIBRATED, Calibration
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.memory import (
    DECODER_BYTES,
    Footprint,
    holdings,
    largest_layer_bytes,
    layer_bytes,
)
from generators.happyhorse.network.transformer import MLP_CHUNK

LEVELS_GIB = tuple(int(level) for level in FITS[1:])
"""Sizes of common cards in GiB."""

_IN_FLIGHT = 2
"""Layers on the device at once while they are copied: the one in use and the one that follows."""
_TEXT_SHARE = 1 / 6
"""Share of the text encoder that lies on the device while its layers are copied: word vectors, two layers."""
_CHUNKS = (MLP_CHUNK, 2048)
TILE_PIXELS = 1024 * 1024
"""Pixels of a tile of the turbo decoder with its context."""
_SPARE = 0.95
"""Share of the free memory that a plan may take; the rest is lost between blocks."""


class NoPlan(InvalidInput, MemoryError):
    """Clip that no plan fits. The message says how much the smallest takes."""


@dataclass(frozen=True)
class Work:
    """What a clip needs memory for."""

    config: HappyHorseConfig
    tokens: int
    """Tokens in one sequence."""
    pixels: int
    """Pixels in one frame."""
    text_bytes: int = 0
    """Bytes of the text encoder's weights."""
    named: str = "This clip"
    """Name for messages."""


@dataclass(frozen=True)
class Room:
    """Memory that there is."""

    device: int
    """Bytes of the device that computes."""
    main: int | None = None
    """Bytes of main memory, where layers wait for their turn; None if it isn't known, or is the device."""
    float8: bool = False
    """Whether the device multiplies in e4m3."""
    offloads: bool = True
    """Whether the device has a memory of its own, to which layers can be copied."""


@dataclass(frozen=True)
class Plan:
    """Way to fit a clip."""

    precision: Precision = "bf16"
    offload: bool = False
    """Whether the weights of layers wait in main memory."""
    chunk: int = MLP_CHUNK
    """Tokens that pass through an MLP together."""
    tiles: bool = False
    """Whether the turbo decoder works on tiles."""

    def needs(self, work: Work, calibration: Calibration = UNCALIBRATED) -> Footprint:
        """Estimate the bytes on the device in each stage, corrected by readings of earlier peaks."""
        weights = holdings(work.config, self.precision).size_bytes
        text = work.text_bytes
        if self.offload:
            weights = min(weights, _IN_FLIGHT * largest_layer_bytes(work.config, self.precision))
            text = int(text * _TEXT_SHARE)
        moving = int(calibration.denoising * layer_bytes(work.config, work.tokens, self.chunk))
        pixels = min(work.pixels, TILE_PIXELS) if self.tiles else work.pixels
        return Footprint(text, weights + moving, int(calibration.decoding * DECODER_BYTES * pixels))

    def main_bytes(self, work: Work) -> int:
        """Return the bytes of weights that wait in main memory at once."""
        if not self.offload:
            return 0
        return max(holdings(work.config, self.precision).size_bytes, work.text_bytes)

    def __str__(self) -> str:
        """Say what the plan does."""
        said = [f"precision {self.precision}", f"offload {'layers' if self.offload else 'none'}"]
        said.append(f"chunks of {self.chunk:,} tokens")
        return ", ".join([*said, "tiles"] if self.tiles else said)


@dataclass(frozen=True)
class Choice:
    """A plan, and why it was chosen."""

    plan: Plan
    needs: Footprint
    why: str

    def __str__(self) -> str:
        """Say what was chosen and why."""
        return f"fit: {self.plan}; {self.why}"


def choose(work: Work, room: Room, calibration: Calibration = UNCALIBRATED) -> Choice:
    """Return the first plan that fits.

    Raises:
        NoPlan: None does.
    """
    refused: list[str] = []
    for plan in plans(room):
        needs = plan.needs(work, calibration)
        if needs.peak <= _SPARE * room.device and _fits_main(plan, work, room):
            why = f"takes about {_gib(needs.peak)} for {needs.worst} of {_gib(room.device)}"
            return Choice(plan, needs, "; ".join([why, *refused[:1]]))
        refused.append(f"{plan.precision} {_placed(plan)} would take {_gib(needs.peak)}")
    raise NoPlan(_no_plan(work, room, calibration))


def plans(room: Room) -> Iterator[Plan]:
    """Yield the plans for a device, the fastest first."""
    eight: Precision = "fp8" if room.float8 else "int8"
    whole = [Plan("bf16"), Plan(eight)]
    moved = [Plan("bf16", offload=True), Plan(eight, offload=True)] if room.offloads else []
    last = [Plan("int4"), Plan("int4", offload=True)] if room.offloads else [Plan("int4")]
    for plan in (*whole, *moved, *last):
        for chunk in _CHUNKS:
            yield replace(plan, chunk=chunk)
            yield replace(plan, chunk=chunk, tiles=True)


def _fits_main(plan: Plan, work: Work, room: Room) -> bool:
    return room.main is None or plan.main_bytes(work) <= room.main


def _no_plan(work: Work, room: Room, calibration: Calibration) -> str:
    every = list(plans(room))
    least = min(every, key=lambda plan: plan.needs(work, calibration).peak)
    needs = least.needs(work, calibration)
    main = "" if room.main is None else f" and {_gib(room.main)} of main memory"
    return (
        f"{work.named} takes at least {_gib(needs.peak)} for {needs.worst} ({least}) and "
        f"{_gib(least.main_bytes(work))} of main memory; got {_gib(room.device)}{main}. "
        "Free memory, or ask for a shorter or smaller clip."
    )


def _placed(plan: Plan) -> str:
    return "with offload" if plan.offload else "on the device"


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
