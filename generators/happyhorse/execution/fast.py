"""Make a network run faster, by the ways that `options` names."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

from generators.happyhorse.execution.fusing import fuse
from generators.happyhorse.execution.graphs import RecordedForward, record_for
from generators.happyhorse.execution.options import Way
from generators.happyhorse.network.transformer import HappyHorseTransformer

P = ParamSpec("P")
R = TypeVar("R")
_GRAPHS = 64
"""Most graphs of a layer's code: five kinds of layers for each shape and type."""


def quicken(model: HappyHorseTransformer, ways: Collection[Way], device: torch.device) -> None:
    """Change a network in place, so that it computes the same results by faster ways.

    Args:
        model: The network, with its weights.
        ways: Ways to take; `tiles` is the decoder's.
        device: Device that computes.

    Raises:
        InvalidInput: A way doesn't suit the device or the network.
    """
    if "graphs" in ways:
        record = record_for(device)
    if "fused" in ways:
        fuse(model)
    if "grouped" in ways:
        model.full_kernel = "grouped"
    if "flex" in ways:
        model.local_kernel = "flex"
    if "compiled" in ways:
        compile_layers(model)
    if "graphs" in ways:
        model.forward = RecordedForward(model, record)  # type: ignore[method-assign]


def compile_layers(model: HappyHorseTransformer) -> None:
    """Compile each layer as one graph with static shapes; layers that are alike share it."""
    for layer in model.layers:
        layer.compile(fullgraph=True, dynamic=False)
    model.run = _with_room(model.run)  # type: ignore[method-assign]


def _with_room(run: Callable[P, R]) -> Callable[P, R]:
    """Allow more graphs than PyTorch's eight while the function runs."""

    @wraps(run)
    def within(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch._dynamo.config.patch(recompile_limit=_GRAPHS):
            return run(*args, **kwargs)

    return within
