"""Fit a choice of model to the memory that there is for a request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generators.base import InvalidInput
from generators.free_memory import GIB, free_bytes, free_main_memory
from generators.happyhorse.execution.options import Fit
from generators.happyhorse.execution.peaks import UNCALIBRATED, calibrate, read_readings
from generators.happyhorse.execution.plans import Choice, Room, choose
from generators.happyhorse.network.quantised import multiplies_float8
from generators.happyhorse.pipeline.checks import work_of
from generators.happyhorse.pipeline.request import ClipRequest
from generators.happyhorse.weights.choice import ModelChoice

if TYPE_CHECKING:
    import torch


def fitted(
    choice: ModelChoice, request: ClipRequest, fit: Fit, peaks: Path | None = None
) -> tuple[ModelChoice, Choice]:
    """Return the choice with the precision, offload and chunks that fit, and why they were chosen.

    Args:
        choice: Model and weights, without precision and offload of its own.
        request: The clip.
        fit: What to plan for.
        peaks: Readings of earlier peaks, which `reproduce` wrote.

    Raises:
        InvalidInput: The choice has a precision or offload, or is the toy model; readings are damaged.
        NoPlan: The clip fits by no plan.
    """
    if choice.precision != "bf16" or choice.offload or choice.chunk is not None:
        raise InvalidInput("fit chooses precision, offload and chunk. Leave these out, or leave fit out.")
    if choice.weights == "shipped":
        raise InvalidInput("The toy model fits everywhere. Leave fit out.")
    calibration = UNCALIBRATED if peaks is None else calibrate(read_readings(peaks))
    parts = choice.parts(() if request.upscale is None else (request.upscale,))
    found = choose(work_of(parts, request), room_for(parts.device, fit), calibration)
    plan = found.plan
    tiles = ("tiles",) if plan.tiles and choice.decoder == "turbo" else ()
    fast = (*choice.fast, *tiles)
    chosen = replace(choice, precision=plan.precision, offload=plan.offload, chunk=plan.chunk, fast=fast)
    return chosen, found


def room_for(device: torch.device, fit: Fit) -> Room:
    """Return the memory to plan for: what a device has left, or so many GiB of it.

    Raises:
        InvalidInput: The device doesn't tell how much it has left.
    """
    own = device.type != "cpu"
    free = free_bytes(device)
    if fit != "auto":
        free = min(int(fit) * GIB, int(fit) * GIB if free is None else free)
    if free is None:
        raise InvalidInput(f"fit must name GiB on {device}, which doesn't tell its memory; got 'auto'.")
    return Room(free, free_main_memory() if own else None, multiplies_float8(device), offloads=own)
