"""Weights in e4m3 of public fp8 checkpoints: each has one scale, in a key of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from torch import Tensor

from generators.happyhorse.network.quantised import FLOAT8

SUFFIX = ".__fp8_scale"
"""End of the key that holds the scale of a weight."""
TYPE = "F8_E4M3"
"""Name of e4m3 in a safetensors file."""


def is_scale(key: str) -> bool:
    """Whether a key holds the scale of a weight."""
    return key.endswith(SUFFIX)


def missing_scales(types: Mapping[str, str]) -> list[str]:
    """Return the keys of weights in e4m3 whose scale isn't in the same file, from the type of each key."""
    return sorted(key for key, name in types.items() if name == TYPE and key + SUFFIX not in types)


def with_scales(tensors: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor, Tensor | None]]:
    """Yield a file's keys and tensors of any shape, each weight in e4m3 beside its scalar scale."""
    waiting: dict[str, Tensor] = {}
    for key, tensor in tensors:
        own = key.removesuffix(SUFFIX)
        if own == key and tensor.dtype != FLOAT8:
            yield key, tensor, None
        elif own not in waiting:
            waiting[own] = tensor
        else:
            codes, scale = (tensor, waiting.pop(own)) if own == key else (waiting.pop(own), tensor)
            yield own, codes, scale.float()
