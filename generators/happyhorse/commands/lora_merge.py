"""Merge low-rank additions (LoRA) into a checkpoint, or take them out again.

python -m generators.happyhorse lora-merge --lora style.safetensors=0.8 --out merged
python -m generators.happyhorse sample --size 15b --transformer-folder merged --prompt "..."
python -m generators.happyhorse lora-merge --unmerge --lora style.safetensors=0.8 --out plain ...
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch

from generators.base import InvalidInput
from generators.happyhorse.adaptation.lora import merge, products
from generators.happyhorse.adaptation.lora_files import read_lora, read_strength
from generators.happyhorse.network.config import SIZES, size
from generators.happyhorse.network.kinds import KINDS, kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.training.arguments import make_folder
from generators.happyhorse.weights.checkpoint import load_transformer, save_transformer
from generators.happyhorse.weights.released import Release


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--lora", action="append", required=True, metavar="FILE[=STRENGTH]")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new checkpoint")
    parser.add_argument("--unmerge", action="store_true", help="subtract; exact up to the weights' rounding")
    parser.add_argument("--size", choices=tuple(SIZES), default="15b")
    parser.add_argument("--kind", choices=tuple(KINDS), default="distilled")
    parser.add_argument("--transformer-folder", type=Path, help="default: the hub's cache")


def run(args: Namespace) -> int:
    """Write the checkpoint with the additions in its weights, or without them.

    Raises:
        GenerationError: A file is missing, damaged or another network's; nothing is written.
        InvalidInput: The new checkpoint would replace the old one.
    """
    loras = [read_strength(text) for text in args.lora]
    config = kind(args.kind).configure(size(args.size))
    with torch.device("meta"):
        known = products(HappyHorseTransformer(config))
    read = [(read_lora(path, known), -by if args.unmerge else by) for path, by in loras]
    source = args.transformer_folder or Release(kind=args.kind, size=args.size).checkpoint(args.kind)
    if args.out.resolve() == Path(source).resolve():
        raise InvalidInput(f"out must be another folder than the checkpoint's; got {args.out}.")
    model = load_transformer(source, config)
    for additions, by in read:
        merge(model, {name: addition.times(by) for name, addition in additions.items()})
    make_folder("out", args.out)
    save_transformer(model, args.out)
    done = "without" if args.unmerge else "with"
    print(f"{args.out}: {args.kind} checkpoint {done} {len(loras)} LoRA")  # noqa: T201
    return 0
