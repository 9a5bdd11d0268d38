"""Codecs of the toy world in the package, and their digest, which identifies caches of latents."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Protocol

from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.codecs import linear_video, object_audio, object_video, spectral_audio
from generators.happyhorse.codecs.basis import SCALING
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.object_audio import ObjectAudioCodec
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
    learned_video = config.latent_channels == ObjectVideoCodec.latent_channels
    learned_audio = config.audio_in_channels == ObjectAudioCodec.latent_channels
    video = (object_video if learned_video else linear_video).TOY_WORLD
    audio = (object_audio if learned_audio else spectral_audio).TOY_WORLD
    digest = hashlib.sha256(video.read_bytes() + audio.read_bytes()).hexdigest()[:16]
    load_video = ObjectVideoCodec.load if learned_video else LinearVideoCodec.load
    load_audio = ObjectAudioCodec.load if learned_audio else SpectralAudioCodec.load
    return Codecs(load_video(video).to(device), load_audio(audio).to(device), f"{digest}, {SCALING}")
