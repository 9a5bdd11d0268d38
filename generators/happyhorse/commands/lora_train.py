"""Train low-rank additions (LoRA) on a folder of clips with captions.

The folder holds NAME.mp4 beside NAME.txt. A run that was stopped goes on where it stopped:

    python -m generators.happyhorse lora-train --clips DIR --out mine.safetensors --steps 500
    python -m generators.happyhorse sample --lora mine.safetensors --prompt "..." --out clip.mp4
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from generators.base import InvalidInput
from generators.devices import find_device
from generators.happyhorse.adaptation.clips import encode_clips, find_clips
from generators.happyhorse.adaptation.lora_files import write_lora
from generators.happyhorse.adaptation.training import LoraRun, Settings
from generators.happyhorse.hub import PARTS
from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.facts import PRECISIONS, RESOLUTIONS
from generators.happyhorse.pipeline.request import FIRST_STAGES
from generators.happyhorse.training.arguments import require_positive, require_whole, require_writable
from generators.happyhorse.training.loop import deadline
from generators.happyhorse.weights.choice import ModelChoice, Weights

_SAVED_EVERY_S = 120.0
_USUAL = RESOLUTIONS["256p"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--clips", type=Path, required=True, help="folder of NAME.mp4 beside NAME.txt")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file of the additions")
    parser.add_argument("--cache", type=Path, help="folder for encoded clips (default: beside --out)")
    parser.add_argument("--steps", type=int, default=500, help="default: %(default)s")
    parser.add_argument("--rank", type=int, default=Settings.rank, help="default: %(default)s")
    parser.add_argument("--alpha", type=float, help="default: the rank")
    parser.add_argument("--rate", type=float, default=Settings.rate, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=Settings.batch, help="clips in a step")
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    most = _USUAL.width * _USUAL.height
    parser.add_argument("--pixels", type=int, default=most, help="most pixels of a frame (%(default)s)")
    model = parser.add_argument_group("the model")
    model.add_argument("--size", choices=tuple(SIZES), default="toy")
    model.add_argument("--kind", choices=FIRST_STAGES, default="base")
    model.add_argument("--precision", choices=PRECISIONS, default="bf16", help="of the weights that stay")
    model.add_argument("--device", help="cpu, cuda, cuda:1, … (default: the GPU if there is one)")
    model.add_argument("--random-weights", action="store_true", help="a trial without weights")
    for part in PARTS:
        model.add_argument(f"--{part}-folder", type=Path, help="default: the hub's cache")


def run(args: Namespace) -> int:
    """Train until all steps are done or the time is up, and write the additions.

    Raises:
        GenerationError: An option, a clip or a caption can't be used; nothing is written.
    """
    until = deadline(args.minutes)
    settings = _settings(args)
    clips = find_clips(args.clips)
    choice = _choice(args)
    find_device(choice.device)
    parts = choice.parts()
    cache = args.cache or args.out.with_suffix(".cache")
    examples = encode_clips(clips, parts, cache, args.pixels)
    training = LoraRun(parts, examples, settings)
    state = args.out.with_suffix(".state.pt")
    if state.exists():
        training.load(state)
    loss = _train(training, args.steps, until, state)
    write_lora(training.additions, args.out)
    ending = "done" if training.steps >= args.steps else "more to do: run it again"
    print(f"{args.out}: {training.steps} of {args.steps} steps, loss {loss:.4f}, {ending}")  # noqa: T201
    return 0


def _settings(args: Namespace) -> Settings:
    require_whole("steps", args.steps)
    require_whole("batch", args.batch)
    require_whole("pixels", args.pixels)
    require_whole("seed", args.seed, 0)
    require_positive("rate", args.rate)
    require_writable("out", args.out)
    if args.out.suffix != ".safetensors":
        raise InvalidInput(f"out must end in .safetensors; got {args.out.name}.")
    alpha = float(args.rank) if args.alpha is None else args.alpha
    return Settings(args.rank, alpha, args.rate, args.batch, args.seed)


def _choice(args: Namespace) -> ModelChoice:
    own: Weights = "shipped" if args.size == "toy" else "released"
    named = {part: getattr(args, f"{part}_folder") for part in PARTS}
    return ModelChoice(
        weights="random" if args.random_weights else own,
        size=args.size,
        kind=args.kind,
        precision=args.precision,
        device=args.device,
        folders={part: folder for part, folder in named.items() if folder is not None},
    )


def _train(training: LoraRun, steps: int, until: float, state: Path) -> float:
    """Train and save the state now and then; return the mean loss of the steps, or NaN if there were none."""
    losses, saved = [], time.monotonic()
    while training.steps < steps and time.monotonic() < until:
        losses.append(training.advance())
        if time.monotonic() - saved > _SAVED_EVERY_S:
            training.save(state)
            saved = time.monotonic()
    training.save(state)
    return sum(losses) / len(losses) if losses else float("nan")
