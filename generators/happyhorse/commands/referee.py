"""Score checkpoints, the codecs, the truth and broken clips on held-out prompts.

python -m generators.happyhorse referee
python -m generators.happyhorse referee --count 64 runs/base/base.safetensors --cascade
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from generators.base import InvalidInput
from generators.happyhorse.toy.checkpoints import STUDENTS, weights_file
from generators.happyhorse.toy.codecs import Codecs, shipped_codecs
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.training.clips import ClipSampler, round_trip
from generators.toyworld.referee.broken import MAKERS, truth
from generators.toyworld.referee.diversity import diversity, other_seeds
from generators.toyworld.referee.scores import Score, f1, render_table, summarise
from generators.toyworld.referee.verdict import Footage, Verdict, judge
from generators.toyworld.world.examples import Example, example

SEED = 2
"""Of the held-out stream: not that of the learning curves."""
CEILING = "codec"
SHIPPED = (weights_file("base", None), *(weights_file("distilled", steps) for steps in STUDENTS))
"""What is scored if nothing else is named, best first."""
_SEVERAL = 8
"""Prompts that several clips are made for, to see how different these are."""
_SHOWN = 16
"""Clips on a sheet."""
Scores = dict[str, Score]


def add_arguments(parser: ArgumentParser) -> None:
    """Declares what `run` reads."""
    parser.add_argument(
        "checkpoints", type=Path, nargs="*", help="of `train` and `distill` (default: the shipped ones)"
    )
    parser.add_argument("--count", type=int, default=256, help="held-out prompts (default: %(default)s)")
    parser.add_argument("--objects", type=int, choices=(1, 2), default=1)
    parser.add_argument(
        "--seeds", type=int, default=8, help="of each of the first prompts, for diversity (default: 8)"
    )
    parser.add_argument("--no-broken", action="store_true", help="leave the broken clips out")
    parser.add_argument("--cascade", action="store_true", help="score each checkpoint as a cascade, too")
    parser.add_argument("--from-image", action="store_true", help="score each with its first frame, too")
    parser.add_argument("--sheets", type=Path, help="a folder for pictures of each checkpoint's first clips")
    parser.add_argument("--json", type=Path, help="write the scores there as well")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))


def run(args: Namespace) -> int:
    """Prints two tables: scores, and shares of what the codecs reach.

    Raises:
        InvalidInput: There are no prompts, or too few seeds to differ.
    """
    if args.count < 1:
        raise InvalidInput(f"--count must be 1 or more; got {args.count}.")
    if args.seeds < 2:
        raise InvalidInput(f"--seeds must be 2 or more, as clips of one seed can't differ; got {args.seeds}.")
    if args.threads:
        torch.set_num_threads(args.threads)
    examples = [example("held-out", SEED, place, args.objects) for place in range(args.count)]
    codecs = shipped_codecs(args.device)
    again = other_seeds(examples[:_SEVERAL], args.seeds)
    table = references(examples, codecs, broken=not args.no_broken)
    table["truth"] |= diversity([truth(own, own) for own in again], args.seeds)
    table[CEILING] |= diversity(list(round_trip(again, codecs)), args.seeds)
    for maker in _makers(args, codecs):
        clips, title = list(maker.clips(examples)), _title(maker)
        scored = score(clips, examples, maker.from_image)
        table[title] = scored | diversity(list(maker.clips(again)), args.seeds)
        if args.sheets:
            _write_sheet(args.sheets / f"{title}.png", clips[:_SHOWN], examples)
    _say(render_table(table))
    _say(f"\nShares of what the {CEILING} reaches:\n")
    _say(render_table(shares(table), lambda found: f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"))
    if args.json:
        found = {
            name: {key: asdict(value) for key, value in scores.items()} for name, scores in table.items()
        }
        args.json.write_text(json.dumps(found, indent=1))
    return 0


def references(examples: Sequence[Example], codecs: Codecs, broken: bool = True) -> dict[str, Scores]:
    """The truth, what the codecs leave of it, and clips that are wrong on purpose."""
    table: dict[str, Scores] = {}
    for name, maker in MAKERS.items():
        if name == "truth" or broken:
            clips = [maker(own, after) for own, after in _neighbours(examples)]
            table[name] = score(clips, examples)
        if name == "truth":
            table[CEILING] = score(list(round_trip(examples, codecs)), examples)
    return table


def score(clips: Sequence[Footage], examples: Sequence[Example], from_image: bool = False) -> Scores:
    """All scores, with synchrony's level by chance: the same clips with the next clip's sound."""
    verdicts = [_judge(clip, own, from_image) for clip, own in zip(clips, examples, strict=True)]
    scores = dict(summarise(verdicts))
    if clips[0].samples is not None:
        swapped = [
            _judge(replace(clip, samples=after.samples), own, False)
            for (clip, after), own in zip(_neighbours(clips), examples, strict=True)
        ]
        scores["sync F1 by chance"] = f1([v.sync for v in swapped if v.sync is not None])
    return scores


def shares(table: Mapping[str, Scores]) -> dict[str, Scores]:
    """Each score over the codecs' own; the interval is the score's, over the same."""
    ceiling = table[CEILING]
    return {
        title: {
            name: _over(found, ceiling[name].value)
            for name, found in scores.items()
            if name in ceiling and ceiling[name].value > 0 and not np.isnan(found.low)
        }
        for title, scores in table.items()
    }


def _over(score: Score, most: float) -> Score:
    return Score(score.value / most, score.low / most, score.high / most, score.count)


def _judge(clip: Footage, own: Example, from_image: bool) -> Verdict:
    return judge(clip, own.caption, own.frames[0] if from_image else None)


def _makers(args: Namespace, codecs: Codecs) -> Iterator[ClipSampler]:
    """Each checkpoint as it is used, and in the ways asked for; the shipped base as a cascade, too."""
    for path in args.checkpoints or SHIPPED:
        model, kind = load_model(path, args.device)
        maker = ClipSampler(model, kind, codecs)
        yield maker
        if args.from_image:
            yield replace(maker, from_image=True)
        if args.cascade or (not args.checkpoints and kind.sampler == "base"):
            yield replace(maker, cascade=True)


def _write_sheet(path: Path, clips: Sequence[Footage], examples: Sequence[Example]) -> None:
    from generators.toyworld.referee.sheets import write_sheet  # a GPU's machine may lack Pillow

    path.parent.mkdir(parents=True, exist_ok=True)
    write_sheet(path, clips, [own.caption for own in examples[: len(clips)]])


def _title(maker: ClipSampler) -> str:
    way = " cascade" if maker.cascade else " from image" if maker.from_image else ""
    return f"{maker.kind.name.removeprefix('toy-')}{way}"


def _neighbours(items: Sequence[Example] | Sequence[Footage]) -> list[tuple]:  # type: ignore[type-arg]
    return list(zip(items, [*items[1:], items[0]], strict=True))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (a command's result)
