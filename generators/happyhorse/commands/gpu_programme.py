"""Train, distill, score and time everything that needs a GPU, in one command.

    python -m generators.happyhorse gpu-programme --out DIR --minutes 9

It trains a codec and the toy model, distills the model, scores all of them, then times the 15B network with
random weights. Run it again to go on where it stopped. It needs torch, numpy, scipy and safetensors only.
Each file that it writes is at most 15 MiB.
"""

from __future__ import annotations

import json
import math
import platform
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from generators.happyhorse.codecs.conv_video import ConvVideoCodec, training_step
from generators.happyhorse.commands.distill import Distillation, distill, state_files
from generators.happyhorse.commands.referee import SEED, references, score
from generators.happyhorse.commands.train import STATE, WEIGHTS, Pace, begin, fit
from generators.happyhorse.sampling.timing import STAGES, time_stage
from generators.happyhorse.toy.codecs import Codecs, shipped_codecs
from generators.happyhorse.toy.model import TOY, load_model
from generators.happyhorse.training.cache import EncodedBatch, Recipe, encode_clips
from generators.happyhorse.training.clips import ClipSampler
from generators.happyhorse.training.data import to_tensors
from generators.happyhorse.training.dmd import Recipe as Teaching
from generators.happyhorse.training.processes import Processes
from generators.happyhorse.training.run import Settings
from generators.replacing import replacing
from generators.toyworld.referee.scores import render_table
from generators.toyworld.world.examples import example

_NOTE = "programme.json"
_CODEC, _MOMENTS = "codec.pt", "codec-moments.pt"
_ENOUGH_DB = 34.0
_AT_ONCE = 256


@dataclass(frozen=True)
class Amounts:
    """How much of everything."""

    codec_steps: int = 20_000
    codec_batch: int = 64
    clips: int = 40_000
    samples: int = 6_000_000
    batch: int = 1024
    updates: int = 3000
    distil_batch: int = 256
    students: tuple[int, ...] = (8, 4, 2)
    prompts: int = 256
    timed: str = "15b"
    stages: tuple[str, ...] = tuple(STAGES)
    compiled: tuple[bool, ...] = (False, True)


REHEARSAL = Amounts(4, 2, 16, 16, 8, 2, 4, (2,), 2, "tiny", ("256p, 8 steps",), (False,))


class Late(Exception):
    """The time is up; what there is has been written."""


