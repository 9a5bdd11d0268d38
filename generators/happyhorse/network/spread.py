"""A sequence's tokens spread over processes, each of which holds a contiguous part of them."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from generators.happyhorse.network.attention import Attend
from generators.happyhorse.network.tokens import Layout


class Spread(Protocol):
    """One process's share in each sequence."""

    def mine(self, layout: Layout) -> slice:
        """Return the part of the sequence that this process holds."""
        ...

    def take(self, x: Tensor) -> Tensor:
        """Take this process's part of all tokens (B, N, …)."""
        ...

    def join(self, x: Tensor, total: int) -> Tensor:
        """Return all tokens (B, total, …) from every process's part."""
        ...

    def attention(self, attend: Attend, layout: Layout, window: int | None, real: Tensor | None) -> Attend:
        """Return attention of this process's queries to all keys.

        Args:
            attend: Attention over the whole sequence.
            layout: All tokens.
            window: Latent frames that it looks ahead and back; None for full attention.
            real: (B, N), False for padding; None if there is none.
        """
        ...


class Alone:
    """The only process, which holds all tokens."""

    def mine(self, layout: Layout) -> slice:
        """Return the whole sequence."""
        return slice(0, layout.total)

    def take(self, x: Tensor) -> Tensor:
        """Return all tokens (B, N, …)."""
        return x

    def join(self, x: Tensor, total: int) -> Tensor:
        """Return all tokens (B, N, …)."""
        return x

    def attention(self, attend: Attend, layout: Layout, window: int | None, real: Tensor | None) -> Attend:
        """Return the attention as it is; `real` is (B, N)."""
        return attend


ALONE = Alone()
