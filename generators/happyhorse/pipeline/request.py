"""A clip as asked for, and as decoded. Imports nothing heavy: the generator's settings refer to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from generators.base import GenerationError, InvalidInput, Track, require_seed
from generators.encode import Clip, encode
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.limits import LARGEST_SIDE, require_duration
from generators.replacing import replacing

Silence = Literal["computed", "left-out"]
"""Way to make a clip without sound: compute audio and drop it, as the public code does, or leave it out."""
SILENCES: tuple[Silence, ...] = get_args(Silence)
Upscale = Literal["540p", "1080p"]
UPSCALES: tuple[Upscale, ...] = get_args(Upscale)
Decoder = Literal["turbo", "wan"]
DECODERS: tuple[Decoder, ...] = get_args(Decoder)
FirstStage = Literal["distilled", "base"]
"""Kind of checkpoint that makes clips; the others enlarge them."""
FIRST_STAGES: tuple[FirstStage, ...] = get_args(FirstStage)


@dataclass(frozen=True)
class Sound:
    """Stereo sound."""

    samples: np.ndarray
    """Samples (2, N), float32 in [−1, 1]."""
    rate: int
    """Sample rate in Hz."""

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return float(self.samples.shape[1] / self.rate)


@dataclass(frozen=True)
class ClipRequest:
    """Request for one clip. What a certain model can't make is found later, by `checks`.

    Raises:
        InvalidInput: A field is out of range for every model, or two fields contradict each other.
    """

    prompt: str
    duration_s: float
    width: int
    """Width in pixels before super-resolution."""
    height: int
    """Height in pixels before super-resolution."""
    seed: int = 42
    mode: Track = Track.T2V_AUDIO
    image: Image.Image | None = None
    """First frame; its middle is cut out in the clip's shape."""
    sound: Sound | None = None
    """Sound track that the video follows, and that the clip keeps."""
    silence: Silence = "computed"
    upscale: Upscale | None = None
    enlarge: int = 1
    """Side in pixels of the square that each pixel becomes, so that a very small clip keeps its look."""

    def __post_init__(self) -> None:
        _require("mode", self.mode, tuple(Track))
        object.__setattr__(self, "mode", Track(self.mode))  # a plain string is accepted, too
        _require("form of silence", self.silence, SILENCES)
        if self.upscale is not None:
            _require("super-resolution", self.upscale, UPSCALES)
        self._check_numbers()
        self._check_prompt()
        if self.mode.from_image and self.image is None:
            raise InvalidInput(
                f"Mode '{self.mode}' needs an image. Give one, or choose {'t' + self.mode[1:]!r}."
            )
        if not self.mode.from_image and self.image is not None:
            raise InvalidInput(f"Mode '{self.mode}' takes no image. Choose {'i' + self.mode[1:]!r}.")
        self._check_sound()

    def _check_numbers(self) -> None:
        require_duration(self.duration_s)
        require_seed(self.seed)
        if self.enlarge < 1:
            raise InvalidInput(f"enlarge must be a whole number from 1 on; got {self.enlarge}.")
        width, height = self.width * self.enlarge, self.height * self.enlarge
        if max(width, height) > LARGEST_SIDE:
            raise InvalidInput(
                f"Width and height times enlarge must be at most {LARGEST_SIDE} pixels; "
                f"got {width}×{height}. Choose a smaller size, or enlarge less than {self.enlarge} times."
            )

    def _check_sound(self) -> None:
        if self.sound is None:
            return
        if not self.with_audio:
            raise InvalidInput(f"silence must be 'computed' with a sound track; got {self.silence!r}.")
        if self.sound.duration_s < self.duration_s:
            raise InvalidInput(
                f"The sound track must last as long as the clip, {self.duration_s:.2f} s; "
                f"got {self.sound.duration_s:.2f} s. Ask for a shorter clip."
            )

    def _check_prompt(self) -> None:
        if not self.prompt.strip():
            raise InvalidInput("The prompt is empty. Describe what is to be seen and heard.")
        try:
            self.prompt.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(f"The prompt must be Unicode text; got {self.prompt!r}.") from error

    @property
    def with_audio(self) -> bool:
        """Whether audio tokens are in the sequence."""
        return self.mode.with_sound or self.silence == "computed"

    @property
    def shape(self) -> tuple[object, ...]:
        """What clips that are made together have in common."""
        given = self.image is not None, self.sound is not None
        size = self.width, self.height, self.duration_s, self.upscale, self.enlarge
        return *size, self.mode, self.with_audio, *given

    def final_size(self, multiple: int) -> tuple[int, int]:
        """Return width and height after super-resolution, rounded to multiples of `multiple` pixels."""
        if self.upscale is None:
            return self.width, self.height
        factor = kind(self.upscale).lines / min(self.width, self.height)
        width, height = (
            max(round(side * factor / multiple), 1) * multiple for side in (self.width, self.height)
        )
        return width, height


@dataclass(frozen=True)
class DecodedClip:
    """Frames and samples of a clip, in memory."""

    frames: np.ndarray
    """Frames (T, height, width, 3), uint8."""
    fps: float
    samples: np.ndarray | None
    """Samples (N, 2), float32 in [−1, 1]; None without sound."""
    sample_rate: int
    """Sample rate in Hz; 0 without sound."""
    stage_s: Mapping[str, float]
    """Seconds that each stage took, with loading."""

    def write(self, path: Path) -> None:
        """Write an MP4; an error leaves an earlier file of that name as it was.

        Raises:
            GenerationError: It can't be written.
        """
        height, width = self.frames.shape[1:3]
        clip = Clip(self.frames, self.fps, self.samples, self.sample_rate)
        try:
            with replacing(path) as draft:
                encode(clip, draft, width, height)
        except OSError as error:
            raise GenerationError(f"Can't write {path}: {error}. Free space, or name another.") from error


def _require(what: str, value: str, known: Collection[str]) -> None:
    allowed = sorted(known)
    if value not in allowed:
        raise InvalidInput(f"Unknown {what} {value!r}. Known: {', '.join(allowed)}.")
