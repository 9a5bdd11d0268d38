"""Attention over the packed sequence: of every token to every token, or within a window of latent frames.

Queries, keys and values are (B, N, heads, head_dim); keys and values have fewer heads (grouped queries,
Ainslie et al., arXiv 2305.13245). `real` (B, N) is False for padding; None if there is none.
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
FullKernel = Literal["expanded", "grouped"]
LocalKernel = Literal["frames", "flex"]


def attend_fully(q: Tensor, k: Tensor, v: Tensor, *, real: Tensor | None = None) -> Tensor:
    """Attend from every token to every real token; return (B, N, heads, head_dim)."""
    mask = None if real is None else real[:, None, None, :]
    return _scaled_dot_product(q, k, v, mask)


def _scaled_dot_product(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    dtype = q.dtype
    if (
        q.device.type == "cpu"
    ):  # its half-precision kernel rounds inside the softmax, unlike the recorded runs
        q, k, v = q.float(), k.float(), v.float()
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    return seen.transpose(1, 2).to(dtype)


def attend_in_groups(q: Tensor, k: Tensor, v: Tensor, *, real: Tensor | None = None) -> Tensor:
    """Attend as `attend_fully`, but let no kernel copy keys and values for each query head.

    The query heads of one group become queries of one head: (B, N · heads/groups, groups, head_dim). The
    result is (B, N, heads, head_dim).
    """
    b, n, heads, width = q.shape
    groups = k.shape[2]
    packed = q.reshape(b, n, groups, -1, width).transpose(2, 3).flatten(1, 2)
    seen = attend_fully(packed, k, v, real=real).reshape(b, n, -1, groups, width)
    return seen.transpose(2, 3).reshape(b, n, heads, width)


def attend_by_frames(
    q: Tensor, k: Tensor, v: Tensor, *, layout: Layout, window: int, real: Tensor | None = None
) -> Tensor:
    """Attend from video to latent frames at most `window` away, audio and text; from these to everything.

    The result is (B, N, heads, head_dim).
    All queries of one frame share their keys, so that no mask is needed and fast kernels apply on any device.
    """
    n, video = layout.in_frame, layout.video

    def seen_from(frame: int, x: Tensor) -> Tensor:
        """Return the tokens of near frames, audio and text: (B, M, …)."""
        first, last = max(frame - window, 0), min(frame + window + 1, layout.frames)
        return torch.cat([x[:, first * n : last * n], x[:, video:]], dim=1)

    seen = []
    for frame in range(layout.frames):
        queries = q[:, frame * n : (frame + 1) * n]
        real_keys = None if real is None else seen_from(frame, real)
        seen.append(attend_fully(queries, seen_from(frame, k), seen_from(frame, v), real=real_keys))
    rest = attend_fully(q[:, video:], k, v, real=real)
    return torch.cat([*seen, rest], dim=1)


def attend_in_blocks(
    q: Tensor, k: Tensor, v: Tensor, *, layout: Layout, window: int, real: Tensor | None = None
) -> Tensor:
    """Attend as `attend_by_frames`, by FlexAttention, which skips blocks of keys that no query sees.

    The result is (B, N, heads, head_dim).

    Raises:
        ValueError: Text is padded.
    """
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
    # A query sees keys of near frames; audio and text see, and are seen by, everything.
    def sees(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        near = (query // layout.in_frame - key // layout.in_frame).abs() <= window
        return near | (query >= layout.video) | (key >= layout.video)

    make = create_block_mask
    if device.startswith("cuda"):  # uncompiled, it would hold all pairs of tokens: 35 GB at 1080p
        make = torch.compile(create_block_mask)
    return make(sees, None, None, layout.total, layout.total, device=device)


FULL: dict[FullKernel, Callable[..., Tensor]] = {"expanded": attend_fully, "grouped": attend_in_groups}
"""Kernels of full attention, with equal results."""
LOCAL: dict[LocalKernel, Callable[..., Tensor]] = {"frames": attend_by_frames, "flex": attend_in_blocks}
"""Kernels of local attention, with equal results; which is faster depends on the device."""
