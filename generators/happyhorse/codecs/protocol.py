"""Protocols of codecs and text encoders, which both the public ones and the toy model's satisfy."""

from __future__ import annotations

from typing import Protocol

from torch import Generator, Tensor


class VideoEncoder(Protocol):
    """Encodes frames to latents; the first latent stands for one frame, each other for `temporal_stride`."""

    @property
    def latent_channels(self) -> int:
        """Channels of a latent."""
        ...

    @property
    def temporal_stride(self) -> int:
        """Frames for each latent but the first."""
        ...

    @property
    def spatial_stride(self) -> int:
        """Pixels along each side of a latent."""
        ...

    def encode(self, frames: Tensor) -> Tensor:
        """Encode frames (batch, 3, F, height, width) in [−1, 1] to fp32 latents (batch, channels, T, h, w).

        T is (F − 1) / temporal_stride + 1; one frame is an image. The latents are scaled for the transformer.
        """
        ...


class VideoDecoder(Protocol):
    """Decodes latents to frames."""

    @property
    def latent_channels(self) -> int:
        """Channels of a latent."""
        ...

    @property
    def temporal_stride(self) -> int:
        """Frames for each latent but the first."""
        ...

    @property
    def spatial_stride(self) -> int:
        """Pixels along each side of a latent."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (batch, channels, T, h, w) to frames (batch, 3, F, height, width) in [−1, 1]."""
        ...


class VideoCodec(VideoEncoder, VideoDecoder, Protocol):
    """Encodes frames and decodes latents."""


class AudioCodec(Protocol):
    """Encodes stereo samples to latents at a steady rate, and decodes them."""

    @property
    def latent_channels(self) -> int:
        """Channels of a latent."""
        ...

    @property
    def latents_per_s(self) -> float:
        """Latents a second."""
        ...

    @property
    def sample_rate(self) -> int:
        """Sample rate of decoded sound, in Hz."""
        ...

    def encode(self, samples: Tensor, sample_rate: int, generator: Generator | None = None) -> Tensor:
        """Encode samples (batch, 2, N) to latents (batch, time, channels).

        Args:
            samples: Samples in [−1, 1].
            sample_rate: Sample rate, any, in Hz.
            generator: Source of the posterior's samples, on the CPU; None takes its mean.
        """
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (batch, time, channels) to samples (batch, 2, N)."""
        ...


class TextEncoder(Protocol):
    """Encodes prompts to features."""

    def check(self, prompt: str) -> None:
        """Check a prompt without loading weights.

        Raises:
            InvalidInput: The prompt can't be encoded.
        """
        ...

    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Encode each prompt to features (tokens, channels), float32 on the CPU; keep no weights."""
        ...
