"""Muon (Jordan et al. 2024) for hidden matrices and AdamW for the rest, on full copies in every process.

A packed weight holds several matrices, one above the other, for experts and for queries, keys and values;
each is orthogonalised by itself. In one process the copies share the weights' memory. If FSDP2 shards the
model, gradients are gathered and each process makes the same step. That suits a small model; the 15B would
need a sharded optimiser, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import AdamW

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.arguments import require_positive, require_share
from generators.happyhorse.training.muon import Muon
from generators.happyhorse.training.processes import ALONE, Processes

_LEAST_FACTOR = 0.01
_LEAST_SIDE = 8


@dataclass(frozen=True)
class Rates:
    """Highest learning rates, and how they rise and fall."""

    muon: float = 0.02
    adam: float = 2e-3
    warm_up: float = 0.02
    """Share of the run in which the rates rise."""
    clip: float = 1.0
    """Largest norm of the whole gradient; a longer one is scaled down to it."""

    def __post_init__(self) -> None:
        require_positive("muon-rate", self.muon)
        require_positive("adam-rate", self.adam)
        require_share("warm-up", self.warm_up)
        require_positive("clip", self.clip)

    def at(self, done: float) -> float:
        """Return the factor of the rates at this share of the run: a line up, then half a cosine down."""
        if done < self.warm_up:
            return max(done / self.warm_up, _LEAST_FACTOR)
        fallen = (done - self.warm_up) / (1 - self.warm_up)
        return 0.5 * (1 + math.cos(math.pi * min(fallen, 1.0)))


class Learner(Protocol):
    """Optimiser of one network."""

    def step(self, done: float) -> float:
        """Move the weights, clear their gradients, and return the gradient's norm before clipping."""

    def clear(self) -> None:
        """Discard all gradients."""

    def publish(self) -> None:
        """Give the values of `full` to the network, and discard all gradients."""

    def full(self) -> list[Tensor]:
        """Return the unsharded weights, of any shape."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a later `load_state_dict` needs to go on."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state."""


class Piece(NamedTuple):
    """Rows of one parameter that form one matrix, or a whole parameter of other shape."""

    number: int
    """Place of the parameter in `parameters()`."""
    name: str
    rows: slice


class Optimisers:
    """Muon and AdamW over one model, sharded or not."""

    def __init__(self, model: ToyModel, rates: Rates = Rates(), processes: Processes = ALONE) -> None:
        """Take over the model's parameters.

        Args:
            model: The network, already sharded if it shall be.
            rates: Highest learning rates and their schedule.
            processes: Processes that share each batch.
        """
        self.rates, self.processes = rates, processes
        self._pairs = [(p, _full(p.detach())) for p in model.parameters()]
        matrices: list[Tensor] = []
        rest: list[Tensor] = []
        self._leaves: list[tuple[Piece, Tensor]] = []
        for piece in pieces(model):
            leaf = nn.Parameter(self._pairs[piece.number][1][piece.rows])
            self._leaves.append((piece, leaf))
            (matrices if _is_matrix(piece.name, leaf) else rest).append(leaf)
        self._muon = Muon(matrices, lr=rates.muon, momentum=0.95, weight_decay=0.01)
        self._adam = AdamW(rest, lr=rates.adam, betas=(0.9, 0.99), weight_decay=0.01)

    @torch.no_grad()
    def step(self, done: float) -> float:
        """Move the weights by their gradients, and clear these.

        Args:
            done: Share of the run that is behind.

        Returns:
            The gradient's norm before it was clipped.
        """
        gradients = self._gradients()
        norm = torch.stack([gradient.float().norm() for gradient in gradients]).norm()
        scale = (self.rates.clip / norm.clamp(min=1e-12)).clamp(max=1.0)
        for piece, leaf in self._leaves:
            leaf.grad = gradients[piece.number][piece.rows] * scale
        factor = self.rates.at(done)
        for optimiser, rate in ((self._muon, self.rates.muon), (self._adam, self.rates.adam)):
            optimiser.param_groups[0]["lr"] = rate * factor
            optimiser.step()
            optimiser.zero_grad()
        self.publish()
        return float(norm)

    @torch.no_grad()
    def publish(self) -> None:
        """Give the full copies' values to the shards, and clear the gradients."""
        for parameter, full in self._pairs:
            if isinstance(parameter, DTensor):
                _place(parameter, full)
        self.clear()

    def clear(self) -> None:
        """Discard the gradients of all parameters."""
        for parameter, _ in self._pairs:
            parameter.grad = None

    def full(self) -> list[Tensor]:
        """Return the unsharded weights, of any shape, in the order of `parameters()`."""
        return [full for _, full in self._pairs]

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both optimisers."""
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the states of both optimisers."""
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])

    def _gradients(self) -> list[Tensor]:
        """Return the unsharded gradient of each parameter, averaged over processes; 0 where there is none."""
        own = [torch.zeros_like(full) if p.grad is None else _full(p.grad) for p, full in self._pairs]
        return self.processes.average(own)


def pieces(model: ToyModel) -> list[Piece]:
    """Cut each parameter into the matrices that it packs: by expert, and by queries, keys, values, gates."""
    modules = dict(model.named_modules())
    found = []
    for number, (name, parameter) in enumerate(model.named_parameters()):
        owner = name.rpartition(".")[0]
        parent = owner.rpartition(".")[0]
        experts = getattr(modules[owner], "experts", 1) if parameter.ndim == 2 else 1
        packed = getattr(modules.get(parent), "sizes", ()) if name.endswith("linear_qkv.weight") else ()
        sizes = list(packed) or [parameter.shape[0] // experts]
        found += [Piece(number, name, rows) for rows in _slices(sizes * experts)]
    return found


def _slices(sizes: list[int]) -> list[slice]:
    return [slice(start, end) for start, end in pairwise(accumulate(sizes, initial=0))]


def _is_matrix(name: str, piece: Tensor) -> bool:
    """Return whether Muon moves the piece: gates of a few rows, embeddings and heads are AdamW's."""
    return piece.ndim == 2 and ".layers." in name and min(piece.shape) > _LEAST_SIDE


def _full(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _place(shard: DTensor, full: Tensor) -> None:
    rank, count = shard.device_mesh.get_local_rank(), shard.device_mesh.size()
    parts = full.chunk(count)
    if rank < len(parts):  # a tensor of few rows leaves the last processes without any
        shard.to_local().copy_(parts[rank])
