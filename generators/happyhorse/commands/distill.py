"""Distill a trained model to students of 8, then 4, then 2 steps.

A run that was stopped goes on where it stopped:

    python -m generators.happyhorse distill --base runs/base/base.safetensors --out runs/base --minutes 60
"""

from __future__ import annotations

import copy
import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from generators.happyhorse.toy.model import ToyModel, distilled_kind, load_model, save_model
from generators.happyhorse.training.cache import EncodedBatch, LatentCache
from generators.happyhorse.training.dmd import (
    Networks,
    Recipe,
    Rollout,
    draw_rollout,
    fake_loss,
    student_loss,
    warm_loss,
)
from generators.happyhorse.training.ema import Average
from generators.happyhorse.training.gan import head_of
from generators.happyhorse.training.optimisers import Optimisers, Rates
from generators.happyhorse.training.run import Clips, Settings, choose, copy_into, drawing, precision
from generators.replacing import replacing

Loss = Callable[[Networks, Rollout, torch.Generator, Recipe], torch.Tensor]

_LOG_STEPS = 25
_GENTLE = Rates(muon=5e-3, adam=5e-4)


class Distillation:
    """One student's way: networks, optimisers, mean weights, and how many updates there were."""

    def __init__(
        self,
        teacher: ToyModel,
        start: ToyModel,
        recipe: Recipe,
        *,
        updates: int = 3000,
        batch: int = 48,
        seed: int = 0,
    ) -> None:
        self.recipe, self.updates = recipe, updates
        self.settings = Settings(updates * batch, batch, seed, _GENTLE, decay=0.98)
        critic = head_of(teacher).to(next(teacher.parameters()).device) if recipe.gan else None
        frozen = copy.deepcopy(teacher).eval().requires_grad_(False)
        student, fake = copy.deepcopy(start).train(), copy.deepcopy(teacher).train()
        self.nets = Networks(student.requires_grad_(True), fake.requires_grad_(True), frozen, critic)
        self._moving = [Optimisers(self.nets.student, _GENTLE), Optimisers(self.nets.fake, _GENTLE)]
        self._judging = None if critic is None else torch.optim.AdamW(critic.parameters(), lr=_GENTLE.adam)
        self.average = Average(self._moving[0].full(), self.settings.decay)
        self.done = 0

    def step(self, clips: Clips) -> dict[str, float]:
        """One update of the fake network, and at its turn one of the student before; first warm-up ones."""
        device = next(self.nets.teacher.parameters()).device
        generator = drawing(self.settings.seed + 1, self.done, device)
        real, warming = choose(clips, self.settings, self.done, device), self.done < self.recipe.warm_up
        said = {}
        if warming or self.done % self.recipe.ratio == 0:
            said["student"] = self._update(0, warm_loss if warming else student_loss, real, generator)
            self.average.update(self._moving[0].full())
        if not warming:
            said["fake"] = self._update(1, fake_loss, real, generator)
        self.done += 1
        return said

    def mean_student(self) -> ToyModel:
        """The student with the running mean of its weights."""
        return self.average.model(self.nets.student)

    def save(self, path: Path) -> None:
        """Replaces two files, as one would be larger than some machines hand back."""
        student, fake = (
            {
                "is": self._identity(),
                "done": self.done,
                "weights": moving.full(),
                "optimisers": moving.state_dict(),
            }
            for moving in self._moving
        )
        student |= {"averaged": self.average.steps, "average": self.average.weights}
        if self.nets.critic is not None and self._judging is not None:
            fake |= {"critic": self.nets.critic.state_dict(), "judging": self._judging.state_dict()}
        of_student, of_fake = state_files(path)
        with replacing(of_student) as student_draft, replacing(of_fake) as fake_draft:
            torch.save(student, student_draft)
            torch.save(fake, fake_draft)

    def load(self, path: Path) -> None:
        """Goes on from both files.

        Raises:
            ValueError: They are of another distillation, or not of the same moment.
        """
        device = next(self.nets.teacher.parameters()).device
        states = [torch.load(file, map_location=device, weights_only=True) for file in state_files(path)]
        student, fake = states
        if any(state["is"] != self._identity() for state in states) or student["done"] != fake["done"]:
            raise ValueError(f"{path} isn't of {self._identity()}, or half written. Use another folder.")
        for moving, state in zip(self._moving, states, strict=True):
            moving.load_state_dict(state["optimisers"])
            copy_into(moving.full(), state["weights"])
        copy_into(self.average.weights, student["average"])
        if self.nets.critic is not None and self._judging is not None:
            self.nets.critic.load_state_dict(fake["critic"])
            self._judging.load_state_dict(fake["judging"])
        self.done, self.average.steps = student["done"], student["averaged"]

    def _identity(self) -> dict[str, object]:
        return {"recipe": asdict(self.recipe), "settings": asdict(self.settings)}

    def _update(self, which: int, measure: Loss, real: EncodedBatch, generator: torch.Generator) -> float:
        """Moves one network; what the loss says of the others, which it passed through, is dropped."""
        with precision(generator.device):
            loss = measure(self.nets, draw_rollout(real, generator, self.recipe), generator, self.recipe)
        torch.autograd.backward(loss)
        self._moving[which].step(self.done / self.updates)
        self._moving[1 - which].publish()
        if self._judging is not None:
            if which == 1:
                self._judging.step()
            self._judging.zero_grad()
        return float(loss.detach())


