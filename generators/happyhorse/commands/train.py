"""Train the toy model on the toy world by flow matching.

It runs on CPUs, on one GPU or on several. A run that was stopped goes on where it stopped:

    python -m generators.happyhorse train --out runs/base --minutes 60
    torchrun --nproc-per-node 2 -m generators.happyhorse train --out runs/base --minutes 60
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.sampling.preconditioning import Variances
from generators.happyhorse.toy.codecs import Codecs, shipped_codecs
from generators.happyhorse.toy.model import BASE, TOY, ToyModel, save_model
from generators.happyhorse.training.cache import EncodedBatch, Recipe, encode_clips, fill_cache
from generators.happyhorse.training.clips import ClipSampler
from generators.happyhorse.training.flow import learning_curve
from generators.happyhorse.training.optimisers import Rates
from generators.happyhorse.training.processes import Processes, joined
from generators.happyhorse.training.run import Clips, Run, Settings
from generators.toyworld.world.examples import example

STATE, WEIGHTS, LOG = "state.pt", "base.safetensors", "log.jsonl"
HELD_OUT_SEED = 1
_LOG_STEPS = 50
_CURVE_CLIPS = 128
_SHEET_CLIPS = 6


@dataclass(frozen=True)
class Pace:
    """When to stop and to take note, in minutes of wall-clock time."""

    stop: float = float("inf")
    save: float = 5.0
    report: float = 15.0
    """Between learning curves on held-out clips, with a sample sheet if wanted."""
    sheets: bool = True


def add_arguments(parser: ArgumentParser) -> None:
    """Declares what `run` reads."""
    parser.add_argument("--out", type=Path, required=True, help="a folder for the state, weights and log")
    parser.add_argument("--cache", type=Path, help="a folder for encoded clips (default: in --out)")
    parser.add_argument("--clips", type=int, default=24_000, help="how many (default: %(default)s)")
    parser.add_argument("--objects", type=int, choices=(1, 2), default=1)
    parser.add_argument(
        "--samples", type=int, default=300_000, help="of the whole run (default: %(default)s)"
    )
    parser.add_argument("--batch", type=int, default=48, help="over all processes (default: %(default)s)")
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--report-minutes", type=float, default=15.0)
    parser.add_argument("--no-sheets", action="store_true", help="make no sample sheets")
    parser.add_argument("--threads", type=int, help="of each process")
    parser.add_argument("--compile", action="store_true", help="minutes first, then a third faster")
    parser.add_argument("--shard", action="store_true", help="spread the weights over processes by FSDP2")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))


def run(args: Namespace) -> int:
    """Trains until all samples were seen or the time is up."""
    if args.threads:
        torch.set_num_threads(args.threads)
    rates = Rates(muon=args.muon_rate, adam=args.adam_rate)
    settings = Settings(samples=args.samples, batch=args.batch, seed=args.seed, rates=rates)
    pace = Pace(args.minutes, args.save_minutes, args.report_minutes, not args.no_sheets)
    codecs = shipped_codecs()
    recipe = Recipe("train", args.seed, args.clips, args.objects, codecs.digest)
    with joined(args.device, args.shard) as processes:
        args.out.mkdir(parents=True, exist_ok=True)
        folder = args.cache or args.out / "cache"
        if processes.first:
            fill_cache(folder, recipe, codecs.video, codecs.audio, _count(args.clips))
        processes.wait()
        clips = fill_cache(folder, recipe, codecs.video, codecs.audio)
        training = begin(settings, codecs.variances, processes, args.out / STATE)
        if args.compile:
            _compile(training.model)
        fit(training, clips, codecs, args.out, pace)
    return 0


def _compile(model: ToyModel) -> None:
    """Layer by layer, as most are alike; each again for each of the four kinds of batch."""
    torch._dynamo.config.recompile_limit = 4 * model.config.num_layers
    for layer in model.transformer.layers:
        layer.compile(dynamic=False)


def begin(
    settings: Settings,
    variances: Variances,
    processes: Processes,
    state: Path,
    config: HappyHorseConfig = TOY,
) -> Run:
    """A run from its state if there is one, else from fresh weights, the same in every process."""
    torch.manual_seed(settings.seed)
    training = Run(ToyModel(config, variances).to(processes.device), settings, processes)
    if state.exists():
        training.load(state)
    return training


def fit(training: Run, clips: Clips, codecs: Codecs, out: Path, pace: Pace) -> None:
    """Takes steps until the end of the run or of the time; writes state, weights, log and sheets."""
    recipe = Recipe("held-out", HELD_OUT_SEED, _CURVE_CLIPS, 1, codecs.digest)
    device = training.processes.device.type
    held_out = encode_clips(range(_CURVE_CLIPS), recipe, codecs.video, codecs.audio, device)
    report = _Report(training, held_out, codecs, out, pace)
    started = saved = reported = time.monotonic()
    while training.done < 1 and not training.processes.agree(time.monotonic() - started > 60 * pace.stop):
        found, norm = training.step(clips)
        report.note([None if error is None else float(error.mean()) for error in found], norm)
        if training.processes.agree(time.monotonic() - saved > 60 * pace.save):
            saved = time.monotonic()
            report.save()
        if training.processes.agree(time.monotonic() - reported > 60 * pace.report):
            reported = time.monotonic()
            report.look()
    report.save()
    report.look()


class _Report:
    """Writes down how a run goes; only the first process does."""

    def __init__(self, training: Run, held_out: EncodedBatch, codecs: Codecs, out: Path, pace: Pace) -> None:
        self.training, self.codecs, self.out, self.pace = training, codecs, out, pace
        self.held_out = EncodedBatch(*(part.to(training.processes.device) for part in held_out))
        self._losses: list[tuple[float, float]] = []
        self._norms: list[float] = []
        self._since = time.monotonic()

    def note(self, losses: list[float | None], norm: float) -> None:
        """Takes in a step, and writes a line now and then."""
        self._losses.append(tuple(float("nan") if loss is None else loss for loss in losses))  # type: ignore[arg-type]  # two
        self._norms.append(norm)
        if len(self._norms) == _LOG_STEPS:
            seconds, steps = time.monotonic() - self._since, len(self._norms)
            video, audio = np.nanmean(np.array(self._losses), axis=0)
            rate = steps * self.training.settings.batch / seconds
            self._write(video=video, audio=audio, norm=np.mean(self._norms), samples_per_s=rate)
            self._losses, self._norms, self._since = [], [], time.monotonic()

    def save(self) -> None:
        """Writes the state and the mean weights."""
        self.training.save(self.out / STATE)
        if self.training.processes.first:
            settings = self.training.settings
            notes = {"samples": self.training.samples, "seed": settings.seed, "batch": settings.batch}
            save_model(self.training.mean_model(), BASE, self.out / WEIGHTS, **notes)

    def look(self) -> None:
        """Writes the learning curve on held-out clips, and a sample sheet if wanted."""
        if not self.training.processes.first:
            return
        model = self.training.mean_model()
        self._write(
            **{f"held_out_{name}": curve for name, curve in learning_curve(model, self.held_out).items()}
        )
        if self.pace.sheets:
            from generators.toyworld.referee.sheets import write_sheet  # a GPU's machine may lack Pillow

            examples = [example("held-out", HELD_OUT_SEED, place) for place in range(_SHEET_CLIPS)]
            clips = list(ClipSampler(model, replace(BASE, steps=16), self.codecs).clips(examples))
            name = f"sheet-{self.training.samples:08}.png"
            write_sheet(self.out / name, clips, [item.caption for item in examples])

    def _write(self, **values: object) -> None:
        if not self.training.processes.first:
            return
        line = {"samples": self.training.samples, **{key: _rounded(value) for key, value in values.items()}}
        with (self.out / LOG).open("a") as log:
            log.write(json.dumps(line) + "\n")


def _rounded(value: object) -> object:
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.4g}")


def _count(clips: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done % 1024 == 0 or done == clips:
            print(f"{done} of {clips} clips encoded", flush=True)  # noqa: T201  (a command's progress)

    return tell
