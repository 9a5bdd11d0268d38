"""One process, or several started by torchrun over gloo (CPUs) or NCCL (GPUs): FSDP2, or whole copies."""

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

from generators.base import InvalidInput
from generators.happyhorse.execution.ranks import joined_ranks
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.arguments import require_whole

_MOST_THREADS = 1024


@dataclass(frozen=True)
class Processes:
    """This process's place among all of them."""

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009  (immutable)
    sharded: bool = True
    """Whether each process holds a part of the weights. Otherwise each holds all of them, and a small model
    hardly waits."""

    @property
    def first(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def shard(self, model: ToyModel) -> ToyModel:
        """Spread each layer, then the rest of the model, over all processes; changes the model in place."""
        if self.count > 1 and self.sharded:
            mesh = init_device_mesh(self.device.type, (self.count,))
            for layer in model.transformer.layers:
                fully_shard(layer, mesh=mesh)
            fully_shard(model, mesh=mesh)
        return model

    def average(self, gradients: list[Tensor]) -> list[Tensor]:
        """Return the mean over processes of gradients of any shape, in one exchange.

        FSDP2 has averaged those of sharded models already.
        """
        if self.count == 1 or self.sharded:
            return gradients
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = torch.split(flat / self.count, [gradient.numel() for gradient in gradients])
        return [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]

    def agree(self, value: bool) -> bool:
        """Return the first process's value: clocks differ, and all must stop at the same step."""
        if self.count == 1:
            return value
        told = torch.tensor([float(value)], device=self.device)
        dist.broadcast(told, src=0)
        return bool(told.item())

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.count > 1:
            dist.barrier()


ALONE = Processes()


@contextmanager
def joined(device: str, sharded: bool = True) -> Iterator[Processes]:
    """Join the processes of this run, as torchrun's environment describes them.

    Args:
        device: `cpu`; or `cuda`, of which each process takes its own GPU.
        sharded: Whether each process holds a part of the weights.
    """
    with joined_ranks(device) as ranks:
        yield Processes(ranks.rank, ranks.count, ranks.device, sharded)


def require_one_process(command: str) -> None:
    """Check that torchrun hasn't started several processes, which would overwrite each other's files.

    Raises:
        InvalidInput: There are several.
    """
    count = os.environ.get("WORLD_SIZE", "1")
    if count != "1":
        raise InvalidInput(f"{command} must run in one process; got {count}. Start it without torchrun.")


def use_threads(count: int | None) -> None:
    """Compute with this many CPU threads; None leaves the number unchanged.

    Raises:
        InvalidInput: The number lies outside the range from 1 to 1024.
    """
    if count is not None:
        require_whole("threads", count, most=_MOST_THREADS)
        torch.set_num_threads(count)
