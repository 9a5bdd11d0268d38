"""Memory: what a network and a clip take, and what a device has left."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.transformer import MLP_CHUNK, HappyHorseTransformer

GIB = 2**30


@dataclass(frozen=True)
class Footprint:
    """Bytes that a clip takes in each stage; one stage at a time holds memory."""

    text: int
    """Weights of the text encoder."""
    denoising: int
    """Weights of the transformer, and the largest tensors that one layer holds at once."""
    decoding: int
    """Widest layer of the decoder over one window of frames."""

    @property
    def peak(self) -> int:
        """Bytes of the largest stage."""
        return max(self.text, self.denoising, self.decoding)

    @property
    def worst(self) -> str:
        """Name of the largest stage."""
        return max(vars(self), key=lambda stage: int(getattr(self, stage)))


@dataclass(frozen=True)
class Holdings:
    """Tensors of a transformer."""

    parameters: int
    keys: int
    """Tensors in its state, buffers included."""
    size_bytes: int
    """Bytes as loaded: large products in bfloat16, the rest in float32."""


@functools.cache
def holdings(config: HappyHorseConfig) -> Holdings:
    """Count a transformer's tensors without giving them memory."""
    with torch.device("meta"):
        model = HappyHorseTransformer(config, torch.bfloat16)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    state = model.state_dict().values()
    return Holdings(parameters, len(state), sum(tensor.nbytes for tensor in state))


def footprint(config: HappyHorseConfig, tokens: int, pixels: int, text_bytes: int = 0) -> Footprint:
    """Estimate a clip's memory, within about a fifth for bfloat16 weights and the turbo decoder.

    Args:
        config: Sizes of the transformer.
        tokens: Tokens in one sequence.
        pixels: Pixels in one frame.
        text_bytes: Bytes of the text encoder's weights.
    """
    denoising = holdings(config).size_bytes + _layer_bytes(config, tokens)
    return Footprint(text_bytes, denoising, pixels * _DECODER_BYTES)


_DECODER_BYTES = 2 * 64 // 4 * 4 * 36
"""Bytes for each pixel: 64 channels in bfloat16 at half the size, four copies, of 36 frames."""


def _layer_bytes(config: HappyHorseConfig, tokens: int) -> int:
    """Estimate the bytes that a layer holds at once: residual stream, attention, one chunk of its MLP."""
    heads = config.hidden_size + 2 * config.num_query_groups * config.head_dim + config.num_heads
    stream = 3 * 4 * config.hidden_size  # before, after, and normalised
    attention = 3 * 4 * heads  # float32 and bfloat16 before rotation, and the same after it
    up = max(config.mlp_width(n) for n in range(config.num_layers)) * 2
    return tokens * (stream + attention) + min(tokens, MLP_CHUNK) * up * 8


def free_bytes(device: torch.device) -> int | None:
    """Return the bytes that are free on a device; None if it can't be known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_main_memory() if device.type == "cpu" else None


def free_main_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes left on the machine, or in the container if that is less; None if neither says.

    Args:
        root: Folder that holds `proc` and `sys`.
    """
    left = [*_machine_left(root / "proc/meminfo"), *_container_left(root)]
    return max(min(left), 0) if left else None


def _machine_left(meminfo: Path) -> Iterator[int]:
    if meminfo.is_file():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        yield int(lines["MemAvailable"].split()[0]) * 1024


def _container_left(root: Path) -> Iterator[int]:
    """Yield the bytes left in each control group around this process, from its own to the outermost."""
    groups = root / "proc/self/cgroup"
    for line in groups.read_text().splitlines() if groups.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files, mount = _V2, root / "sys/fs/cgroup"
        elif "memory" in controllers.split(","):
            files, mount = _V1, root / "sys/fs/cgroup/memory"
        else:
            continue
        # A container may be told its group's path outside, but see its own group as the mount itself.
        own = mount / path.strip("/")
        for folder in (own, *own.parents):
            yield from files.left(folder)
            if folder == mount:
                break


@dataclass(frozen=True)
class _GroupFiles:
    """Files of one version of control groups that hold memory limits and usage."""

    limit: str
    usage: str
    cache: str
    """Entry in memory.stat for file caches, which the kernel gives back before it refuses more."""

    def left(self, group: Path) -> Iterator[int]:
        """Yield the bytes left in a group, if it has a limit."""
        if not (group / self.limit).is_file() or not (group / self.usage).is_file():
            return
        limit = (group / self.limit).read_text().strip()
        if limit != "max":
            yield int(limit) - int((group / self.usage).read_text()) + self._cached(group / "memory.stat")

    def _cached(self, stat: Path) -> int:
        lines = stat.read_text().splitlines() if stat.is_file() else []
        return int(dict(line.split(" ", 1) for line in lines).get(self.cache, 0))


_V2 = _GroupFiles("memory.max", "memory.current", "inactive_file")
_V1 = _GroupFiles("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
