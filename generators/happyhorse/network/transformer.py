"""The HappyHorse network: one stream of video, audio and text tokens, from noisy latents to velocities.

After daVinci-MagiHuman (GAIR-NLP/daVinci-MagiHuman, arXiv 2603.21986), whose checkpoints load unchanged.
There is no timestep input: the network infers the noise level from its input. Unlike the public code, it
takes batches, audio may be left out, and neither channels are padded nor tokens permuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from generators.happyhorse.network.attention import FULL, LOCAL, Attend, FullKernel, LocalKernel
from generators.happyhorse.network.config import Coordinates, HappyHorseConfig
from generators.happyhorse.network.facts import PATCH
from generators.happyhorse.network.pointwise import RMSNorm, Rotary, gelu7, rotate, swiglu7
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.spread import ALONE, Spread
from generators.happyhorse.network.tokens import Layout, coordinates, patchify, unpatchify

MLP_CHUNK = 16_384
"""Tokens that pass through an MLP together; the whole sequence of 1080p would take 12 GiB more."""


class Prepared(NamedTuple):
    """What all forwards of equal shape share."""

    lengths: tuple[int, ...]
    """Video, audio and text tokens in this process."""
    rotary: tuple[Tensor, Tensor]
    """Cosines and sines of their positions."""
    everywhere: Attend
    """Attention of full layers."""
    nearby: Attend
    """Attention of local layers."""


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
        self.full_kernel: FullKernel = "expanded"
        self.local_kernel = local_kernel
        self.spread: Spread = ALONE
        """Share of this process in each sequence."""
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
        prepared = self.prepare(layout, style, window, text_lengths, video.device)
        return self.run(video, audio, text, prepared)

    def prepare(
        self,
        layout: Layout,
        style: Coordinates,
        window: int | None,
        text_lengths: Tensor | None,
        device: torch.device,
    ) -> Prepared:
        """Compute what depends on the shapes alone; see `forward`. `text_lengths` is (B,)."""
        places = coordinates(layout, style, text_lengths).to(device)
        mine = self.spread.mine(layout)
        everywhere, nearby = self._attention(layout, window, text_lengths, device)
        rotary = self.adapter.rope(places[:, mine])
        return Prepared(_lengths_in(layout, mine), rotary, everywhere, nearby)

    def run(
        self, video: Tensor, audio: Tensor | None, text: Tensor, prepared: Prepared
    ) -> tuple[Tensor, Tensor | None]:
        """Predict velocities of packed tokens: video (B, V, 192), audio (B, A, 64), text (B, L, width)."""
        layout_lengths = video.shape[1], 0 if audio is None else audio.shape[1], text.shape[1]
        x = self.spread.take(self.adapter(video, audio, text))
        for n, layer in enumerate(self.layers):
            local = n in self.config.local_attn_layers
            x = layer(x, prepared.lengths, prepared.rotary, prepared.nearby if local else prepared.everywhere)
        v, a, _ = _split(self.spread.join(x, sum(layout_lengths)), layout_lengths)
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
        attend = partial(FULL[self.full_kernel], real=real)
        everywhere = self.spread.attention(attend, layout, None, real)
        if window is None:
            return everywhere, everywhere
        near = partial(LOCAL[self.local_kernel], layout=layout, window=window, real=real)
        return everywhere, self.spread.attention(near, layout, window, real)

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


class Layer(nn.Module):
    """Attention, then MLP, each added to the float32 residual stream."""

    def __init__(self, config: HappyHorseConfig, n: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.experts = config.experts(n)
        self.attention = Attention(config, self.experts, dtype)
        width, gated = config.mlp_width(n), n not in config.gelu7_layers
        self.mlp = MLP(config.hidden_size, width, gated, self.experts, dtype)

    def forward(
        self, x: Tensor, lengths: tuple[int, ...], rotary: tuple[Tensor, Tensor], attend: Attend
    ) -> Tensor:
        """Map (B, N, hidden) to the same shape; `lengths` are the video, audio and text tokens."""
        lengths = lengths if self.experts == 3 else (sum(lengths),)
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
        self.chunk: int | None = None
        """Tokens that pass through together; None for `MLP_CHUNK`."""
        self.pre_norm = RMSNorm(hidden, experts)
        self.up_gate_proj = PackedLinear(hidden, 2 * width if gated else width, experts, dtype)
        self.down_proj = PackedLinear(width, hidden, experts, dtype)

    def forward(self, x: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Map (B, N, hidden) to the same shape; `lengths` are the tokens of each expert."""
        parts, chunk = enumerate(_split(x, lengths)), self.chunk or MLP_CHUNK
        return _join([self._expert(some, e) for e, part in parts for some in _split(part, chunk)])

    def _expert(self, x: Tensor, expert: int) -> Tensor:
        up = self.up_gate_proj(self.pre_norm(x, expert), expert)
        x = self.down_proj(self.activation(up.float()), expert)
        return x


def _layout(video: Sequence[int], audio: Tensor | None, text: Tensor) -> Layout:
    _, _, t, h, w = video
    heard = 0 if audio is None else audio.shape[1]
    return Layout(t, h // PATCH, w // PATCH, heard, text.shape[1])


def _lengths_in(layout: Layout, part: slice) -> tuple[int, ...]:
    """Return how many video, audio and text tokens lie in a part of the sequence."""
    starts = 0, layout.video, layout.video + layout.audio
    ends = *starts[1:], layout.total
    inside = zip(starts, ends, strict=True)
    return tuple(max(min(end, part.stop) - max(start, part.start), 0) for start, end in inside)


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a layer in float32, whatever type its weights have."""
    bias = None if layer.bias is None else layer.bias.float()
    return F.linear(x.float(), layer.weight.float(), bias)


def _split(x: Tensor, lengths: tuple[int, ...] | int) -> tuple[Tensor, ...]:
    return cast(tuple[Tensor, ...], x.split(lengths, dim=1))  # type: ignore[no-untyped-call]  # torch's stubs


def _join(parts: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
