"""Muon for the hidden matrices and AdamW for the rest, on full copies that every process holds.

A packed weight holds several matrices, one above the other, for experts and for queries, keys and values;
each is orthogonalised by itself. In one process the copies share the weights' memory. Where FSDP2 shards the
model, gradients are gathered and each process makes the same step: right for a small model, while the 15B
would need its optimiser sharded, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import AdamW, Muon

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.processes import ALONE, Processes


@dataclass(frozen=True)
class Rates:
    """Learning rates at their highest, and how they rise and fall."""

    muon: float = 0.02
    adam: float = 2e-3
    warm_up: float = 0.02
    """Share of the whole run."""
    clip: float = 1.0
    """Norm of the whole gradient, at most."""

    def at(self, done: float) -> float:
        """The factor at this share of the run: a line up, then half a cosine down."""
        if done < self.warm_up:
            return max(done / self.warm_up, 0.01)
        return 0.5 * (1 + math.cos(math.pi * min((done - self.warm_up) / (1 - self.warm_up), 1.0)))


class Optimisers:
    """Both optimisers over one model, whether it is sharded or not."""

    def __init__(self, model: ToyModel, rates: Rates = Rates(), processes: Processes = ALONE) -> None:
        self.rates, self.processes = rates, processes
        self._pairs = [(p, _full(p.detach())) for p in model.parameters()]
        matrices: list[Tensor] = []
        rest: list[Tensor] = []
        self._leaves: list[tuple[int, Tensor, slice]] = []
        for number, (name, rows) in enumerate(_pieces(model)):
            for piece in rows:
                leaf = nn.Parameter(self._pairs[number][1][piece])
                self._leaves.append((number, leaf, piece))
                (matrices if _is_matrix(name, leaf) else rest).append(leaf)
        self._muon = Muon(
            matrices, lr=rates.muon, weight_decay=0.01, adjust_lr_fn="original", ns_steps=5, momentum=0.95
        )
        self._adam = AdamW(rest, lr=rates.adam, betas=(0.9, 0.99), weight_decay=0.01)

    @torch.no_grad()
    def step(self, done: float) -> float:
        """Moves the weights by their gradients, which it clears.

        Args:
            done: Share of the run that is behind.

        Returns:
            The gradient's norm before it was clipped.
        """
        found = self.processes.average(
            [torch.zeros_like(full) if p.grad is None else _full(p.grad) for p, full in self._pairs]
        )
        norm = torch.stack([gradient.float().norm() for gradient in found]).norm()
        scale = (self.rates.clip / norm.clamp(min=1e-12)).clamp(max=1.0)
        for number, leaf, piece in self._leaves:
            leaf.grad = found[number][piece] * scale
        factor = self.rates.at(done)
        for optimiser, rate in ((self._muon, self.rates.muon), (self._adam, self.rates.adam)):
            optimiser.param_groups[0]["lr"] = rate * factor
            optimiser.step()  # type: ignore[no-untyped-call]  # Muon's is untyped
            optimiser.zero_grad()
        self.publish()
        return float(norm)

    @torch.no_grad()
    def publish(self) -> None:
        """Gives the full copies' values to the shards, and clears their gradients."""
        for parameter, full in self._pairs:
            parameter.grad = None
            if isinstance(parameter, DTensor):
                _place(parameter, full)

    def full(self) -> list[Tensor]:
        """The weights, whole, in the order of `parameters()`."""
        return [full for _, full in self._pairs]

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])


def _pieces(model: ToyModel) -> list[tuple[str, list[slice]]]:
    """Each parameter's name, and its rows by what is one matrix of its own."""
    found = []
    modules = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        owner = modules[name.rpartition(".")[0]]
        parent = modules.get(name.rpartition(".")[0].rpartition(".")[0])
        experts = getattr(owner, "experts", 1) if parameter.ndim == 2 else 1
        sizes = getattr(parent, "sizes", ()) if name.endswith("linear_qkv.weight") else ()
        each = list(sizes) or [parameter.shape[0] // experts]
        found.append((name, _slices(each * experts)))
    return found


def _slices(sizes: list[int]) -> list[slice]:
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _is_matrix(name: str, piece: Tensor) -> bool:
    """Hidden matrices only: gates of a few rows, embeddings and heads are AdamW's."""
    return piece.ndim == 2 and ".layers." in name and min(piece.shape) > 8


def _full(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _place(shard: DTensor, full: Tensor) -> None:
    rank, of = shard.device_mesh.get_local_rank(), shard.device_mesh.size()
    parts = full.chunk(of)
    if rank < len(parts):
        shard.to_local().copy_(parts[rank])
