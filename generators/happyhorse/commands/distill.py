"""Distill a trained model to students of 8, then 4, then 2 steps.

A run that was stopped goes on where it stopped:

    python -m generators.happyhorse distill --base runs/base/base.safetensors --out runs/base --minutes 60
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from generators.devices import find_device
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.training.arguments import make_folder
from generators.happyhorse.training.cache import LatentCache
from generators.happyhorse.training.distill_step import begin_distill, distill_settings
from generators.happyhorse.training.dmd import Recipe
from generators.happyhorse.training.loop import Pace, deadline, fit
from generators.happyhorse.training.processes import require_one_process, use_threads


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument("--base", type=Path, required=True, help="base.safetensors, made by `train`")
    parser.add_argument("--start", type=Path, help="weights that the first student starts as (default: base)")
    parser.add_argument("--cache", type=Path, help="folder of encoded clips (default: beside the base)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the states, weights and log")
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[8, 4, 2], help="steps of each student, made in this order"
    )
    parser.add_argument(
        "--updates",
        type=int,
        default=3000,
        help="updates in the warm-up, then of the fake network (default: %(default)s)",
    )
    parser.add_argument("--warm-up", type=int, default=0, help="first updates, on guidance alone")
    parser.add_argument("--batch", type=int, default=48, help="samples in an update")
    parser.add_argument(
        "--ratio", type=int, default=5, help="updates of the fake network for each update of the student"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gan", type=float, default=0.0, help="weight of the adversarial loss")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--bfloat16", action="store_true", help="faster on a CPU with AVX-512 BF16 or AMX")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))


def run(args: Namespace) -> int:
    """Distill until all students are made or the time is up.

    Raises:
        InvalidInput: An option is out of range; nothing is written.
    """
    require_one_process("distill")
    find_device(args.device)
    recipes = [
        Recipe(steps=steps, warm_up=args.warm_up, ratio=args.ratio, gan=args.gan) for steps in args.steps
    ]
    distill_settings(args.updates, args.batch, args.seed)
    pace = Pace(deadline(args.minutes))
    use_threads(args.threads)
    teacher, _ = load_model(args.base, args.device)
    start = teacher if args.start is None else load_model(args.start, args.device)[0]
    clips = LatentCache(args.cache or args.base.parent / "cache")
    make_folder("out", args.out)
    for recipe in recipes:
        training = begin_distill(
            teacher,
            start,
            recipe,
            updates=args.updates,
            batch=args.batch,
            seed=args.seed,
            bfloat16=args.bfloat16,
        )
        if not fit(training, clips, args.out, pace):
            break
        start = training.mean_model()
    return 0
