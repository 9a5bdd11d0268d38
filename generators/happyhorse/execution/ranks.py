"""Processes that torchrun has started, over gloo (CPUs) or NCCL (GPUs)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from generators.base import InvalidInput

_LETTING_GO_S = 0.2
"""Time for Gloo's threads to let go of the last tensors, for which they need Python's lock. One that asks for
it while Python ends aborts the process."""


@dataclass(frozen=True)
class Ranks:
    """This process's place among all of them."""

    rank: int
    count: int
    device: torch.device


def started() -> int:
    """Return the number of processes that torchrun has started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined_ranks(device: str) -> Iterator[Ranks]:
    """Join the processes of this run, as torchrun's environment describes them.

    Args:
        device: `cpu`; or `cuda`, of which each process takes its own GPU.
    """
    if started() == 1:
        yield Ranks(0, 1, torch.device(device))
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    own = torch.device("cuda", local) if device.startswith("cuda") else torch.device("cpu")
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size(), own)
    finally:
        dist.destroy_process_group()
        if own.type == "cpu":
            time.sleep(_LETTING_GO_S)


def require_equal(facts: Mapping[str, object]) -> None:
    """Check that all processes state the same facts, before heavy work.

    Raises:
        InvalidInput: They differ; every process raises it, with the values.
    """
    told: list[Mapping[str, object]] = [{}] * dist.get_world_size()
    dist.all_gather_object(told, dict(facts))
    for name in facts:
        values = [str(each.get(name)) for each in told]
        if len(set(values)) > 1:
            shown = ", ".join(f"{value} in rank {rank}" for rank, value in enumerate(values))
            raise InvalidInput(
                f"{name} must be the same in all ranks; got {shown}. "
                "Start all with one command, on equal machines."
            )
