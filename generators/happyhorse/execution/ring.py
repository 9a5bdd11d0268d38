"""Attention whose keys and values go from process to process (Liu et al., arXiv 2310.01889)."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor

from generators.happyhorse.network.tokens import Layout

_MOST_SCORES = 2**27
"""Most scores that are held at once; queries are taken in as many parts as that needs."""


def attend_in_ring(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    parts: list[slice],
    rank: int,
    layout: Layout,
    window: int | None,
    real: Tensor | None,
) -> Tensor:
    """Attend from this process's queries (B, n, heads, head_dim) to all processes' keys.

    Args:
        q: Queries of this process.
        k: Its keys (B, n, groups, head_dim).
        v: Its values, in the same shape.
        parts: Each process's part of the sequence.
        rank: This process.
        layout: All tokens.
        window: Latent frames that video looks ahead and back; None for full attention.
        real: (B, N), False for padding; None if there is none.
    """
    count = len(parts)
    seen, total = torch.zeros((), device=q.device), torch.full((), -torch.inf, device=q.device)
    for step in range(count):
        source = (rank - step) % count
        passing = _Passing(k, v, parts[source - 1], rank, count) if step < count - 1 else None
        mask = _mask(parts[rank], parts[source], layout, window, real, q.device)
        seen, total = merge(seen, total, *attend_with_total(q, k, v, mask))
        if passing is not None:
            k, v = passing.wait()
    return seen.to(q.dtype)


def attend_with_total(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Attend to some keys; return the result and the log of the sum of exponentials (B, n, heads, 1).

    Args:
        q: (B, n, heads, head_dim).
        k: (B, m, groups, head_dim).
        v: (B, m, groups, head_dim).
        mask: (B or 1, n, m), False for pairs that are not seen; None if all are.
    """
    most = max(_MOST_SCORES // (len(q) * q.shape[2] * max(k.shape[1], 1)), 1)
    found = []
    for first in range(0, q.shape[1], most):
        some = None if mask is None else mask[:, first : first + most]
        found.append(_attend_some(q[:, first : first + most], k, v, some))
    return torch.cat([each for each, _ in found], dim=1), torch.cat([total for _, total in found], dim=1)


def merge(a: Tensor, a_total: Tensor, b: Tensor, b_total: Tensor) -> tuple[Tensor, Tensor]:
    """Merge attention (B, n, heads, head_dim) to two sets of keys by their totals (B, n, heads, 1)."""
    total = torch.logaddexp(a_total, b_total)
    one, other = ((each - total).exp().nan_to_num() for each in (a_total, b_total))
    return a * one + b * other, total


def _attend_some(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    b, n, heads, width = q.shape
    groups = k.shape[2]
    grouped = q.float().reshape(b, n, groups, heads // groups, width)
    scores = torch.einsum("bngrd,bmgd->bngrm", grouped, k.float()) * width**-0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, :, None, None], -torch.inf)
    total = scores.logsumexp(dim=-1, keepdim=True)
    shares = (scores - total).exp().nan_to_num()  # rows that see nothing have a total of −∞
    seen = torch.einsum("bngrm,bmgd->bngrd", shares, v.float())
    return seen.reshape(b, n, heads, width), total.reshape(b, n, heads, 1)


def _mask(
    queries: slice,
    keys: slice,
    layout: Layout,
    window: int | None,
    real: Tensor | None,
    device: torch.device,
) -> Tensor | None:
    """Return which pairs are seen, (B or 1, n, m); None if all are."""
    padding = None if real is None else real[:, None, keys]
    if window is None:
        return None if padding is None else padding.expand(-1, queries.stop - queries.start, -1)
    q, k = (torch.arange(part.start, part.stop, device=device) for part in (queries, keys))
    near = (q[:, None] // layout.in_frame - k // layout.in_frame).abs() <= window
    seen = (near | (q[:, None] >= layout.video) | (k >= layout.video))[None]
    return seen if padding is None else seen & padding


class _Passing:
    """Keys and values on their way to the next process, and the last one's on their way here."""

    def __init__(self, k: Tensor, v: Tensor, coming: slice, rank: int, count: int) -> None:
        self._sent = torch.stack([k, v])
        shape = list(self._sent.shape)
        shape[2] = coming.stop - coming.start
        self._received = self._sent.new_empty(shape)
        operations = [
            dist.P2POp(dist.isend, self._sent, (rank + 1) % count),
            dist.P2POp(dist.irecv, self._received, (rank - 1) % count),
        ]
        self._waiting = dist.batch_isend_irecv(operations)

    def wait(self) -> tuple[Tensor, Tensor]:
        """Return the keys and values that came."""
        for each in self._waiting:
            each.wait()
        k, v = self._received
        return k, v
