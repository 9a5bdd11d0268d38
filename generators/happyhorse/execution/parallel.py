"""One sequence over several processes: each holds a contiguous part of its tokens, and all weights or a part.

- Ulysses (Jacobs et al., arXiv 2309.14509): before attention, processes exchange tokens for heads, so that
  each has all tokens of some heads; after it, they exchange them back. Heads must divide by the processes.
- Ring (Liu et al., arXiv 2310.01889): keys and values go around; partial results are merged by their sums of
  exponentials. It takes any number of heads.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Literal, get_args

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from generators.base import InvalidInput
from generators.happyhorse.execution.ranks import Ranks
from generators.happyhorse.execution.ring import attend_in_ring
from generators.happyhorse.network.attention import Attend
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.quantised import Codes
from generators.happyhorse.network.tokens import Layout
from generators.happyhorse.network.transformer import HappyHorseTransformer

Exchange = Literal["auto", "ulysses", "ring"]
EXCHANGES: tuple[Exchange, ...] = get_args(Exchange)


class SequenceParallel:
    """Share of one process in each sequence, a `Spread`."""

    def __init__(self, ranks: Ranks, exchange: Exchange, config: HappyHorseConfig) -> None:
        """Choose the exchange; `auto` takes Ulysses where heads allow it.

        Raises:
            InvalidInput: Ulysses is asked for, but heads don't divide by the processes.
        """
        self.ranks = ranks
        self.exchange = exchange
        divides = config.num_query_groups % ranks.count == 0
        if exchange == "auto":
            self.exchange = "ulysses" if divides else "ring"
        elif exchange == "ulysses" and not divides:
            raise InvalidInput(
                f"Processes must divide the {config.num_query_groups} heads of keys for ulysses; "
                f"got {ranks.count}. Choose ring, or another number."
            )

    def mine(self, layout: Layout) -> slice:
        """Return the part of the sequence that this process holds."""
        return parts_of(layout.total, self.ranks.count)[self.ranks.rank]

    def take(self, x: Tensor) -> Tensor:
        """Take this process's part of all tokens (B, N, …)."""
        return x[:, parts_of(x.shape[1], self.ranks.count)[self.ranks.rank]]

    def join(self, x: Tensor, total: int) -> Tensor:
        """Return all tokens (B, total, …) from every process's part."""
        lengths = [part.stop - part.start for part in parts_of(total, self.ranks.count)]
        padded = x.new_zeros(x.shape[0], max(lengths), *x.shape[2:])
        padded[:, : x.shape[1]] = x
        gathered = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(gathered, padded)
        return torch.cat([each[:, :n] for each, n in zip(gathered, lengths, strict=True)], dim=1)

    def attention(self, attend: Attend, layout: Layout, window: int | None, real: Tensor | None) -> Attend:
        """Return attention of this process's queries to all keys; `real` (B, N) is False for padding."""
        parts, rank = parts_of(layout.total, self.ranks.count), self.ranks.rank
        if self.exchange == "ulysses":
            return partial(_attend_by_heads, attend=attend, parts=parts, rank=rank)
        return partial(attend_in_ring, parts=parts, rank=rank, layout=layout, window=window, real=real)


def parts_of(total: int, count: int) -> list[slice]:
    """Split a number of tokens into contiguous parts, whose lengths differ by one at most."""
    ends = [total * n // count for n in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


def shard(model: HappyHorseTransformer, ranks: Ranks) -> None:
    """Leave each process a part of each layer's weights, in place; layers are gathered as they run (FSDP2).

    Raises:
        InvalidInput: Weights have fewer bits, which are not split.
    """
    if any(isinstance(module, Codes) for module in model.modules()):
        raise InvalidInput("shard must be left out with fewer bits, whose codes are not split. Choose bf16.")
    mesh = init_device_mesh(ranks.device.type, (ranks.count,))
    for layer in model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _attend_by_heads(
    q: Tensor, k: Tensor, v: Tensor, *, attend: Attend, parts: list[slice], rank: int
) -> Tensor:
    """Attend from this process's queries (B, n, heads, head_dim) to all keys, each process some heads."""
    q, k, v = (_tokens_for_heads(x, parts) for x in (q, k, v))
    return _heads_for_tokens(attend(q, k, v), parts, rank)


def _tokens_for_heads(x: Tensor, parts: list[slice]) -> Tensor:
    """Exchange this process's tokens of all heads (B, n, H, D) for all tokens of its heads (B, N, H/P, D)."""
    batch, _, heads, width = x.shape
    own = heads // len(parts)
    sent = [chunk.contiguous() for chunk in x.chunk(len(parts), dim=2)]
    shapes = [(batch, part.stop - part.start, own, width) for part in parts]
    return torch.cat(_exchange(sent, shapes), dim=1)


def _heads_for_tokens(x: Tensor, parts: list[slice], rank: int) -> Tensor:
    """Exchange all tokens of this process's heads (B, N, H/P, D) for its tokens of all heads (B, n, H, D)."""
    batch, _, own, width = x.shape
    sent = [x[:, part].contiguous() for part in parts]
    shape = batch, parts[rank].stop - parts[rank].start, own, width
    return torch.cat(_exchange(sent, [shape] * len(parts)), dim=2)


def _exchange(sent: list[Tensor], shapes: list[tuple[int, int, int, int]]) -> list[Tensor]:
    """Send one tensor (B, n, heads, D) to each process, and return those of the given shapes from each."""
    sizes = [torch.Size(shape).numel() for shape in shapes]
    received = sent[0].new_empty(sum(sizes))
    flat = torch.cat([each.flatten() for each in sent])
    dist.all_to_all_single(received, flat, sizes, [each.numel() for each in sent])
    return [each.reshape(shape) for each, shape in zip(torch.split(received, sizes), shapes, strict=True)]
