"""The small model's stages: a codec, the model and its students, and their scores.

Needs torch, numpy, scipy and safetensors only, and writes no file above 15 MiB.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch
from torch import Tensor

from generators.happyhorse.programme.stages import OutOfTime, Result, Stage, Workplace
from generators.happyhorse.toy.codecs import Codecs, shipped_codecs
from generators.happyhorse.toy.model import BASE, TOY, ToyModel, distilled_kind, load_model
from generators.happyhorse.training.cache import DeviceCache
from generators.happyhorse.training.clips import ClipSampler
from generators.happyhorse.training.codec_run import CodecRun, trained_codec
from generators.happyhorse.training.data import to_tensors
from generators.happyhorse.training.distill_step import begin_distill
from generators.happyhorse.training.dmd import Recipe
from generators.happyhorse.training.flow_step import begin_flow
from generators.happyhorse.training.held_out import HeldOut
from generators.happyhorse.training.loop import Pace, Report, fit, weights_path
from generators.happyhorse.training.processes import Processes
from generators.happyhorse.training.run import Run, Settings
from generators.happyhorse.training.scoring import SCORED_SEED, Scores, references, score
from generators.replacing import replacing
from generators.toyworld.referee.table import render_table
from generators.toyworld.world.examples import Split, example

_ENOUGH_DB = 34.0
_CHECKED_EVERY = 200
_HELD_OUT = 16
_CODEC_SEED = 3
_SAVE_MINUTES = 2.0


@dataclass(frozen=True)
class Amounts:
    """Amount of work in each stage."""

    codec_steps: int = 20_000
    codec_batch: int = 64
    clips: int = 40_000
    samples: int = 6_000_000
    batch: int = 1024
    updates: int = 3000
    distill_batch: int = 256
    students: tuple[int, ...] = (8, 4, 2)
    """Steps of the students, in the order in which they are made."""
    prompts: int = 256


REHEARSAL = Amounts(4, 2, 16, 16, 8, 2, 4, (2,), 2)
"""Every stage within seconds."""


class Context:
    """What the stages share."""

    def __init__(self, place: Workplace, amounts: Amounts) -> None:
        self.out, self.device, self.until = place.out, place.device, place.until
        self.place, self.amounts = place, amounts
        self.clips: DeviceCache | None = None
        """Encoded clips, once a stage has needed them."""


def small_stages(amounts: Amounts, place: Workplace) -> Iterator[Stage]:
    """Yield the stages in order; they share the clips that one of them has encoded."""
    context, inputs = Context(place, amounts), asdict(amounts)

    def stage(name: str, work: Callable[[Context], object]) -> Stage:
        def run(_place: Workplace) -> Result:
            return {"found": work(context)}

        return Stage(name, inputs, run)

    yield stage("codec", train_codec)
    yield stage("train", train_base)
    for steps in amounts.students:
        yield stage(f"distill {steps}", partial(distill_to, steps=steps))
    yield stage("referee", score_all)


def train_codec(context: Context) -> float:
    """Train the convolutional codec to 34 dB, and return the dB that it reaches.

    Raises:
        OutOfTime: the time is up before the codec is trained.
    """
    amounts, run = context.amounts, CodecRun(context.out, context.device)
    held_out = _frames(context, "held-out", range(_HELD_OUT))
    reached = run.psnr(held_out) if run.steps else 0.0
    while run.steps < amounts.codec_steps and reached < _ENOUGH_DB:
        first = run.steps * amounts.codec_batch
        frames = _frames(context, "train", range(first, first + amounts.codec_batch))
        run.advance(frames)
        late = time.monotonic() > context.until
        if late or run.steps % _CHECKED_EVERY == 0 or run.steps == amounts.codec_steps:
            run.codec.calibrate([frames])
            run.save()
            reached = run.psnr(held_out)
        if late:
            raise OutOfTime
    run.finish()
    return reached


def train_base(context: Context) -> int:
    """Train the base model, and return the number of samples that it saw."""
    codecs, amounts = _codecs(context), context.amounts
    config = replace(TOY, video_in_channels=4 * codecs.video.latent_channels)
    settings = Settings(samples=amounts.samples, batch=amounts.batch)
    processes = Processes(device=torch.device(context.device))
    run = begin_flow(settings, codecs.variances, processes, config)
    _fit(context, run, HeldOut(codecs, context.device, sheets=False))
    return run.samples


def distill_to(context: Context, steps: int) -> int:
    """Distill the base to a student of so many steps, and return its number of updates.

    The first student is warmed up; each later one starts as the one before it.
    """
    amounts = context.amounts
    teacher = _load(context, None)
    before = [more for more in amounts.students if more > steps]
    start = _load(context, before[-1]) if before else teacher
    recipe = Recipe(steps=steps, warm_up=0 if before else amounts.updates // 6)
    run = begin_distill(teacher, start, recipe, updates=amounts.updates, batch=amounts.distill_batch)
    _fit(context, run, None)
    return run.steps


def score_all(context: Context) -> str:
    """Score all models, write the table, and return it."""
    amounts, codecs = context.amounts, _codecs(context)
    examples = [example("held-out", SCORED_SEED, place) for place in range(amounts.prompts)]
    table: dict[str, Scores] = references(examples, codecs, broken=False)
    for kind in (BASE, *(distilled_kind(steps) for steps in amounts.students)):
        path = weights_path(context.out, kind)
        sampler = ClipSampler(*load_model(path, context.device), codecs)
        table[path.stem] = score(list(sampler.clips(examples)), examples)
        if kind.steps == amounts.students[0] and kind != BASE:
            cascade = replace(sampler, cascade=True)
            table[f"{path.stem} cascade"] = score(list(cascade.clips(examples)), examples)
    text = render_table(table)
    with replacing(context.out / "scores.txt") as draft:
        draft.write_text(f"{text}\n")
    return text


def _fit(context: Context, run: Run, report: Report | None) -> None:
    """Go on with a run; at its end, delete its state."""
    if context.clips is None:
        context.clips = DeviceCache(_codecs(context), context.amounts.clips, context.device)
    pace = Pace(context.until, save_minutes=_SAVE_MINUTES, report_minutes=_SAVE_MINUTES)
    if not fit(run, context.clips, context.out, pace, report):
        raise OutOfTime
    for file in run.files(context.out).values():
        file.unlink()


def _codecs(context: Context) -> Codecs:
    """Return the trained codec if it is good enough, else the shipped one."""
    shipped, trained = shipped_codecs(context.device), context.place.record("codec")
    if trained is None or trained["result"]["found"] < _ENOUGH_DB:
        return shipped
    codec = trained_codec(context.out, context.device)
    return Codecs(codec, shipped.audio, f"conv after {trained['date']}")


def _load(context: Context, steps: int | None) -> ToyModel:
    """Load a student, or the base for None."""
    kind = BASE if steps is None else distilled_kind(steps)
    return load_model(weights_path(context.out, kind), context.device)[0]


def _frames(context: Context, split: Split, places: range) -> Tensor:
    """Draw the frames of clips with one and two objects in turn (B, 3, T, H, W)."""
    clips = [example(split, _CODEC_SEED, place, 1 + place % 2) for place in places]
    frames, _ = to_tensors(clips, context.device)
    return frames
