"""A learned video codec for one moving object: its place in each frame, and the look of four frames.

The encoder finds the object's place, and reads the look from a window around it. The decoder draws the look
at the place: a small network of the distance from the place says which pixels the object covers. Place and
look are apart as in Attend, Infer, Repeat (arXiv 1603.08575) and Spatial Broadcast Decoders (arXiv
1901.07017). It learns from pictures alone. The first frame stands for four equal ones, so that an image alone
gives the same latents as at the start of a clip.

Four frames have 24 numbers, which are one token of the transformer: 2 for each frame's place, and 16 for the
look. They are turned to their principal directions, so that a token names the mean place and the velocity.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from generators.happyhorse.codecs.learned import LearnedCodec

TOY_WORLD = Path(__file__).with_name("toy-world-video-24.safetensors")
"""Codec trained on the toy world by `train-codec`: 24 numbers in four frames, 6 latent channels."""
SIDE = 64
"""Pixels along each side of a frame."""
STRIDE = 4
"""Frames that share a look."""
_PATCH = 2
_LOOK = 16
_NUMBERS = 2 * STRIDE + _LOOK
_WINDOW = 24
"""Pixels along each side of the encoder's window, which holds a large object."""
_NEAR = 5.0
"""Factor from boxes to the decoder's units, in which a large object has a radius of about 1."""
_LEAST_WEIGHT = 1e-3
_SOME = 27
"""One pixel in this many is enough for the background; they lie in all columns."""
_UNIT = 8.0
"""Places are counted in this part of a box, so that they are as strong among the numbers as the looks are. In
boxes they would be ten times weaker, and the generator would see paths last."""
_PLACE_NOISE, _LOOK_NOISE = 0.016, 0.1
"""Standard deviations of the noise on the numbers in training, so that small errors of the generator don't
show."""
_LOOK_WEIGHT = 1e-4
"""Weight of the looks' mean square in the loss, which keeps them from growing without end."""
_POINTS_NEAR, _POINTS_ANYWHERE = 192, 64
"""Points of each frame that are drawn in a training step."""


class _Encoder(nn.Module):
    """Encode frames (N, 3, 64, 64) to places (N, 2) in boxes from the middle, and looks (N, 16)."""

    window: Tensor
    pixels: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(3 * _WINDOW**2, width), nn.SiLU(), nn.Linear(width, _LOOK))
        self.register_buffer("window", _grid(_WINDOW) * _WINDOW / SIDE, persistent=False)
        self.register_buffer("pixels", _grid(SIDE), persistent=False)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        # An object covers less than a tenth of a frame, so the median of some pixels is the background's.
        colours = frames.flatten(2)  # (N, 3, P)
        behind = colours[..., ::_SOME].median(2, keepdim=True).values
        weight = (colours - behind).square().sum(1)  # (N, P)
        place = weight @ self.pixels.T / weight.sum(1, keepdim=True).clamp(min=_LEAST_WEIGHT)
        # grid_sample counts from −1 to 1 where places count from −½ to ½.
        points = 2 * (place[:, :, None] + self.window).transpose(1, 2)  # (N, points, 2)
        seen = functional.grid_sample(frames, points[:, None], padding_mode="border", align_corners=False)
        return place, self.look(seen.flatten(1))


