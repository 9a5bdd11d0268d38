"""Finds whatever would keep a clip from being made, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generators.base import InvalidInput, Unavailable
from generators.happyhorse.network.limits import require_steps
from generators.happyhorse.network.memory import GIB, Footprint, footprint, free_bytes
from generators.happyhorse.pipeline.components import Components
from generators.happyhorse.pipeline.request import ClipRequest

MAX_TEXT = 640
"""Text tokens in the worst case."""


class TooLittleMemory(InvalidInput, MemoryError):
    """A clip wouldn't fit. The message says how much it takes, how much there is, and what would fit."""


def check(parts: Components, request: ClipRequest) -> None:
    """Raises on the first thing that is wrong.

    Raises:
        InvalidInput: The request can't be fulfilled.
        Unavailable: It needs a part that isn't there.
    """
    _check_size(parts, request)
    parts.text.check(request.prompt)
    _check_parts(parts, request)
    _check_sound(request)
    _check_memory(parts, request)


def estimate(parts: Components, request: ClipRequest) -> Footprint:
    """Memory at the worst moment of each stage."""
    width, height = request.final_size(parts.side_multiple)
    in_frame = (width // parts.side_multiple) * (height // parts.side_multiple)
    seen = min(parts.latent_frames(request), parts.window)
    audio = seen * parts.temporal_stride if request.with_audio else 0
    return footprint(parts.config, seen * in_frame + audio + MAX_TEXT, width * height, parts.text_bytes)


def _check_size(parts: Components, request: ClipRequest) -> None:
    multiple = parts.side_multiple
    for name, side in (("width", request.width), ("height", request.height)):
        if side < multiple or side % multiple:
            lower = max(side // multiple, 1) * multiple
            near = f"Try {lower} or {lower + multiple}."
            raise InvalidInput(f"The {name} must be a multiple of {multiple} pixels; got {side}. {near}")
    if parts.only_size is not None and parts.only_size != (request.width, request.height):
        raise InvalidInput(
            f"This model makes clips of {'×'.join(map(str, parts.only_size))} pixels; got "
            f"{request.width}×{request.height}. Enlarging makes squares of its pixels."
        )
    if parts.frames(request) < 2:
        raise InvalidInput(f"A clip must last 1/{parts.fps} s or more; got {request.duration_s} s.")
    if parts.longest_s is not None and request.duration_s > parts.longest_s:
        raise InvalidInput(f"This model makes at most {parts.longest_s} s; got {request.duration_s} s.")


def _check_parts(parts: Components, request: ClipRequest) -> None:
    require_steps(parts.steps)
    if request.upscale is not None and request.upscale not in parts.super_resolution:
        given = ", ".join(parts.super_resolution) or "none"
        raise Unavailable(f"No checkpoint for super-resolution to {request.upscale}. Given: {given}.")
    if parts.kind.sampler == "base" and parts.negative_prompt is None:
        raise Unavailable("The base checkpoint is guided away from a negative prompt. Give one.")
    if parts.kind.sampler == "super_resolution":
        raise InvalidInput(
            f"A {parts.kind.name} checkpoint can't make clips, only enlarge them. Give a base one."
        )


def _check_sound(request: ClipRequest) -> None:
    if request.sound is not None and request.sound.duration_s < request.duration_s:
        raise InvalidInput(
            f"The sound track lasts {request.sound.duration_s:.2f} s, less than the clip's "
            f"{request.duration_s:.2f} s. Ask for a clip of at most that."
        )


def _check_memory(parts: Components, request: ClipRequest) -> None:
    there, need = free_bytes(parts.device), estimate(parts, request)
    if there is None or need.peak <= there:
        return
    fitting = (less for less in _less(request) if estimate(parts, less).peak <= there)
    raise TooLittleMemory(
        f"{request.width}×{request.height}, {request.upscale or 'not enlarged'}, {request.duration_s} s take "
        f"about {need.peak / GIB:.1f} GiB for {need.worst}; {parts.device} has {there / GIB:.1f} GiB. "
        f"{_advice(next(fitting, None))}"
    )


def _less(request: ClipRequest) -> Iterator[ClipRequest]:
    """Smaller requests, the nearest first."""
    sizes = [request] if request.upscale is None else [request, replace(request, upscale=None)]
    for sized in sizes:
        yield sized
        yield from (replace(sized, duration_s=s) for s in (10, 8, 5, 4, 2, 1) if s < request.duration_s)


def _advice(fitting: ClipRequest | None) -> str:
    if fitting is None:
        return "Not even 1 s would fit: free memory, or choose another device or a smaller model."
    return f"{fitting.duration_s} s, {fitting.upscale or 'not enlarged'}, would fit."
