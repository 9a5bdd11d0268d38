"""Attention over the packed sequence, everywhere or within a window of latent frames.

Queries, keys and values are (B, N, heads, head_dim), with fewer heads for keys and values. `real` (B, N) says
which tokens aren't padding; None if all are real.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, cast

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its usual name)
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from generators.happyhorse.network.tokens import Layout

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
LocalKernel = Literal["frames", "flex"]


def attend_fully(q: Tensor, k: Tensor, v: Tensor, *, real: Tensor | None = None) -> Tensor:
    """Softmax attention of every token to every real token."""
    mask = None if real is None else real[:, None, None, :]
    return _scaled_dot_product(q, k, v, mask)


def _scaled_dot_product(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    dtype = q.dtype
    if q.device.type == "cpu":  # its half-precision kernel rounds inside the softmax; the recorded runs don't
        q, k, v = q.float(), k.float(), v.float()
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    return seen.transpose(1, 2).to(dtype)


def attend_by_frames(
    q: Tensor, k: Tensor, v: Tensor, *, layout: Layout, window: int, real: Tensor | None = None
) -> Tensor:
    """Video sees the latent frames at most `window` away, audio and text; these see everything.

    One softmax over all that a query sees. Needs no mask, as the queries of one frame share their keys: the
    fast kernels apply on every device.
    """
    n, video = layout.in_frame, layout.video
    seen = []
    for frame in range(layout.frames):
        near = slice(max(frame - window, 0) * n, (frame + window + 1) * n)
        keys = functools.partial(_near_and_rest, near=slice(near.start, min(near.stop, video)), video=video)
        part = q[:, frame * n : (frame + 1) * n]
        seen.append(attend_fully(part, keys(k), keys(v), real=None if real is None else keys(real)))
    return torch.cat([*seen, attend_fully(q[:, video:], k, v, real=real)], dim=1)


def _near_and_rest(x: Tensor, *, near: slice, video: int) -> Tensor:
    return torch.cat([x[:, near], x[:, video:]], dim=1)


def attend_in_blocks(
    q: Tensor, k: Tensor, v: Tensor, *, layout: Layout, window: int, real: Tensor | None = None
) -> Tensor:
    """The same by FlexAttention, which skips the blocks of keys that no query of a block sees."""
    if real is not None:
        raise ValueError(
            "The flex kernel takes no padded text. Use local_kernel='frames', or text of one length."
        )
    mask = _block_mask(layout, window, str(q.device))
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return _flex(q.is_cuda)(q, k, v, block_mask=mask, enable_gqa=True).transpose(1, 2)


@functools.cache
def _flex(compiled: bool) -> Callable[..., Tensor]:
    return cast(Callable[..., Tensor], torch.compile(flex_attention) if compiled else flex_attention)


@functools.lru_cache(maxsize=4)
def _block_mask(layout: Layout, window: int, device: str) -> BlockMask:
    def sees(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        near = (query // layout.in_frame - key // layout.in_frame).abs() <= window
        return near | (query >= layout.video) | (key >= layout.video)

    make = create_block_mask
    if device.startswith("cuda"):  # otherwise it holds all pairs of tokens: 35 GB at 1080p
        make = torch.compile(create_block_mask)
    return make(sees, None, None, layout.total, layout.total, device=device)


LOCAL: dict[LocalKernel, Callable[..., Tensor]] = {"frames": attend_by_frames, "flex": attend_in_blocks}
"""Ways to the same result; which is faster depends on the device."""