def state_files(path: Path) -> tuple[Path, Path]:
    """Where the student's and the fake score network's states lie."""
    return path.with_name(f"{path.stem}-student.pt"), path.with_name(f"{path.stem}-fake.pt")


def add_arguments(parser: ArgumentParser) -> None:
    """Declares what `run` reads."""
    parser.add_argument("--base", type=Path, required=True, help="what `train` made: base.safetensors")
    parser.add_argument("--start", type=Path, help="a student to go on from (default: the base)")
    parser.add_argument("--cache", type=Path, help="its encoded clips (default: beside it)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 4, 2], help="one student after the other")
    parser.add_argument(
        "--updates", type=int, default=3000, help="warm-up, and of the fake network (default: %(default)s)"
    )
    parser.add_argument("--warm-up", type=int, default=0, help="updates before, on guidance alone")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument(
        "--ratio", type=int, default=5, help="updates of the fake network for each of the student's"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gan", type=float, default=0.0, help="weight of the adversarial loss")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))


def run(args: Namespace) -> int:
    """Distills until all students are made or the time is up."""
    if args.threads:
        torch.set_num_threads(args.threads)
    until = time.monotonic() + 60 * args.minutes
    teacher, _ = load_model(args.base, args.device)
    clips = LatentCache(args.cache or args.base.parent / "cache")
    args.out.mkdir(parents=True, exist_ok=True)
    start = teacher if args.start is None else load_model(args.start, args.device)[0]
    for steps in args.steps:
        recipe = Recipe(steps=steps, warm_up=args.warm_up, ratio=args.ratio, gan=args.gan)
        way = Distillation(teacher, start, recipe, updates=args.updates, batch=args.batch, seed=args.seed)
        if not distill(way, clips, args.out, until):
            break
        start = way.mean_student()
    return 0


def distill(way: Distillation, clips: Clips, out: Path, until: float, save_s: float = 300.0) -> bool:
    """Goes on with one student; returns whether it is done. `until` is on the monotonic clock."""
    steps = way.recipe.steps
    state, weights = out / f"distill-{steps}.pt", out / f"{steps}step.safetensors"
    if state_files(state)[0].exists():
        way.load(state)
    saved, said = time.monotonic(), dict[str, float]()
    while way.done < way.updates and time.monotonic() < until:
        said |= way.step(clips)
        if way.done % _LOG_STEPS == 0:
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps({"distill_steps": steps, "updates": way.done, **said}) + "\n")
        if time.monotonic() - saved > save_s:
            saved = time.monotonic()
            way.save(state)
    way.save(state)
    save_model(way.mean_student(), distilled_kind(steps), weights, updates=way.done, seed=way.settings.seed)
    return way.done >= way.updates
