"""A small convolutional autoencoder for video (1.3 million parameters), which needs a GPU for training.

8×8 pixels by four frames become one latent. Convolutions through time are causal, so that an image alone
gives the same latents as at the start of a clip.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

_STRIDE = 4
_SIDE = 8
_PIXELS = 3 * _STRIDE * _SIDE**2
_KL_WEIGHT = 1e-4
"""Weight of the Kullback-Leibler term, which only keeps latents from growing without end."""


class _Unit(nn.Module):
    """A residual unit: a convolution in the frame, then a causal one through time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.space = nn.Conv3d(width, width, (1, 3, 3), padding=(0, 1, 1))
        self.time = nn.Conv3d(width, width, (3, 1, 1))
        nn.init.zeros_(self.time.weight)

    def forward(self, x: Tensor) -> Tensor:
        # Each frame is normalised by itself, so that later frames don't leak through the statistics.
        b, c, t, h, w = x.shape
        frames = x.transpose(1, 2).reshape(b * t, c, h, w)
        normed = self.norm(frames).reshape(b, t, c, h, w).transpose(1, 2)
        hidden = functional.silu(self.space(functional.silu(normed)))
        past = functional.pad(hidden, (0, 0, 0, 0, 2, 0), mode="replicate")
        return x + self.time(past)  # type: ignore[no-any-return]  # modules are untyped


class ConvVideoCodec(nn.Module):
    """Satisfies `VideoCodec` once it is trained and `calibrate` has measured its latents."""

    temporal_stride = _STRIDE
    spatial_stride = _SIDE
    mean: Tensor
    std: Tensor

    def __init__(self, latent_channels: int = 16, width: int = 128, units: int = 3) -> None:
        super().__init__()
        self.latent_channels = latent_channels
        self.encoder = nn.Sequential(
            nn.Conv3d(_PIXELS, width, 1),
            *(_Unit(width) for _ in range(units)),
            nn.Conv3d(width, 2 * latent_channels, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv3d(latent_channels, width, 1),
            *(_Unit(width) for _ in range(units)),
            nn.Conv3d(width, _PIXELS, 1),
        )
        self.register_buffer("mean", torch.zeros(latent_channels))
        self.register_buffer("std", torch.ones(latent_channels))

    @property
    def variance(self) -> Tensor:
        """Variance of the latents, (channels,)."""
        return torch.ones_like(self.mean)

    def posterior(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Encode frames (B, 3, 1 + 4n, H, W) to mean and log variance (B, C, 1 + n, H / 8, W / 8)."""
        mean, log_variance = self.encoder(_fold(frames)).chunk(2, dim=1)
        return mean, log_variance.clamp(-20, 5)

    def reconstruct(self, latents: Tensor) -> Tensor:
        """Decode latents (B, C, T, h, w) that are not normalised to frames (B, 3, 4T - 3, 8h, 8w)."""
        return _unfold(self.decoder(latents))

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode frames (B, 3, F, H, W) in [−1, 1] to latents (B, C, T, h, w) of mean 0 and variance 1."""
        return (self.posterior(frames)[0] - _column(self.mean)) / _column(self.std)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (B, C, T, h, w) from `encode` to frames (B, 3, F, H, W), about in [−1, 1]."""
        return self.reconstruct(latents * _column(self.std) + _column(self.mean))

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Measure the latents' mean and standard deviation on batches of frames (B, 3, F, H, W)."""
        means = [self.posterior(frames)[0] for frames in batches]
        latents = torch.cat([mean.transpose(0, 1).flatten(1) for mean in means], dim=1)
        self.mean.copy_(latents.mean(1))
        self.std.copy_(latents.std(1).clamp(min=1e-3))


def training_step(
    codec: ConvVideoCodec,
    optimiser: torch.optim.Optimizer,
    frames: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """Take one step on the squared error of frames that are decoded from the posterior's samples.

    Args:
        codec: The codec, which is trained in place.
        optimiser: Optimiser of the codec's parameters.
        frames: Frames or crops of them, (batch, 3, 1 + 4n, height, width) in [−1, 1].
        generator: Source of the posterior's samples, on the frames' device.

    Returns:
        The mean squared error; PSNR is 10 log10(4 / error).
    """
    mean, log_variance = codec.posterior(frames)
    noise = torch.randn(mean.shape, generator=generator, device=mean.device)
    error = functional.mse_loss(codec.reconstruct(mean + (log_variance / 2).exp() * noise), frames)
    # KL(N(mean, variance) ‖ N(0, 1)), averaged over all numbers.
    divergence = (mean**2 + log_variance.exp() - 1 - log_variance).mean() / 2
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(error + _KL_WEIGHT * divergence)
    nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
    optimiser.step()
    return float(error.detach())


def _fold(frames: Tensor) -> Tensor:
    """Reshape 8×8×4 blocks of pixels to channels (batch, 768, t, h, w); the first frame counts four times."""
    frames = functional.pad(frames, (0, 0, 0, 0, _STRIDE - 1, 0), mode="replicate")
    # (batch, 3, T, 4, H, 8, W, 8) → (batch, 3, 4, 8, 8, T, H, W) → (batch, 768, T, H, W).
    b, _, count, height, width = frames.shape
    t, h, w = count // _STRIDE, height // _SIDE, width // _SIDE
    parts = frames.reshape(b, 3, t, _STRIDE, h, _SIDE, w, _SIDE)
    return parts.permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 4)


def _unfold(blocks: Tensor) -> Tensor:
    """Reshape channels to pixels, the inverse of `_fold`."""
    # (batch, 3, 4, 8, 8, T, H, W) → (batch, 3, T, 4, H, 8, W, 8) → (batch, 3, 4T, 8H, 8W).
    b, _, t, h, w = blocks.shape
    parts = blocks.reshape(b, 3, _STRIDE, _SIDE, _SIDE, t, h, w)
    pixels = parts.permute(0, 1, 5, 2, 6, 3, 7, 4)
    frames = pixels.flatten(6, 7).flatten(4, 5).flatten(2, 3)
    return frames[:, :, _STRIDE - 1 :]


def _column(values: Tensor) -> Tensor:
    return values[:, None, None, None]
