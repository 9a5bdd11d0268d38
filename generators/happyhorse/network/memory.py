"""How much memory a clip will take at its worst moment, how much there is, and what would fit."""

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
    """Bytes that a clip takes while one stage after the other holds memory."""

    text: int
    """The text encoder's weights."""
    denoising: int
    """The transformer's weights, and the largest of what a layer holds at once."""
    decoding: int
    """The decoder's widest layer over one window of frames."""

    @property
    def peak(self) -> int:
        return max(self.text, self.denoising, self.decoding)

    @property
    def worst(self) -> str:
        """The stage that takes most."""
        return max(vars(self), key=lambda stage: int(getattr(self, stage)))


def footprint(config: HappyHorseConfig, tokens: int, pixels: int, text_bytes: int = 0) -> Footprint:
    """An estimate, within about a fifth for bfloat16 weights and the turbo decoder.

    Args:
        config: The transformer's sizes.
        tokens: In one sequence.
        pixels: Of one frame.
        text_bytes: The text encoder's weights.
    """
    return Footprint(text_bytes, weight_bytes(config) + _layer_bytes(config, tokens), pixels * _DECODER_BYTES)


_DECODER_BYTES = 2 * 64 // 4 * 4 * 36
"""For each pixel: 64 channels in bfloat16 at half the size, four copies, of 36 frames."""


@functools.cache
def weight_bytes(config: HappyHorseConfig) -> int:
    """Of the transformer as it is loaded: bfloat16 in the large products, float32 elsewhere."""
    with torch.device("meta"):
        network = HappyHorseTransformer(config, torch.bfloat16)
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def _layer_bytes(config: HappyHorseConfig, tokens: int) -> int:
    heads = config.hidden_size + 2 * config.num_query_groups * config.head_dim + config.num_heads
    stream = 3 * 4 * config.hidden_size  # before, after, and normalised
    attention = 3 * 4 * heads  # float32 and bfloat16 before rotation, and the same after it
    up = max(config.mlp_width(n) for n in range(config.num_layers)) * 2
    return tokens * (stream + attention) + min(tokens, MLP_CHUNK) * up * 8


def free_bytes(device: torch.device) -> int | None:
    """Memory that can be taken on a device; None where it can't be known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_main_memory() if device.type == "cpu" else None


def free_main_memory(root: Path = Path("/")) -> int | None:
    """What the machine has left, or the container if that is less; None where neither is told.

    Args:
        root: Where `/proc` and `/sys` are.
    """
    left = [*_machine_left(root / "proc/meminfo"), *_container_left(root)]
    return max(min(left), 0) if left else None


def _machine_left(meminfo: Path) -> Iterator[int]:
    if meminfo.is_file():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        yield int(lines["MemAvailable"].split()[0]) * 1024


def _container_left(root: Path) -> Iterator[int]:
    """What each control group around this process has left, from its own to the outermost."""
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
    """Where one version of control groups says how much memory is allowed, and taken."""

    limit: str
    usage: str
    cache: str
    """In memory.stat: what the kernel gives back before it refuses more."""

    def left(self, group: Path) -> Iterator[int]:
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
