"""The HappyHorse network: one stream of video, audio and text tokens, from noisy latents to velocities.

After daVinci-MagiHuman (GAIR-NLP/daVinci-MagiHuman, arXiv 2603.21986), whose checkpoints load unchanged.
There is no timestep input: the network infers the noise level from its input. Unlike the public code, it
takes batches, audio may be left out, and neither channels are padded nor tokens permuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from generators.happyhorse.network.attention import LOCAL, Attend, LocalKernel, attend_fully
from generators.happyhorse.network.config import Coordinates, HappyHorseConfig
from generators.happyhorse.network.facts import PATCH
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.tokens import Layout, coordinates, patchify, unpatchify

EPS = 1e-6
CLAMP = 7.0
SIGMOID_SLOPE = 1.702
MLP_CHUNK = 16_384
"""Tokens that pass through an MLP together; the whole sequence of 1080p would take 12 GiB more."""


class HappyHorseTransformer(nn.Module):
    """Network that predicts velocities (noise − clean) of video and audio.

    `dtype`, bfloat16 or float32, is the type of the four large products in each layer. The rest, with the
    residual stream, is float32.
    """

    def __init__(
        self,
        config: HappyHorseConfig,
        dtype: torch.dtype = torch.float32,
        local_kernel: LocalKernel = "frames",
    ) -> None:
        super().__init__()
        if local_kernel not in LOCAL:
            raise ValueError(f"Unknown local kernel {local_kernel!r}. Known: {', '.join(LOCAL)}.")
        self.config = config
        self.local_kernel = local_kernel
        hidden = config.hidden_size
        self.adapter = Adapter(config)
        layers = [Layer(config, n, dtype) for n in range(config.num_layers)]
        self.block = nn.ModuleDict({"layers": nn.ModuleList(layers)})
        self.final_norm_video, self.final_norm_audio = RMSNorm(hidden), RMSNorm(hidden)
        self.final_linear_video = nn.Linear(hidden, config.video_in_channels, bias=False)
        self.final_linear_audio = nn.Linear(hidden, config.audio_in_channels, bias=False)

    def forward(
        self,
        video: Tensor,
        audio: Tensor | None,
        text: Tensor,
        *,
        coordinates: Coordinates = "base",
        window: int | None = None,
        text_lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Predict the velocities of a batch of latents.

        Args:
            video: (B, C, T, H, W), H and W even.
            audio: (B, A, 64), or None to leave audio out of the sequence.
            text: (B, L, text channels); L may be 0.
            coordinates: Style of positions that the checkpoint was trained with.
            window: Latent frames that local layers look ahead and back; None for full attention everywhere.
            text_lengths: Real text tokens of each sample (B,); the rest is padding, which nothing attends to.

        Returns:
            Velocities in the shapes of `video` and `audio`, float32.
        """
        layout = _layout(video.shape, audio, text)
        v, a = self._tokens(patchify(video), audio, text, layout, coordinates, window, text_lengths)
        return unpatchify(v, layout), a

    def from_tokens(
        self,
        video_tokens: Tensor,
        audio_tokens: Tensor | None,
        text_features: Tensor,
        latent_shape: tuple[int, int, int],
        coordinates: Coordinates = "base",
        window: int | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Predict the velocities of one sample's flat tokens, (tokens, channels).

        Args:
            video_tokens: Channel-major patches of a latent of `latent_shape` (T, H, W).
            audio_tokens: Audio latents, or None.
            text_features: Text tokens.
            latent_shape: T, H and W of the latent before patching.
            coordinates: See `forward`.
            window: See `forward`.

        Returns:
            Velocities in the shapes of the first two; the video's are channel-minor (see `unpatchify`).

        Raises:
            ValueError: The number of video tokens isn't that of the latent shape.
        """
        video, text = video_tokens[None], text_features[None]
        audio = None if audio_tokens is None else audio_tokens[None]
        layout = _layout((1, 0, *latent_shape), audio, text)
        if layout.video != len(video_tokens):
            raise ValueError(
                f"A latent of {latent_shape} must have {layout.video} video tokens; got {len(video_tokens)}."
            )
        v, a = self._tokens(video, audio, text, layout, coordinates, window, None)
        return v[0], None if a is None else a[0]

    def _tokens(
        self,
        video: Tensor,
        audio: Tensor | None,
        text: Tensor,
        layout: Layout,
        style: Coordinates,
        window: int | None,
        text_lengths: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        places = coordinates(layout, style, text_lengths).to(video.device)
        rotary = self.adapter.rope(places)
        everywhere, nearby = self._attention(layout, window, text_lengths, video.device)
        x = self.adapter(video, audio, text)
        for n, layer in enumerate(self.layers):
            local = n in self.config.local_attn_layers
            x = layer(x, layout, rotary, nearby if local else everywhere)
        v, a, _ = _split(x, layout.lengths)
        v = _linear(self.final_linear_video, self.final_norm_video(v))
        return v, None if audio is None else _linear(self.final_linear_audio, self.final_norm_audio(a))

    def _attention(
        self, layout: Layout, window: int | None, text_lengths: Tensor | None, device: torch.device
    ) -> tuple[Attend, Attend]:
        """Return the attention of full layers and that of local layers."""
        real = None
        if text_lengths is not None:
            lengths = text_lengths.to(device) + layout.video + layout.audio
            real = torch.arange(layout.total, device=device) < lengths[:, None]
        everywhere = partial(attend_fully, real=real)
        if window is None:
            return everywhere, everywhere
        return everywhere, partial(LOCAL[self.local_kernel], layout=layout, window=window, real=real)

    @property
    def layers(self) -> Iterable[Layer]:
        """Layers in order."""
        return self.block["layers"]  # type: ignore[return-value]  # a ModuleList of Layers


class Adapter(nn.Module):
    """Embedding of the three modalities at one width; nothing marks a token's modality or place."""

    def __init__(self, config: HappyHorseConfig) -> None:
        super().__init__()
        self.video_embedder = nn.Linear(config.video_in_channels, config.hidden_size)
        self.audio_embedder = nn.Linear(config.audio_in_channels, config.hidden_size)
        self.text_embedder = nn.Linear(config.text_in_channels, config.hidden_size)
        self.rope = Rotary(config.head_dim, config.rotary_base)

    def forward(self, video: Tensor, audio: Tensor | None, text: Tensor) -> Tensor:
        """Embed (B, V, 192), (B, A, 64) or None, (B, L, 3584) as (B, V+A+L, hidden), float32."""
        parts = [_linear(self.video_embedder, video)]
        if audio is not None:
            parts.append(_linear(self.audio_embedder, audio))
        return torch.cat([*parts, _linear(self.text_embedder, text)], dim=1)


class Rotary(nn.Module):
    """Rotary positions along time, height and width; the last quarter of each head is not rotated."""

    bands: Tensor

    def __init__(self, head_dim: int, base: float = 10_000.0) -> None:
        super().__init__()
        count = head_dim // 8
        self.register_buffer("bands", base ** (-torch.arange(count, dtype=torch.float32) / count))

    def forward(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Turn positions (B, N, 3) into cosines and sines (B, N, 1, 3·bands)."""
        angles = (places[..., None] * self.bands.float()).flatten(-2)[:, :, None]
        return angles.cos(), angles.sin()


class Layer(nn.Module):
    """Attention, then MLP, each added to the float32 residual stream."""

    def __init__(self, config: HappyHorseConfig, n: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.experts = config.experts(n)
        self.attention = Attention(config, self.experts, dtype)
        width, gated = config.mlp_width(n), n not in config.gelu7_layers
        self.mlp = MLP(config.hidden_size, width, gated, self.experts, dtype)

    def forward(self, x: Tensor, layout: Layout, rotary: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        """Map (B, N, hidden) to the same shape."""
        lengths = layout.lengths if self.experts == 3 else (layout.total,)
        x = x + self.attention(x, lengths, rotary, attend)
        x = x + self.mlp(x, lengths)
        return x


class Attention(nn.Module):
    """Grouped-query attention with normalised queries and keys, and a sigmoid gate on each head's output."""

    def __init__(self, config: HappyHorseConfig, experts: int, dtype: torch.dtype) -> None:
        super().__init__()
        heads, groups, width = config.num_heads, config.num_query_groups, config.head_dim
        self.head_dim = width
        self.sizes = (heads * width, groups * width, groups * width, heads)
        self.pre_norm = RMSNorm(config.hidden_size, experts)
        self.linear_qkv = PackedLinear(config.hidden_size, sum(self.sizes), experts, dtype)
        self.q_norm, self.k_norm = RMSNorm(width, experts), RMSNorm(width, experts)
        self.linear_proj = PackedLinear(heads * width, config.hidden_size, experts, dtype)

    def forward(
        self, x: Tensor, lengths: tuple[int, ...], rotary: tuple[Tensor, Tensor], attend: Attend
    ) -> Tensor:
        """Map (B, N, hidden) to the same shape; `lengths` are the tokens of each expert."""
        parts = [self._project(part, e) for e, part in enumerate(_split(x, lengths))]
        q, k, v, gate = (_join(same) for same in zip(*parts, strict=True))
        q, k = rotate(q, *rotary), rotate(k, *rotary)
        dtype = self.linear_qkv.dtype
        seen = attend(q.to(dtype), k.to(dtype), v.to(dtype))
        gated = (seen * gate.sigmoid()[..., None]).to(dtype).flatten(-2)
        return _join([self.linear_proj(part, e) for e, part in enumerate(_split(gated, lengths))])

    def _project(self, x: Tensor, expert: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return q, k and v (B, n, heads, head_dim) and the gate (B, n, heads) of one expert's tokens."""
        qkv = self.linear_qkv(self.pre_norm(x, expert), expert).float()
        q, k, v, gate = qkv.split(self.sizes, dim=-1)
        q, k, v = (part.unflatten(-1, (-1, self.head_dim)) for part in (q, k, v))
        return self.q_norm(q, expert), self.k_norm(k, expert), v, gate


class MLP(nn.Module):
    """Product up, activation in float32, product down."""

    def __init__(self, hidden: int, width: int, gated: bool, experts: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.activation = swiglu7 if gated else gelu7
        self.pre_norm = RMSNorm(hidden, experts)
        self.up_gate_proj = PackedLinear(hidden, 2 * width if gated else width, experts, dtype)
        self.down_proj = PackedLinear(width, hidden, experts, dtype)

    def forward(self, x: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Map (B, N, hidden) to the same shape; `lengths` are the tokens of each expert."""
        parts = enumerate(_split(x, lengths))
        return _join([self._expert(some, e) for e, part in parts for some in _split(part, MLP_CHUNK)])

    def _expert(self, x: Tensor, expert: int) -> Tensor:
        up = self.up_gate_proj(self.pre_norm(x, expert), expert)
        x = self.down_proj(self.activation(up.float()), expert)
        return x


class RMSNorm(nn.Module):
    """Norm that scales to a root mean square of 1 + weight, in float32; one weight for each expert."""

    def __init__(self, width: int, experts: int = 1) -> None:
        super().__init__()
        self.experts = experts
        self.weight = nn.Parameter(torch.zeros(experts * width))

    def forward(self, x: Tensor, expert: int = 0) -> Tensor:
        """Normalise (…, width)."""
        weight: Tensor = self.weight.float().chunk(self.experts)[expert]
        return F.rms_norm(x.float(), weight.shape, 1 + weight, EPS)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate dimensions i and i + bands of x (B, N, heads, head_dim) by each token's angles."""
    half = cos.shape[-1]
    a, b, rest = x.tensor_split((half, 2 * half), dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], dim=-1)


def swiglu7(x: Tensor) -> Tensor:
    """Apply gate·sigmoid(1.702·gate)·(value + 1) to (…, 2·width), where gates and values alternate."""
    gate = x[..., ::2].clamp(max=CLAMP)
    value = x[..., 1::2].clamp(-CLAMP, CLAMP)
    return gate * torch.sigmoid(SIGMOID_SLOPE * gate) * (value + 1)


def gelu7(x: Tensor) -> Tensor:
    """Apply x·sigmoid(1.702·x) in any shape, which approximates GELU, with x clamped at 7."""
    x = x.clamp(max=CLAMP)
    return x * torch.sigmoid(SIGMOID_SLOPE * x)


def _layout(video: Sequence[int], audio: Tensor | None, text: Tensor) -> Layout:
    _, _, t, h, w = video
    heard = 0 if audio is None else audio.shape[1]
    return Layout(t, h // PATCH, w // PATCH, heard, text.shape[1])


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a layer in float32, whatever type its weights have."""
    bias = None if layer.bias is None else layer.bias.float()
    return F.linear(x.float(), layer.weight.float(), bias)


def _split(x: Tensor, lengths: tuple[int, ...] | int) -> tuple[Tensor, ...]:
    return cast(tuple[Tensor, ...], x.split(lengths, dim=1))  # type: ignore[no-untyped-call]  # torch's stubs


def _join(parts: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
