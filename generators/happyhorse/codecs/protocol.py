"""What the pipeline asks of codecs and text encoders, be they the public ones or small ones of our own."""

from __future__ import annotations

from typing import Protocol

from torch import Generator, Tensor


class VideoEncoder(Protocol):
    """Frames to latents, of which the first stands for one frame and each other for `temporal_stride`."""

    @property
    def latent_channels(self) -> int: ...

    @property
    def temporal_stride(self) -> int: ...

    @property
    def spatial_stride(self) -> int: ...

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (batch, 3, F, height, width) in [−1, 1] to latents (batch, channels, T, h, w), in fp32.

        T is (F − 1) / temporal_stride + 1; one frame is an image. The latents are scaled as the transformer
        takes them.
        """
        ...


class VideoDecoder(Protocol):
    """Latents to frames."""

    @property
    def latent_channels(self) -> int: ...

    @property
    def temporal_stride(self) -> int: ...

    @property
    def spatial_stride(self) -> int: ...

    def decode(self, latents: Tensor) -> Tensor:
        """The way back from `VideoEncoder.encode`; frames are about [−1, 1]."""
        ...


class VideoCodec(VideoEncoder, VideoDecoder, Protocol):
    """Both ways."""


class AudioCodec(Protocol):
    """Stereo samples to latents at a steady rate, and back."""

    @property
    def latent_channels(self) -> int: ...

    @property
    def latents_per_s(self) -> float: ...

    @property
    def sample_rate(self) -> int:
        """Of what `decode` returns, in Hz."""
        ...

    def encode(self, samples: Tensor, sample_rate: int, generator: Generator | None = None) -> Tensor:
        """Samples (batch, 2, N) to latents (batch, time, channels).

        Args:
            samples: In [−1, 1].
            sample_rate: Of the samples, in Hz; any.
            generator: On the CPU; draws from the posterior. Without one its mean is taken.
        """
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (batch, time, channels) to samples (batch, 2, N)."""
        ...


class TextEncoder(Protocol):
    """Prompts to features."""

    def check(self, prompt: str) -> None:
        """Raises InvalidInput for a prompt that can't be encoded; needs no weights."""
        ...

    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Features (tokens, channels) of each prompt, float32 on the CPU. Holds no weights afterwards."""
        ...
