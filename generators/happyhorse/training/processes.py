"""One process or several that torchrun starts, by gloo on CPUs and NCCL on GPUs: FSDP2, or whole copies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from generators.happyhorse.toy.model import ToyModel


@dataclass(frozen=True)
class Processes:
    """Which of how many this is."""

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009  (immutable)
    sharded: bool = True
    """Whether each holds a part of the weights; else each holds all, and a small model hardly waits."""

    @property
    def first(self) -> bool:
        """Whether this one writes files."""
        return self.rank == 0

    def shard(self, model: ToyModel) -> ToyModel:
        """Spreads each layer, and then the rest, over all processes."""
        if self.count > 1 and self.sharded:
            mesh = init_device_mesh(self.device.type, (self.count,))
            for layer in model.transformer.layers:
                fully_shard(layer, mesh=mesh)
            fully_shard(model, mesh=mesh)
        return model

    def average(self, gradients: list[Tensor]) -> list[Tensor]:
        """The mean over processes, in one exchange; of sharded models FSDP2 has taken it already."""
        if self.count == 1 or self.sharded:
            return gradients
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = torch.split(flat / self.count, [gradient.numel() for gradient in gradients])
        return [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]

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
def joined(device: str, sharded: bool = True) -> Iterator[Processes]:
    """The processes of this run, from torchrun's environment.

    Args:
        device: `cpu`, or `cuda`, of which each process takes its own.
        sharded: See `Processes`.
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
        yield Processes(dist.get_rank(), count, own, sharded)
    finally:
        dist.destroy_process_group()
