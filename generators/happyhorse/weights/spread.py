"""Parts whose transformers share each sequence among several processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from generators.base import InvalidInput
from generators.happyhorse.execution.parallel import Exchange, SequenceParallel, shard
from generators.happyhorse.execution.ranks import Ranks
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.parts import Parts


def spread(parts: Parts, ranks: Ranks, exchange: Exchange, sharded: bool) -> Parts:
    """Return parts whose transformers work on one process's tokens.

    Args:
        parts: Parts of this process.
        ranks: Its place among all.
        exchange: How processes attend to each other's tokens.
        sharded: Whether each process holds a part of the weights only.

    Raises:
        InvalidInput: Heads don't divide by the processes, or weights are offloaded or have fewer bits.
    """
    share = SequenceParallel(ranks, exchange, parts.config)
    if sharded and (parts.plan.offload or parts.plan.precision != "bf16"):
        raise InvalidInput("shard must be left out with offload and with fewer bits; got both.")

    def joined(load: Callable[[], HappyHorseTransformer]) -> Callable[[], HappyHorseTransformer]:
        def loaded() -> HappyHorseTransformer:
            model = load()
            model.spread = share
            if sharded:
                shard(model, ranks)
            return model

        return loaded

    larger = {name: joined(load) for name, load in parts.super_resolution.items()}
    return replace(parts, transformer=joined(parts.transformer), super_resolution=larger)
