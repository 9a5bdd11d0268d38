"""Print parameters, tokens, FLOPs, memory and the least time that a clip takes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.table import Table

from generators.base import InvalidInput
from generators.happyhorse.network import flops
from generators.happyhorse.network.config import SIZES, HappyHorseConfig, size
from generators.happyhorse.network.kinds import KINDS, CheckpointKind
from generators.happyhorse.network.memory import footprint
from generators.happyhorse.network.tokens import Layout, layout_for
from generators.happyhorse.network.transformer import HappyHorseTransformer

TERA = 10**12
RESOLUTIONS: dict[str, tuple[tuple[int, int], str | None]] = {
    "256p": ((448, 256), None),
    "540p": ((896, 512), "540p"),
    "1080p": ((1920, 1088), "1080p"),
}
"""Width and height in pixels, and the checkpoint that enlarges to them."""
FORWARDS = {"base": 2, "distilled": 1, "super_resolution": 1}
"""Looks at the network in each step, by sampler."""


@dataclass(frozen=True)
class Stage:
    """One checkpoint's part in a clip."""

    kind: CheckpointKind
    layout: Layout
    products: int
    """FLOPs of one forward."""
    attention: int
    """FLOPs of one forward."""
    memory_bytes: int
    """Of the weights and of one layer's work, estimated."""

    @property
    def forward(self) -> int:
        """FLOPs of one."""
        return self.products + self.attention

    @property
    def forwards(self) -> int:
        return self.kind.steps * FORWARDS[self.kind.sampler]

    @property
    def flops(self) -> int:
        """Of all forwards."""
        return self.forwards * self.forward


@dataclass(frozen=True)
class Holdings:
    """What a network consists of."""

    parameters: int
    keys: int
    size_bytes: int
    """With the large products in bfloat16, the rest in float32."""


def holdings(config: HappyHorseConfig) -> Holdings:
    """Counts the network's tensors without giving them memory."""
    with torch.device("meta"):
        model = HappyHorseTransformer(config, torch.bfloat16)
    state = model.state_dict()
    return Holdings(
        sum(p.numel() for p in model.parameters()), len(state), sum(t.nbytes for t in state.values())
    )


def stages(
    config: HappyHorseConfig, resolution: str, seconds: float, text: int, first: str = "distilled"
) -> Iterator[Stage]:
    """The stages of a clip: 256p by the first checkpoint, then super-resolution if asked for."""
    enlarged_by = RESOLUTIONS[resolution][1]
    for name in (first, enlarged_by):
        if name is None:
            continue
        kind = KINDS[name]
        own = kind.configure(config)
        width, height = RESOLUTIONS[name if name == enlarged_by else "256p"][0]
        layout = layout_for(seconds, width, height, text)
        products, attention = flops.products(own, layout), flops.attention(own, layout, kind.window)
        memory = footprint(own, layout.total, width * height).denoising
        yield Stage(kind, layout, products, attention, memory)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `info`."""
    parser.add_argument("--size", default="15b", choices=SIZES, help="the network (default: %(default)s)")
    parser.add_argument("--resolution", default="256p", choices=RESOLUTIONS, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="the clip's duration (default: %(default)s)"
    )
    parser.add_argument("--text", type=int, default=400, metavar="TOKENS", help="default: %(default)s")
    parser.add_argument("--first", default="distilled", choices=("base", "distilled"), help="the first stage")
    parser.add_argument("--tflops", type=float, default=790.0, help="sustained TFLOP/s (default: one H200's)")


def run(args: argparse.Namespace) -> int:
    """Prints the tables.

    Raises:
        InvalidInput: A number is out of range.
    """
    if args.text < 0:
        raise InvalidInput(f"text must be 0 tokens or more; got {args.text}.")
    if not 0 < args.tflops < math.inf:
        raise InvalidInput(f"tflops must be a positive number; got {args.tflops}.")
    config, console = size(args.size), Console()
    held = holdings(config)
    console.print(f"{args.size}: {held.parameters:,} parameters in {held.keys} keys")
    console.print(f"{held.size_bytes:,} bytes, {flops.product_parameters(config):,} parameters per token")
    found = list(stages(config, args.resolution, args.seconds, args.text, args.first))
    console.print(_table(found, args.tflops))
    total = sum(stage.flops for stage in found) / TERA
    console.print(f"{args.resolution}, {args.seconds:g} s: {total:,.1f} TFLOP in the transformer")
    console.print(f"At {args.tflops:g} TFLOP/s it takes {total / args.tflops:.2f} s or longer")
    return 0


def _table(stages: list[Stage], tflops: float) -> Table:
    """A column for each stage."""
    table = Table("", *(stage.kind.name for stage in stages))
    rows: dict[str, Callable[[Stage], str]] = {
        "video tokens": lambda stage: f"{stage.layout.video:,}",
        "audio tokens": lambda stage: f"{stage.layout.audio:,}",
        "text tokens": lambda stage: f"{stage.layout.text:,}",
        "tokens": lambda stage: f"{stage.layout.total:,}",
        "products, TFLOP": lambda stage: f"{stage.products / TERA:,.1f}",
        "attention, TFLOP": lambda stage: f"{stage.attention / TERA:,.1f}",
        "memory, GB": lambda stage: f"{stage.memory_bytes / 1e9:,.1f}",
        "one forward, TFLOP": lambda stage: f"{stage.forward / TERA:,.1f}",
        "forwards": lambda stage: f"{stage.forwards}",
        "all forwards, TFLOP": lambda stage: f"{stage.flops / TERA:,.1f}",
        "least time, s": lambda stage: f"{stage.flops / TERA / tflops:.2f}",
    }
    for heading, read in rows.items():
        table.add_row(heading, *map(read, stages))
    return table
