"""The small model's stages: the model and its students, and their scores.

Needs torch, numpy, scipy and safetensors only, and writes no file above 15 MiB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch

from generators.happyhorse.programme.stages import OutOfTime, Result, Stage, Workplace
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.model import BASE, ToyModel, distilled_kind, load_model
from generators.happyhorse.training.cache import DeviceCache
from generators.happyhorse.training.clips import ClipSampler
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
from generators.toyworld.world.examples import example

_SAVE_MINUTES = 2.0


@dataclass(frozen=True)
class Amounts:
    """Amount of work in each stage."""

    clips: int = 40_000
    samples: int = 6_000_000
    batch: int = 1024
    updates: int = 3000
    distill_batch: int = 256
    students: tuple[int, ...] = (8, 4, 2)
    """Steps of the students, in the order in which they are made."""
    prompts: int = 256


REHEARSAL = Amounts(16, 16, 8, 2, 4, (2,), 2)
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

    yield stage("train", train_base)
    for steps in amounts.students:
        yield stage(f"distill {steps}", partial(distill_to, steps=steps))
    yield stage("referee", score_all)


def train_base(context: Context) -> int:
    """Train the base model, and return the number of samples that it saw."""
    codecs, amounts = shipped_codecs(context.device), context.amounts
    settings = Settings(samples=amounts.samples, batch=amounts.batch)
    processes = Processes(device=torch.device(context.device))
    run = begin_flow(settings, codecs.variances, processes)
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
    amounts, codecs = context.amounts, shipped_codecs(context.device)
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
        codecs = shipped_codecs(context.device)
        context.clips = DeviceCache(codecs, context.amounts.clips, context.device)
    pace = Pace(context.until, save_minutes=_SAVE_MINUTES, report_minutes=_SAVE_MINUTES)
    if not fit(run, context.clips, context.out, pace, report):
        raise OutOfTime
    for file in run.files(context.out).values():
        file.unlink()


def _load(context: Context, steps: int | None) -> ToyModel:
    """Load a student, or the base for None."""
    kind = BASE if steps is None else distilled_kind(steps)
    return load_model(weights_path(context.out, kind), context.device)[0]
