"""Find what would keep a model from making a clip, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generators.base import InvalidInput, Unavailable
from generators.free_memory import GIB, free_bytes
from generators.happyhorse.execution.plans import Work
from generators.happyhorse.network.facts import TEXT_TOKENS
from generators.happyhorse.network.memory import Footprint, holdings
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.request import ClipRequest


class TooLittleMemory(InvalidInput, MemoryError):
    """Clip that needs more memory than there is. The message says how much, and what would fit."""


def check(parts: Parts, request: ClipRequest) -> None:
    """Raise for the first thing that keeps these parts from making the clip.

    Raises:
        InvalidInput: The model makes no such clip.
        Unavailable: The clip needs a part that isn't there.
        TooLittleMemory: The clip needs more memory than the device has left.
    """
    parts.limits.require_clip(request.duration_s, request.width, request.height)
    parts.text.check(request.prompt)
    _check_parts(parts, request)
    _check_memory(parts, request)


def estimate(parts: Parts, request: ClipRequest) -> Footprint:
    """Estimate the memory that each stage takes, for the longest prompt."""
    return parts.plan.needs(work_of(parts, request))


def work_of(parts: Parts, request: ClipRequest) -> Work:
    """Return what a clip needs memory for, with the longest prompt."""
    limits = parts.limits
    width, height = request.final_size(limits.side_multiple)
    in_frame = (width // limits.side_multiple) * (height // limits.side_multiple)
    seen = min(limits.latent_frames(request.duration_s), limits.window)
    audio = seen * limits.temporal_stride if request.with_audio else 0
    tokens = seen * in_frame + audio + TEXT_TOKENS
    named = f"{request.width}×{request.height}, {request.upscale or 'not enlarged'}, {request.duration_s:g} s"
    return Work(parts.config, tokens, width * height, parts.text_bytes, named)


def fits_together(parts: Parts, request: ClipRequest) -> bool:
    """Whether memory is known to hold all parts of a model at once, beside the clip's own tensors."""
    left, need = there(parts), estimate(parts, request)
    more = weight_bytes(parts) - holdings(parts.config, parts.plan.precision).size_bytes - parts.text_bytes
    return left is not None and need.text + need.denoising + need.decoding + more <= left


def weight_bytes(parts: Parts) -> int:
    """Return the bytes of all transformers' and the text encoder's weights."""
    transformers = 1 + len(parts.super_resolution)
    return transformers * holdings(parts.config, parts.plan.precision).size_bytes + parts.text_bytes


def there(parts: Parts) -> int | None:
    """Return the bytes for the parts and a clip: those that are free, and those that hold parts already."""
    free = free_bytes(parts.device)
    return None if free is None else free + parts.held_bytes()


def _check_parts(parts: Parts, request: ClipRequest) -> None:
    if request.upscale is not None and request.upscale not in parts.super_resolution:
        given = ", ".join(parts.super_resolution) or "none"
        raise Unavailable(
            f"upscale must be one that has a checkpoint ({given}); got {request.upscale}. "
            "Give its checkpoint."
        )
    if parts.kind.sampler == "base" and parts.negative_prompt is None:
        raise Unavailable("negative_prompt must be given for a base checkpoint; got none. Give one.")
    if parts.kind.sampler == "super_resolution":
        raise InvalidInput(
            f"kind must be one that makes clips; got {parts.kind.name}, which only enlarges them. "
            "Give a base one."
        )


def _check_memory(parts: Parts, request: ClipRequest) -> None:
    left, need = there(parts), estimate(parts, request)
    if left is None or need.peak <= left:
        return
    fitting = (smaller for smaller in _smaller(request) if estimate(parts, smaller).peak <= left)
    raise TooLittleMemory(
        f"{request.width}×{request.height}, {request.upscale or 'not enlarged'}, {request.duration_s} s take "
        f"about {need.peak / GIB:.1f} GiB for {need.worst}; {parts.device} has {left / GIB:.1f} GiB. "
        f"{_advice(next(fitting, None))}"
    )


def _smaller(request: ClipRequest) -> Iterator[ClipRequest]:
    """Yield requests for shorter or smaller clips, the nearest first."""
    sizes = [request] if request.upscale is None else [request, replace(request, upscale=None)]
    shorter = [seconds for seconds in (10, 8, 5, 4, 2, 1) if seconds < request.duration_s]
    for sized in sizes:
        yield sized
        yield from (replace(sized, duration_s=seconds) for seconds in shorter)


def _advice(fitting: ClipRequest | None) -> str:
    if fitting is None:
        return "Not even 1 s would fit: free memory, or choose another device or a smaller model."
    return f"{fitting.duration_s} s, {fitting.upscale or 'not enlarged'}, would fit."