class _Decoder(nn.Module):
    """Draw places (N, 2) and looks (N, 16) at points (2, P) or (N, 2, P) in boxes: pixels (N, 3, P)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.colours = nn.Sequential(nn.Linear(_LOOK, width), nn.SiLU(), nn.Linear(width, 6))
        self.shape = nn.Sequential(nn.Linear(_LOOK, width), nn.SiLU(), nn.Linear(width, width))
        self.distance = nn.Linear(2, width, bias=False)
        self.middle = nn.Linear(width, width)
        self.cover = nn.Linear(width, 1)

    def forward(self, places: Tensor, looks: Tensor, points: Tensor) -> Tensor:
        front, behind = self.colours(looks)[..., None].chunk(2, dim=1)  # (N, 3, 1)
        apart = _NEAR * (points - places[..., None]).transpose(1, 2)  # (N, P, 2)
        hidden = functional.silu(self.distance(apart) + self.shape(looks)[:, None])
        hidden = functional.silu(self.middle(hidden))
        cover = torch.sigmoid(self.cover(hidden)).transpose(1, 2)  # (N, 1, P)
        return behind + cover * (front - behind)  # type: ignore[no-any-return]  # modules are untyped


class ObjectVideoCodec(LearnedCodec):
    """Satisfies `VideoCodec` once it is trained and `calibrate` has measured its numbers."""

    temporal_stride = STRIDE
    spatial_stride = SIDE // _PATCH
    size = _NUMBERS
    latent_channels = _NUMBERS // _PATCH**2
    pixels: Tensor

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.encoder, self.decoder = _Encoder(width), _Decoder(width)
        self.register_buffer("pixels", _grid(SIDE), persistent=False)

    @property
    def variance(self) -> Tensor:
        """Variance of the latents of the clips that `calibrate` measured, (channels,)."""
        return self.basis.gains(_PATCH**2).square()

    @property
    def _gains(self) -> Tensor:
        """Factors of the numbers, (24,)."""
        return self.basis.gains(_PATCH**2).repeat_interleave(_PATCH**2)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode frames to latents.

        Args:
            frames: (batch, 3, 1 + 4n, 64, 64) in [−1, 1].

        Returns:
            (batch, 6, 1 + n, 2, 2).

        Raises:
            ValueError: The frames have another size, or another number.
        """
        count, height, width = frames.shape[2:]
        if (height, width) != (SIDE, SIDE) or count % STRIDE != 1:
            raise ValueError(
                f"Frames must have {SIDE}×{SIDE} pixels and be one more than a multiple of {STRIDE}; "
                f"got {count} of {width}×{height}."
            )
        still = frames[:, :, :1].expand(-1, -1, STRIDE - 1, -1, -1)
        numbers = self.basis.project(self.numbers(torch.cat([still, frames], dim=2))) * self._gains
        # (batch, T, 6 · 2 · 2) → (batch, 6, T, 2, 2)
        return numbers.reshape(*numbers.shape[:2], -1, _PATCH, _PATCH).transpose(1, 2)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (B, 6, T, 2, 2) to frames (B, 3, 4T - 3, 64, 64), about in [−1, 1].

        The object looks the same throughout a clip: its look is the mean of those that the latents tell. The
        first frame, which may be given, keeps its own.
        """
        numbers = self.basis.expand(latents.float().transpose(1, 2).flatten(2) / self._gains)
        looks = numbers[:, 1:, 2 * STRIDE :]
        looks[:] = looks.mean(1, keepdim=True)
        # One clip at a time, (4T, 3, 4096), as each pixel has 48 hidden numbers.
        clips = torch.stack([self.draw(clip, self.pixels) for clip in numbers])
        frames = clips.reshape(*clips.shape[:3], SIDE, SIDE).transpose(1, 2)
        return frames[:, :, STRIDE - 1 :]

    def numbers(self, frames: Tensor) -> Tensor:
        """Encode frames (B, 3, 4n, 64, 64) to numbers (B, n, 24): four places, then the look."""
        places, looks = self.encoder(frames.transpose(1, 2).flatten(0, 1))
        groups = places.reshape(len(frames), -1, 2 * STRIDE)
        shared = looks.reshape(*groups.shape[:2], STRIDE, _LOOK).mean(2)
        return torch.cat([_UNIT * groups, shared], dim=2)

    def draw(self, numbers: Tensor, points: Tensor) -> Tensor:
        """Draw numbers (N, 24) at points (2, P) or (N · 4, 2, P) in boxes: pixels (N · 4, 3, P)."""
        places, looks = numbers[:, : 2 * STRIDE], numbers[:, 2 * STRIDE :]
        drawn: Tensor = self.decoder(
            places.reshape(-1, 2) / _UNIT, looks.repeat_interleave(STRIDE, 0), points
        )
        return drawn


def drawing_error(codec: ObjectVideoCodec, frames: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return the loss of a training step, and the mean squared error in it, both scalar.

    The error is that of points mostly near the object, drawn from numbers with a little noise.

    Args:
        codec: The codec.
        frames: (batch, 3, 4, 64, 64) in [−1, 1].
        generator: Source of noise and points, on the frames' device.
    """
    numbers = codec.numbers(frames)[:, 0]
    looks = numbers[:, 2 * STRIDE :]
    size = torch.full_like(numbers, _PLACE_NOISE)
    size[:, 2 * STRIDE :] = _LOOK_NOISE
    noise = torch.randn(numbers.shape, generator=generator, device=numbers.device)
    pixels = _near(numbers[:, : 2 * STRIDE].detach().reshape(-1, 2, 1) / _UNIT, generator)  # (N, P)
    drawn = codec.draw(numbers + size * noise, codec.pixels[:, pixels].transpose(0, 1))
    true = frames.transpose(1, 2).flatten(0, 1).flatten(2)  # (N, 3, 4096)
    error = functional.mse_loss(drawn, true.gather(2, pixels[:, None].expand(-1, 3, -1)))
    return error + _LOOK_WEIGHT * looks.square().mean(), error


def _near(places: Tensor, generator: Generator) -> Tensor:
    """Draw pixels (N, P) by number, mostly within a window around places (N, 2, 1)."""
    count = _POINTS_NEAR + _POINTS_ANYWHERE
    apart = torch.rand(len(places), 2, count, generator=generator, device=places.device) - 0.5
    near = places + apart[..., :_POINTS_NEAR] * 1.125 * _WINDOW / SIDE
    points = torch.cat([near, apart[..., _POINTS_NEAR:]], dim=2)
    columns, rows = ((points + 0.5) * SIDE).long().clamp(0, SIDE - 1).unbind(1)
    return rows * SIDE + columns


def _grid(side: int) -> Tensor:
    """Return the centres of pixels (2, side · side), x and y in boxes from the middle, row by row."""
    centres = (torch.arange(side) + 0.5) / side - 0.5
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()])
