"""Everything that needs a GPU, stage by stage: a codec, the toy model and its students, scores, and times.

Each stage is a function of a `Context`. Its result is kept in a note, so a later call goes on with the first
stage that is not done. Needs torch, numpy, scipy and safetensors only, and writes no file above 15 MiB.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generators.happyhorse.sampling.timing import STAGES, Timing, time_stage
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

_NOTE = "programme.json"
_TIMES_SO_FAR = "times so far"
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
    timed: str = "15b"
    """Size of the network that is timed."""
    stages: tuple[str, ...] = tuple(STAGES)
    """Names of the timed stages."""
    compiled: tuple[bool, ...] = (False, True)


REHEARSAL = Amounts(4, 2, 16, 16, 8, 2, 4, (2,), 2, "tiny", ("256p, 8 steps",), (False,))
"""Every stage within seconds."""


class OutOfTime(Exception):
    """The time is up, and everything so far has been written."""


@dataclass
class Context:
    """Inputs of the stages, and what they share."""

    out: Path
    """Folder of all files; it exists."""
    amounts: Amounts
    device: str
    until: float
    """Time on the monotonic clock at which to stop, in seconds."""
    note: dict[str, Any] = field(default_factory=dict)
    """Result, date and machine of each stage that is done, by name."""
    clips: DeviceCache | None = None
    """Encoded clips, once a stage has needed them."""

    def require_time(self) -> None:
        """Raise OutOfTime if the time is up."""
        if time.monotonic() > self.until:
            raise OutOfTime


Stage = Callable[[Context], object]
"""Function that does its work and returns a result that JSON can hold, or raises OutOfTime."""


def reproduce(out: Path, amounts: Amounts, device: str, until: float) -> bool:
    """Run the stages that are not done yet, until the end or until the time is up.

    Args:
        out: Folder of all files; made if missing.
        amounts: How much each stage does.
        device: Where the work is done.
        until: Time on the monotonic clock at which to stop, in seconds.

    Returns:
        Whether all stages are done.
    """
    out.mkdir(parents=True, exist_ok=True)
    context = Context(out, amounts, device, until, _read_note(out))
    try:
        for name, stage in stages(amounts).items():
            if name not in context.note:
                made = {"result": stage(context), "date": datetime.now(UTC).isoformat()}
                context.note[name] = made | machine(device)
                _write_note(context)
    except OutOfTime:
        return False
    return True


def stages(amounts: Amounts) -> dict[str, Stage]:
    """Return the stages by name, in order."""
    distills = {f"distill {steps}": partial(distill_to, steps=steps) for steps in amounts.students}
    return {"codec": train_codec, "train": train_base, **distills, "referee": score_all, "times": time_large}


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


def time_large(context: Context) -> list[dict[str, Any]]:
    """Time the large network's stages, and write them beside the least time that their FLOPs take."""
    found: list[dict[str, Any]] = context.note.setdefault(_TIMES_SO_FAR, [])
    known = {(timing["stage"], timing["compiled"]) for timing in found}
    for compiled in context.amounts.compiled:
        for stage in context.amounts.stages:
            if (stage, compiled) not in known:
                context.require_time()
                found.append(asdict(time_stage(context.amounts.timed, context.device, stage, compiled)))
                _write_note(context)
    with replacing(context.out / "times.txt") as draft:
        draft.write_text("".join(f"{_line(Timing(**timing))}\n" for timing in found))
    return found


def machine(device: str) -> dict[str, str]:
    """Return the device and versions that figures were made on."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or "CPU"
    return {"device": name, "torch": torch.__version__, "python": platform.python_version()}


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
    shipped, trained = shipped_codecs(context.device), context.note["codec"]
    if trained["result"] < _ENOUGH_DB:
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


def _line(timing: Timing) -> str:
    how = "compiled" if timing.compiled else "eager"
    return f"{timing.stage:<34} {how:<9} {timing.seconds:8.2f} s  floor {timing.floor_s:7.2f} s"


def _read_note(out: Path) -> dict[str, Any]:
    path = out / _NOTE
    note: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return note


def _write_note(context: Context) -> None:
    with replacing(context.out / _NOTE) as draft:
        draft.write_text(json.dumps(context.note, indent=1))
