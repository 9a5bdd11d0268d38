"""Codecs of the toy world in the package, and their digest, which identifies caches of latents."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Protocol

from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.codecs import linear_video, object_video, spectral_audio
from generators.happyhorse.codecs.basis import SCALING
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.object_video import ObjectVideoCodec
from generators.happyhorse.codecs.protocol import AudioCodec, VideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.network.config import SIZES, HappyHorseConfig
from generators.happyhorse.sampling.preconditioning import Variances


class Measured(Protocol):
    """Codec that knows the variance of its latents."""

    @property
    def variance(self) -> Tensor:
        """Variance of each channel, (channels,)."""
        ...


class MeasuredVideo(VideoCodec, Measured, Protocol):
    """Video codec that knows the variance of its latents."""


class MeasuredAudio(AudioCodec, Measured, Protocol):
    """Audio codec that knows the variance of its latents."""


class Codecs(NamedTuple):
    """Codecs between clips and latents."""

    video: MeasuredVideo
    audio: MeasuredAudio
    digest: str

    @property
    def variances(self) -> Variances:
        """Variances of clean latents."""
        return Variances(self.video.variance.reshape(-1, 1, 1, 1), self.audio.variance)

    def require_objects(self, objects: int) -> None:
        """Raise InvalidInput if clips of so many objects have no latents of these codecs."""
        if objects > 1 and isinstance(self.video, ObjectVideoCodec):
            raise InvalidInput(
                f"objects must be 1, which is what the learned video codec draws; got {objects}. "
                "Take weights of the linear codec for more."
            )


def shipped_codecs(device: str = "cpu", config: HappyHorseConfig = SIZES["toy"]) -> Codecs:
    """Load the codecs in the package whose latents a network of these sizes takes."""
    learned = config.latent_channels == ObjectVideoCodec.latent_channels
    paths = (object_video if learned else linear_video).TOY_WORLD, spectral_audio.TOY_WORLD
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
    load = ObjectVideoCodec.load if learned else LinearVideoCodec.load
    return Codecs(
        load(paths[0]).to(device),
        SpectralAudioCodec.load(paths[1]).to(device),
        f"{digest}, {SCALING}",
    )
