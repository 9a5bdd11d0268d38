"""What a clip shall be, and what came of it. Imports nothing heavy: the generator's settings refer to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from generators.base import LARGEST_SEED, TRACKS, GenerationError, InvalidInput, Track
from generators.encode import Clip, encode
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.limits import LARGEST_SIDE, require_duration
from generators.replacing import replacing

Silence = Literal["computed", "left-out"]
"""How a clip without sound is made: audio is computed and dropped, as in the public code, or not computed."""
SILENCES: tuple[Silence, ...] = get_args(Silence)
Upscale = Literal["540p", "1080p"]
UPSCALES: tuple[Upscale, ...] = get_args(Upscale)
Decoder = Literal["turbo", "wan"]
DECODERS: tuple[Decoder, ...] = get_args(Decoder)
FirstStage = Literal["distilled", "base"]
"""Kinds of checkpoint that make clips; the others enlarge them."""
FIRST_STAGES: tuple[FirstStage, ...] = get_args(FirstStage)


@dataclass(frozen=True)
class Sound:
    """Stereo samples."""

    samples: np.ndarray
    """(2, N), float32 in [−1, 1]."""
    rate: int
    """Samples per second."""

    @property
    def duration_s(self) -> float:
        return float(self.samples.shape[1] / self.rate)


@dataclass(frozen=True)
class ClipRequest:
    """One clip.

    Raises:
        InvalidInput: What is asked for contradicts itself.
    """

    prompt: str
    duration_s: float
    width: int
    """Pixels of the first stage, which super-resolution multiplies."""
    height: int
    seed: int = 42
    mode: Track = "t2v-audio"
    image: Image.Image | None = None
    """The first frame; its middle is cut to the clip's shape."""
    sound: Sound | None = None
    """A sound track that the picture follows, and that is kept."""
    silence: Silence = "computed"
    upscale: Upscale | None = None
    enlarge: int = 1
    """Each pixel becomes a square of so many on a side, which keeps a very small clip as it is."""

    def __post_init__(self) -> None:
        _require("mode", self.mode, TRACKS)
        _require("form of silence", self.silence, SILENCES)
        if self.upscale is not None:
            _require("super-resolution", self.upscale, UPSCALES)
        self._check_numbers()
        self._check_prompt()
        if self.mode.startswith("i2v") and self.image is None:
            raise InvalidInput(
                f"Mode {self.mode!r} needs an image. Give one, or choose {'t' + self.mode[1:]!r}."
            )
        if self.mode.startswith("t2v") and self.image is not None:
            raise InvalidInput(f"Mode {self.mode!r} takes no image. Choose {'i' + self.mode[1:]!r}.")
        if self.sound is not None and not self.with_audio:
            raise InvalidInput("A sound track can't lead the picture with audio left out. Choose 'computed'.")

    def _check_numbers(self) -> None:
        require_duration(self.duration_s)
        if not 0 <= self.seed <= LARGEST_SEED:
            raise InvalidInput(f"seed must be a whole number from 0 to {LARGEST_SEED}; got {self.seed}.")
        if self.enlarge < 1:
            raise InvalidInput(f"enlarge must be a whole number from 1 on; got {self.enlarge}.")
        width, height = self.width * self.enlarge, self.height * self.enlarge
        if max(width, height) > LARGEST_SIDE:
            raise InvalidInput(
                f"Width and height times enlarge must be at most {LARGEST_SIDE} pixels; "
                f"got {width}×{height}. Choose a smaller size, or enlarge less than {self.enlarge} times."
            )

    def _check_prompt(self) -> None:
        if not self.prompt.strip():
            raise InvalidInput("The prompt is empty. Describe what is to be seen and heard.")
        try:
            self.prompt.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(f"The prompt must be Unicode text; got {self.prompt!r}.") from error

    @property
    def with_sound(self) -> bool:
        """Whether the clip sounds."""
        return self.mode.endswith("-audio")

    @property
    def with_audio(self) -> bool:
        """Whether audio tokens are in the sequence."""
        return self.with_sound or self.silence == "computed"

    def final_size(self, multiple: int) -> tuple[int, int]:
        """Width and height after super-resolution, in whole patches of `multiple` pixels."""
        if self.upscale is None:
            return self.width, self.height
        factor = kind(self.upscale).lines / min(self.width, self.height)
        width, height = (
            max(round(side * factor / multiple), 1) * multiple for side in (self.width, self.height)
        )
        return width, height


@dataclass(frozen=True)
class DecodedClip:
    """A clip in memory."""

    frames: np.ndarray
    """(T, height, width, 3), uint8."""
    fps: float
    samples: np.ndarray | None
    """(N, 2), float32; None without sound."""
    sample_rate: int
    """Hz."""
    stage_s: Mapping[str, float]
    """Seconds that each stage took, loading included."""

    def write(self, path: Path) -> None:
        """Makes an MP4 of it; under that name it is whole or not there.

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
