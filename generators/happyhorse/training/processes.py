"""One process or several: FSDP2 over what torchrun starts, by gloo on CPUs and NCCL on GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from generators.happyhorse.training.model import SmallHappyHorse


@dataclass(frozen=True)
class Processes:
    """Which of how many this is."""

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009  (immutable)

    @property
    def first(self) -> bool:
        """Whether this one writes files."""
        return self.rank == 0

    def shard(self, model: SmallHappyHorse) -> SmallHappyHorse:
        """Spreads each layer, and then the rest, over all processes; alone, nothing is done."""
        if self.count > 1:
            mesh = init_device_mesh(self.device.type, (self.count,))
            for layer in model.transformer.layers:
                fully_shard(layer, mesh=mesh)
            fully_shard(model, mesh=mesh)
        return model

    def agree(self, value: bool) -> bool:
        """The first process's opinion: clocks differ, and all must stop at the same step."""
        if self.count == 1:
            return value
        said = torch.tensor([float(value)], device=self.device)
        dist.broadcast(said, src=0)
        return bool(said.item())

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            dist.barrier()


ALONE = Processes()


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """The processes of this run, from torchrun's environment.

    Args:
        device: `cpu`, or `cuda`, of which each process takes its own.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(device=torch.device(device))
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    own = torch.device("cuda", local) if device.startswith("cuda") else torch.device("cpu")
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), count, own)
    finally:
        dist.destroy_process_group()
