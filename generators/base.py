"""Contract between the caller who wants a clip and the generator that makes it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

LARGEST_SEED = 2**53 - 1
"""Largest whole number that every reader of JSON keeps exactly."""


class Track(StrEnum):
    """Input mode × whether sound is judged."""

    T2V = "t2v"
    I2V = "i2v"
    T2V_AUDIO = "t2v-audio"
    I2V_AUDIO = "i2v-audio"

    @property
    def from_image(self) -> bool:
        """Whether a clip starts from a reference image."""
        return self in (Track.I2V, Track.I2V_AUDIO)

    @property
    def with_sound(self) -> bool:
        """Whether a clip's sound is judged with its picture."""
        return self in (Track.T2V_AUDIO, Track.I2V_AUDIO)

    @property
    def label(self) -> str:
        """Name for people, such as "image to video with sound"."""
        source = "image" if self.from_image else "text"
        return f"{source} to video{' with sound' if self.with_sound else ''}"


TRACKS: tuple[Track, ...] = tuple(Track)
"""All tracks, for generators that make clips for each."""


class GenerationError(Exception):
    """Failure to make a clip."""

    kind: str = "generation"
    """Reason in one word, for programs."""
    retryable: bool = False
    """Whether the same request may succeed later."""


class RefusedByModeration(GenerationError):
    """Refusal by the provider of the prompt, the image or the clip made from them."""

    kind = "moderation"


class InvalidInput(GenerationError, ValueError):
    """Request that this generator, or any, can't fulfil as it stands."""

    kind = "invalid_input"


class QuotaExceeded(GenerationError):
    """Money or allowance that is used up: the request fails until a person acts."""

    kind = "quota"


class TransientError(GenerationError):
    """Rate limit, timeout or server error that is likely to pass."""

    kind = "transient"
    retryable = True


class InvalidResult(GenerationError):
    """Result that can't be taken in, such as a clip without a file."""

    kind = "invalid_result"


class Unavailable(GenerationError):
    """Missing row, weights or package, or a model that was switched off."""

    kind = "unavailable"


def require_seed(seed: int) -> None:
    """Raise InvalidInput if a seed is out of range."""
    if not 0 <= seed <= LARGEST_SEED:
        raise InvalidInput(
            f"seed must be a whole number from 0 to {LARGEST_SEED}; got {seed}. Use one of these."
        )


@dataclass(frozen=True)
class Request:
    """One clip to be made.

    Raises:
        InvalidInput: A field is out of range, or an image track has no image.
    """

    track: Track
    """Input mode, and whether sound is judged; a plain text stands for the track of that name."""
    prompt: str
    seed: int
    """Whole number from 0 to `LARGEST_SEED`."""
    duration_s: float
    """Length in seconds, above 0."""
    width: int
    """Width in pixels, even: H.264 halves the chroma planes."""
    height: int
    """Height in pixels, even."""
    fps: float
    """Frames in a second, above 0."""
    prompt_id: str
    reference_image: Path | None = None
    """Image that the clip starts from; needed on image tracks."""

    def __post_init__(self) -> None:
        if self.track not in TRACKS:
            raise InvalidInput(f"Unknown track {self.track!r}. Known: {', '.join(sorted(TRACKS))}.")
        object.__setattr__(self, "track", Track(self.track))
        if self.track.from_image and self.reference_image is None:
            raise InvalidInput(f"Track '{self.track}' needs a reference image; got none.")
        for name in ("duration_s", "fps", "width", "height"):
            if not getattr(self, name) > 0:
                raise InvalidInput(f"{name} must be positive; got {getattr(self, name)!r}.")
        if self.width % 2 or self.height % 2:
            raise InvalidInput(f"Width and height must be even; got {self.width}×{self.height}.")
        require_seed(self.seed)

    def as_dict(self) -> dict[str, object]:
        """Return all parameters, JSON-ready."""
        image = None if self.reference_image is None else str(self.reference_image)
        return {**asdict(self), "track": self.track.value, "reference_image": image}


@dataclass(frozen=True)
class Provenance:
    """Origin of a clip: enough to ask for it again, and to recognise its file."""

    generator: str
    """Name in the registry."""
    generator_version: str
    settings: Mapping[str, object]
    """All settings of the generator, defaults included."""
    request: Request
    seed: int
    """Seed that was used, which may differ from the one requested."""
    resolved: Mapping[str, object]
    """Settings that were actually used, and under `not_honoured` the names of those asked for in vain."""
    provider_request_id: str | None
    cost_usd: float | None
    """US dollars; None where the cost is unknown."""
    wall_time_s: float
    """Seconds from the request to the finished file."""
    library_versions: Mapping[str, str]
    """Installed version of each distribution that the clip depends on."""
    sha256: str
    """SHA-256 of the file as the generator made it, in hexadecimal."""

    def as_dict(self) -> dict[str, object]:
        """Return all fields, JSON-ready."""
        plain = {name: dict(getattr(self, name)) for name in ("settings", "resolved", "library_versions")}
        return {**vars(self), **plain, "request": self.request.as_dict()}


@dataclass(frozen=True)
class FileIdentity:
    """Hash of a file, and the state that the file was in: as long as it lasts, no second hash is needed."""

    sha256: str
    """SHA-256 of the bytes, in hexadecimal."""
    size_bytes: int
    inode: int
    changed_ns: int
    """Time of the last change of the file or its name (ctime), which programs can't set."""

    @classmethod
    def of(cls, path: Path) -> FileIdentity:
        """Hash a file."""
        with path.open("rb") as file:
            # Taken before the bytes are read, so that a change meanwhile shows as well.
            state = os.fstat(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(sha256, state.st_size, state.st_ino, state.st_ctime_ns)

    def is_current(self, state: os.stat_result) -> bool:
        """Whether a file in this state still holds the bytes that were hashed."""
        return (state.st_size, state.st_ino, state.st_ctime_ns) == (
            self.size_bytes,
            self.inode,
            self.changed_ns,
        )


@dataclass(frozen=True)
class Result:
    """Clip file with its origin."""

    path: Path
    provenance: Provenance
    identity: FileIdentity | None = None
    """Hash that the provenance names; without it, the receiver hashes the file once more to check it."""


class Generator(Protocol):
    """System that makes clips. Its settings are fixed when it is created."""

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    @property
    def version(self) -> str:
        """Version that changes whenever the same request could give another clip."""
        ...

    @property
    def tracks(self) -> frozenset[Track]:
        """Tracks that the generator makes clips for."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """All settings, defaults included, JSON-ready."""
        ...

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Make one clip.

        Args:
            request: Clip to make.
            out_dir: Folder for the file; made if missing.

        Raises:
            GenerationError: No clip was made, and no file is left behind.
        """
        ...


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return FileIdentity.of(path).sha256
