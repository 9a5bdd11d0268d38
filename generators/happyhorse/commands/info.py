"""Print parameters, tokens, FLOPs, memory and the least time that a clip takes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from generators.base import InvalidInput
from generators.happyhorse.network import flops
from generators.happyhorse.network.config import SIZES, HappyHorseConfig, size
from generators.happyhorse.network.facts import (
    FLOPS_PER_S,
    PRECISIONS,
    RESOLUTIONS,
    USUAL_TEXT_TOKENS,
    Precision,
)
from generators.happyhorse.network.kinds import KINDS, CheckpointKind, usual_resolution
from generators.happyhorse.network.memory import footprint, holdings
from generators.happyhorse.network.tokens import Layout, layout_for
from generators.happyhorse.pipeline.request import FIRST_STAGES

TERA = 10**12
FORWARDS = {"base": 2, "distilled": 1, "super_resolution": 1}
"""Forwards in each step, by sampler."""


@dataclass(frozen=True)
class Stage:
    """Cost of one checkpoint's share in a clip."""

    kind: CheckpointKind
    layout: Layout
    products: int
    """FLOPs of one forward in products."""
    attention: int
    """FLOPs of one forward in attention."""
    memory_bytes: int
    """Estimated bytes of the weights and of one layer's tensors."""

    @property
    def forward(self) -> int:
        """FLOPs of one forward."""
        return self.products + self.attention

    @property
    def forwards(self) -> int:
        """Number of forwards."""
        return self.kind.steps * FORWARDS[self.kind.sampler]

    @property
    def flops(self) -> int:
        """FLOPs of all forwards."""
        return self.forwards * self.forward


def stages(
    config: HappyHorseConfig,
    resolution: str,
    seconds: float,
    text: int,
    first: str = "distilled",
    precision: Precision = "bf16",
) -> Iterator[Stage]:
    """Yield the cost of each stage: 256p by the first checkpoint, then super-resolution if asked for.

    Args:
        config: Sizes of the network.
        resolution: Name of the clip's resolution.
        seconds: Duration of the clip.
        text: Text tokens.
        first: Kind of checkpoint of the first stage.
        precision: Type of the large products' weights.

    Raises:
        InvalidInput: No clip has this duration.
    """
    for name in (first, resolution):
        if name not in KINDS:  # 256p takes no second stage
            continue
        kind = KINDS[name]
        own, (width, height) = kind.configure(config), usual_resolution(name)
        layout = layout_for(seconds, width, height, text)
        yield Stage(
            kind,
            layout,
            products=flops.products(own, layout),
            attention=flops.attention(own, layout, kind.window),
            memory_bytes=footprint(own, layout.total, width * height, precision=precision).denoising,
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--size", default="15b", choices=SIZES, help="the network (default: %(default)s)")
    parser.add_argument("--resolution", default="256p", choices=RESOLUTIONS, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="the clip's duration (default: %(default)s)"
    )
    parser.add_argument(
        "--text", type=int, default=USUAL_TEXT_TOKENS, metavar="TOKENS", help="default: %(default)s"
    )
    parser.add_argument("--precision", choices=PRECISIONS, default="bf16", help="of the large products")
    parser.add_argument("--first", default="distilled", choices=FIRST_STAGES, help="the first stage")
    parser.add_argument(
        "--tflops",
        type=float,
        default=FLOPS_PER_S / TERA,
        help="sustained TFLOP/s (default: one H200's)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the tables.

    Raises:
        InvalidInput: A number is out of range.
    """
    if args.text < 0:
        raise InvalidInput(f"text must be 0 tokens or more; got {args.text}.")
    if not 0 < args.tflops < math.inf:
        raise InvalidInput(f"tflops must be a positive number; got {args.tflops}.")
    config, console = size(args.size), Console()
    held = holdings(config, args.precision)
    console.print(f"{args.size}: {held.parameters:,} parameters in {held.keys} keys")
    console.print(f"{held.size_bytes:,} bytes, {flops.product_parameters(config):,} parameters per token")
    found = list(stages(config, args.resolution, args.seconds, args.text, args.first, args.precision))
    console.print(_table(found, args.tflops))
    total = sum(stage.flops for stage in found) / TERA
    console.print(f"{args.resolution}, {args.seconds:g} s: {total:,.1f} TFLOP in the transformer")
    console.print(f"At {args.tflops:g} TFLOP/s it takes {total / args.tflops:.2f} s or longer")
    return 0


def _table(stages: list[Stage], tflops: float) -> Table:
    """Lay out the stages' costs, one column each."""
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