class Programme:
    """Stages in order; which are done is kept in a note."""

    def __init__(self, out: Path, amounts: Amounts, device: str, until: float) -> None:
        self.out, self.amounts, self.device, self.until = out, amounts, device, until
        self._encoded: OnDevice | None = None
        out.mkdir(parents=True, exist_ok=True)
        path = out / _NOTE
        self.note: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}

    def work(self) -> bool:
        """Goes on until the end or until the time is up; returns whether all is done."""
        stages: dict[str, Callable[[], object]] = {"codec": self.codec, "train": self.train}
        stages |= {f"distill {steps}": lambda s=steps: self.distill(s) for steps in self.amounts.students}  # type: ignore[misc]
        stages |= {"referee": self.referee, "times": self.times}
        try:
            for name, stage in stages.items():
                if name not in self.note:
                    result = stage()
                    made = {"result": result, "date": datetime.now(UTC).isoformat()}
                    self.note[name] = made | machine(self.device)
                    self._write()
        except Late:
            return False
        return True

    def codec(self) -> float:
        """Trains the convolutional codec to 34 dB, and returns what it reaches."""
        codec, path = ConvVideoCodec().to(self.device), self.out / _CODEC
        optimiser, done = torch.optim.AdamW(codec.parameters(), lr=1e-3), 0
        moments = self.out / _MOMENTS
        if path.exists():
            state = torch.load(path, map_location=self.device, weights_only=True)
            codec.load_state_dict(state["codec"])
            optimiser.load_state_dict(torch.load(moments, map_location=self.device, weights_only=True))
            done = int(state["done"])
        generator = torch.Generator(self.device)
        held_out = self._frames("held-out", 0, 16)
        reached = 0.0
        while done < self.amounts.codec_steps and reached < _ENOUGH_DB:
            frames = self._frames("train", done * self.amounts.codec_batch, self.amounts.codec_batch)
            training_step(codec, optimiser, frames, generator.manual_seed(done))
            done += 1
            late = time.monotonic() > self.until
            if done % 200 == 0 or late or done == self.amounts.codec_steps:
                codec.calibrate([frames])
                state = {"codec": codec.state_dict(), "done": done}
                with replacing(moments) as draft:
                    torch.save(optimiser.state_dict(), draft)
                with replacing(path) as draft:
                    torch.save(state, draft)
                error = (codec.decode(codec.encode(held_out)) - held_out).square().mean()
                reached = 10 * math.log10(4 / float(error))
            if late:
                raise Late
        moments.unlink(missing_ok=True)
        return reached

    def codecs(self) -> Codecs:
        """The trained codec where it is good enough, else the fitted basis."""
        shipped = shipped_codecs(self.device)
        reached = self.note["codec"]["result"]  # type: ignore[index]  # written by `work`
        if reached < _ENOUGH_DB:
            return shipped
        codec = ConvVideoCodec().to(self.device).eval()
        state = torch.load(self.out / _CODEC, map_location=self.device, weights_only=True)
        codec.load_state_dict(state["codec"])
        return Codecs(codec, shipped.audio, f"conv after {self.note['codec']['date']}")  # type: ignore[index]

    def train(self) -> int:
        """Trains the base model; returns the samples that it saw."""
        codecs, amounts = self.codecs(), self.amounts
        config = replace(TOY, video_in_channels=4 * codecs.video.latent_channels)
        settings = Settings(samples=amounts.samples, batch=amounts.batch)
        processes = Processes(device=torch.device(self.device))
        run = begin(settings, codecs.variances, processes, self.out / STATE, config)
        minutes = (self.until - time.monotonic()) / 60
        fit(run, self._clips(codecs), codecs, self.out, Pace(stop=minutes, save=2, report=2, sheets=False))
        if run.done < 1:
            raise Late
        (self.out / STATE).unlink()
        return run.samples

    def distill(self, steps: int) -> int:
        """Distills to so many steps; returns the updates of the fake score network."""
        teacher, _ = load_model(self.out / WEIGHTS, self.device)
        before = [more for more in self.amounts.students if more > steps]
        start = load_model(self.out / f"{before[-1]}step.safetensors", self.device)[0] if before else teacher
        way = Distillation(
            teacher,
            start,
            Teaching(steps=steps, warm_up=0 if before else self.amounts.updates // 6),
            updates=self.amounts.updates,
            batch=self.amounts.distil_batch,
        )
        if not distill(way, self._clips(self.codecs()), self.out, self.until, save_s=120):
            raise Late
        for file in state_files(self.out / f"distill-{steps}.pt"):
            file.unlink()
        return way.done

    def referee(self) -> str:
        """Scores all; returns the table."""
        examples = [example("held-out", SEED, place) for place in range(self.amounts.prompts)]
        codecs = self.codecs()
        table = references(examples, codecs, broken=False)
        for name in ("base", *(f"{steps}step" for steps in self.amounts.students)):
            model, kind = load_model(self.out / f"{name}.safetensors", self.device)
            for cascade in (False, True) if name == f"{self.amounts.students[0]}step" else (False,):
                maker = ClipSampler(model, kind, codecs, cascade=cascade)
                title = f"{name} cascade" if cascade else name
                table[title] = score(list(maker.clips(examples)), examples)
        text = render_table(table)
        (self.out / "scores.txt").write_text(f"{text}\n")
        return text

    def times(self) -> list[dict[str, object]]:
        """Times the large model, and writes the table with the floor beside each figure."""
        found = [dict(part) for part in self.note.get("times so far", [])]  # type: ignore[attr-defined]
        for compiled in self.amounts.compiled:
            for stage in self.amounts.stages:
                if any((old["stage"], old["compiled"]) == (stage, compiled) for old in found):
                    continue
                if time.monotonic() > self.until:
                    raise Late
                found.append(asdict(time_stage(self.amounts.timed, self.device, stage, compiled)))
                self.note["times so far"] = found
                self._write()
        lines = [
            f"{one['stage']:<34} {'compiled' if one['compiled'] else 'eager':<9} "
            f"{one['seconds']:8.2f} s  floor {one['floor_s']:7.2f} s"
            for one in found
        ]
        (self.out / "times.txt").write_text("\n".join(lines) + "\n")
        return found

    def _frames(self, split: str, first: int, count: int) -> torch.Tensor:
        clips = [example(split, 3, place, 1 + place % 2) for place in range(first, first + count)]  # type: ignore[arg-type]
        return to_tensors(clips, self.device)[0]

    def _clips(self, codecs: Codecs) -> OnDevice:
        if self._encoded is None:
            self._encoded = OnDevice(codecs, self.amounts.clips, self.device)
        return self._encoded

    def _write(self) -> None:
        text = json.dumps(self.note, indent=1)
        with replacing(self.out / _NOTE) as draft:
            draft.write_text(text)


class OnDevice:
    """Clips drawn and encoded on the device, and kept there in half precision."""

    def __init__(self, codecs: Codecs, count: int, device: str) -> None:
        recipe = Recipe("train", 0, count, 1, codecs.digest)
        parts = [
            encode_clips(
                range(first, min(first + _AT_ONCE, count)), recipe, codecs.video, codecs.audio, device
            )
            for first in range(0, count, _AT_ONCE)
        ]
        video, audio, words = (torch.cat(list(same)) for same in zip(*parts, strict=True))
        self._kept = video.half(), audio.half(), words

    def __len__(self) -> int:
        return len(self._kept[0])

    def batch(self, chosen: np.ndarray) -> EncodedBatch:
        places = torch.from_numpy(chosen).to(self._kept[0].device)
        video, audio, words = (part[places] for part in self._kept)
        return EncodedBatch(video.float(), audio.float(), words)


def add_arguments(parser: ArgumentParser) -> None:
    """Declares what `run` reads."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="stop after so long; run again to go on")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--rehearsal", action="store_true", help="every stage in the small, in seconds")


def run(args: Namespace) -> int:
    """Works for so long, and says whether there is more to do."""
    until = time.monotonic() + 60 * args.minutes
    amounts = REHEARSAL if args.rehearsal else Amounts()
    done = Programme(args.out, amounts, args.device, until).work()
    print("All is done." if done else "There is more to do: run it again.", flush=True)  # noqa: T201
    return 0


def machine(device: str) -> dict[str, str]:
    """What the figures were made on."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or "CPU"
    return {"device": name, "torch": torch.__version__, "python": platform.python_version()}
