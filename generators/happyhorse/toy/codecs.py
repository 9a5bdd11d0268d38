"""The toy world's codecs as they are shipped, and their digest, which tells one cache from another."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Protocol

from torch import Tensor

from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.basis import SCALING
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.protocol import AudioCodec, VideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.sampling.preconditioning import Variances


class Measured(Protocol):
    """Knows the variance of each channel of its latents (channels,)."""

    @property
    def variance(self) -> Tensor: ...


class MeasuredVideo(VideoCodec, Measured, Protocol):
    """A video codec that does."""


class MeasuredAudio(AudioCodec, Measured, Protocol):
    """An audio codec that does."""


class Codecs(NamedTuple):
    """What turns clips into latents and back."""

    video: MeasuredVideo
    audio: MeasuredAudio
    digest: str

    @property
    def variances(self) -> Variances:
        """Of clean latents."""
        return Variances(self.video.variance.reshape(-1, 1, 1, 1), self.audio.variance)


def shipped_codecs(device: str = "cpu") -> Codecs:
    """The fitted bases in the tree."""
    paths = linear_video.TOY_WORLD, spectral_audio.TOY_WORLD
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
    return Codecs(
        LinearVideoCodec.load(paths[0]).to(device),
        SpectralAudioCodec.load(paths[1]).to(device),
        f"{digest}, {SCALING}",
    )
