"""Train the toy model on the toy world by flow matching.

It runs on CPUs, on one GPU or on several. A run that was stopped goes on where it stopped:

    python -m generators.happyhorse train --out runs/base --minutes 60
    torchrun --nproc-per-node 2 -m generators.happyhorse train --out runs/base --minutes 60
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from generators.base import InvalidInput
from generators.devices import find_device
from generators.happyhorse.toy.codecs import Codecs, shipped_codecs
from generators.happyhorse.toy.model import TOY, load_model
from generators.happyhorse.training.arguments import make_folder
from generators.happyhorse.training.cache import LatentCache, Recipe, fill_cache
from generators.happyhorse.training.flow_step import begin_flow, compile_layers
from generators.happyhorse.training.held_out import HeldOut
from generators.happyhorse.training.loop import Pace, deadline, fit
from generators.happyhorse.training.optimisers import Rates
from generators.happyhorse.training.processes import Processes, joined, use_threads
from generators.happyhorse.training.run import Settings
from generators.happyhorse.training.transfer import transferred

_TOLD_EVERY = 1024


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="folder for the state, weights and log")
    parser.add_argument("--start", type=Path, help="weights to start from (default: random ones)")
    parser.add_argument("--new-codecs", action="store_true", help="leave the codecs of --start's weights")
    parser.add_argument("--cache", type=Path, help="folder for encoded clips (default: in --out)")
    parser.add_argument("--clips", type=int, default=24_000, help="number of clips (default: %(default)s)")
    parser.add_argument("--objects", type=int, choices=(1, 2), default=1, help="objects in each clip")
    parser.add_argument(
        "--samples", type=int, default=300_000, help="samples in the whole run (default: %(default)s)"
    )
    parser.add_argument(
        "--batch", type=int, default=48, help="samples in a step, over all processes (default: %(default)s)"
    )
    parser.add_argument("--muon-rate", type=float, default=Rates.muon, help="highest learning rate of Muon")
    parser.add_argument("--adam-rate", type=float, default=Rates.adam, help="highest learning rate of AdamW")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--save-minutes", type=float, default=5.0, help="minutes between saved states")
    parser.add_argument("--report-minutes", type=float, default=15.0, help="minutes between learning curves")
    parser.add_argument("--no-sheets", action="store_true", help="make no sample sheets")
    parser.add_argument("--threads", type=int, help="CPU threads of each process")
    parser.add_argument("--bfloat16", action="store_true", help="faster on a CPU with AVX-512 BF16 or AMX")
    parser.add_argument("--compile", action="store_true", help="a third faster after some minutes")
    parser.add_argument("--shard", action="store_true", help="spread the weights over processes by FSDP2")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))


def run(args: Namespace) -> int:
    """Train until all samples were seen or the time is up.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    find_device(args.device)
    if args.new_codecs and args.start is None:
        raise InvalidInput("new-codecs must come with start; got no start. Name the weights to start from.")
    rates = Rates(muon=args.muon_rate, adam=args.adam_rate)
    settings = Settings(args.samples, args.batch, args.seed, rates, bfloat16=args.bfloat16)
    pace = Pace(deadline(args.minutes), args.save_minutes, args.report_minutes)
    start = None if args.start is None else load_model(args.start)[0]
    codecs = shipped_codecs(config=TOY if start is None or args.new_codecs else start.config)
    codecs.require_objects(args.objects)
    recipe = Recipe("train", args.seed, args.clips, args.objects, codecs.digest)
    use_threads(args.threads)
    make_folder("out", args.out)
    if start is not None and args.new_codecs:
        torch.manual_seed(args.seed)
        start = transferred(start, TOY, codecs.variances)
    with joined(args.device, args.shard) as processes:
        training = begin_flow(settings, codecs.variances, processes, start=start)
        if args.compile:
            compile_layers(training.step.model)
        clips = _clips(args.cache or args.out / "cache", recipe, codecs, processes)
        report = HeldOut(codecs, processes.device.type, sheets=not args.no_sheets)
        # Encoding clips doesn't count towards the minutes.
        fit(training, clips, args.out, replace(pace, until=deadline(args.minutes)), report)
    return 0


def _clips(folder: Path, recipe: Recipe, codecs: Codecs, processes: Processes) -> LatentCache:
    """Return the encoded clips; the first process encodes them, while the others wait."""
    if processes.first:
        fill_cache(folder, recipe, codecs.video, codecs.audio, _counting(recipe.count))
    processes.wait()
    return LatentCache(folder)


def _counting(clips: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done % _TOLD_EVERY == 0 or done == clips:
            print(f"{done} of {clips} clips encoded", flush=True)  # noqa: T201  (a command's progress)

    return tell
