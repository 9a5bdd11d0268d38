"""Fit a request to an open-weight model: frames, size and first frame, and what cannot be honoured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from generators.adapters.diffusers_settings import LocalTerms
from generators.adapters.models import Mode
from generators.base import InvalidInput, Request

_SAME_RATIO = 0.03
"""Largest relative difference between two ratios that pass as one; 832×480 passes as 16:9."""


@dataclass(frozen=True)
class LocalAsk:
    """One clip in the terms of an open-weight model."""

    terms: LocalTerms
    mode: Mode
    prompt: str
    width: int
    height: int
    frames: int
    """Frames that the model makes."""
    kept: int
    """Frames that the clip keeps, from the first one on."""
    seed: int
    with_sound: bool
    """Whether the clip keeps the sound that the model makes."""
    first_frame: Image.Image | None


def fit_local(terms: LocalTerms, request: Request) -> LocalAsk:
    """Return the request as the model can take it.

    Raises:
        InvalidInput: The prompt is empty, a refused trait cannot be honoured, or the image cannot be read.
    """
    if not request.prompt.strip():
        raise InvalidInput("prompt must not be empty; got ''. Describe what is to be seen.")
    frames, kept = _choose_frames(terms, request)
    width, height = _choose_size(terms, request)
    if terms.model.fps != request.fps:
        _lack(terms, "fps", f"{request.fps:g} fps", f"it makes {terms.model.fps:g} fps")
    from_image = request.track.from_image and request.reference_image is not None
    return LocalAsk(
        terms=terms,
        mode=Mode.I2V if from_image else Mode.T2V,
        prompt=request.prompt,
        width=width,
        height=height,
        frames=frames,
        kept=kept,
        seed=request.seed,
        with_sound=request.track.with_sound,
        first_frame=_read_first_frame(request.reference_image, width, height) if from_image else None,
    )


def _choose_frames(terms: LocalTerms, request: Request) -> tuple[int, int]:
    """Return the number of frames to make, and of those to keep."""
    model = terms.model
    wanted = max(round(request.duration_s * model.fps), 1)
    frames = model.frames.at_least(wanted)
    if wanted > frames:
        longest_s = model.frames.longest / model.fps
        _lack(terms, "duration", f"{request.duration_s:g} s", f"its longest clip is {longest_s:.2f} s")
    return frames, min(wanted, frames)


def _choose_size(terms: LocalTerms, request: Request) -> tuple[int, int]:
    asked = (request.width, request.height)
    if terms.size is not None:
        chosen = terms.size
    elif terms.nearest_size:
        chosen = min(terms.model.sizes, key=lambda size: _distance(size, asked))
    else:
        chosen = asked
        _require_multiple(terms, asked)
    if chosen != asked:
        _check_size(terms, chosen, asked)
    return chosen


def _distance(size: tuple[int, int], asked: tuple[int, int]) -> tuple[float, float]:
    """Return how far a size is from the one asked for: first in its ratio, then in its area."""
    ratio, wanted = size[0] / size[1], asked[0] / asked[1]
    return round(abs(ratio / wanted - 1), 2), abs(size[0] * size[1] / (asked[0] * asked[1]) - 1)


def _require_multiple(terms: LocalTerms, asked: tuple[int, int]) -> None:
    multiple = terms.model.side_multiple
    if asked[0] % multiple or asked[1] % multiple:
        raise InvalidInput(
            f"Width and height must be multiples of {multiple} for {terms.model.id}; "
            f"got {asked[0]}×{asked[1]}. Ask for such a size, or use the setting 'pixels: nearest'."
        )


def _check_size(terms: LocalTerms, chosen: tuple[int, int], asked: tuple[int, int]) -> None:
    wanted = f"{asked[0]}×{asked[1]}"
    offered = f"it makes {chosen[0]}×{chosen[1]}"
    if abs(chosen[0] / chosen[1] / (asked[0] / asked[1]) - 1) > _SAME_RATIO:
        _lack(terms, "ratio", wanted, offered)
    _lack(terms, "resolution", wanted, offered)


def _lack(terms: LocalTerms, trait: str, wanted: str, offered: str) -> None:
    """Refuse what a model lacks; a trait that is not refused is recorded from the finished clip."""
    if trait in terms.refused:
        kept = ", ".join(each for each in terms.refused if each != trait) or "none"
        raise InvalidInput(
            f"{terms.model.id} cannot make {wanted}: {offered}. "
            f"Ask for what it makes, or take {trait!r} out of its setting 'refuse' (then: {kept})."
        )


def _read_first_frame(path: Path | None, width: int, height: int) -> Image.Image | None:
    """Read an image and cut out its middle in the clip's shape and size."""
    if path is None:
        return None
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidInput(
            f"The reference image must be a whole PNG, JPEG or WebP file; "
            f"{path} cannot be read: {error}. Give another."
        ) from error
    return ImageOps.fit(upright, (width, height), Image.Resampling.LANCZOS)
