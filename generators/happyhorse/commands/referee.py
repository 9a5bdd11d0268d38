"""Score checkpoints, the codecs, the truth and broken clips on held-out prompts.

python -m generators.happyhorse referee
python -m generators.happyhorse referee --count 64 runs/base/base.safetensors --cascade
python -m generators.happyhorse referee --figure docs/images/happyhorse-referee.svg
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from generators.base import InvalidInput
from generators.devices import find_device
from generators.happyhorse.toy.checkpoints import STUDENTS, weights_file
from generators.happyhorse.toy.codecs import Codecs, shipped_codecs
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.training.arguments import make_folder, require_whole, require_writable
from generators.happyhorse.training.clips import ClipSampler, round_trip
from generators.happyhorse.training.processes import use_threads
from generators.happyhorse.training.scoring import CEILING, SCORED_SEED, Scores, references, score, shares
from generators.toyworld.referee.broken import truth
from generators.toyworld.referee.diversity import diversity, other_seeds
from generators.toyworld.referee.scores import Score
from generators.toyworld.referee.table import Table, render_table, write_json
from generators.toyworld.senses.footage import Footage
from generators.toyworld.world.examples import Example, example

SHIPPED = (weights_file("base", None), *(weights_file("distilled", steps) for steps in STUDENTS))
"""Checkpoints that are scored by default, best first."""
_SEVERAL = 8
"""Prompts with several clips each, to measure how different these are."""
_SHOWN = 16
"""Clips on a sheet."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    parser.add_argument(
        "checkpoints",
        type=Path,
        nargs="*",
        help="weights by `train` or `distill` (default: the shipped ones)",
    )
    parser.add_argument(
        "--count", type=int, default=256, help="number of held-out prompts (default: %(default)s)"
    )
    parser.add_argument("--objects", type=int, choices=(1, 2), default=1, help="objects in each clip")
    parser.add_argument(
        "--seeds", type=int, default=8, help="clips of each of the first prompts, for diversity (default: 8)"
    )
    parser.add_argument("--no-broken", action="store_true", help="leave the broken clips out")
    parser.add_argument("--cascade", action="store_true", help="score each checkpoint as a cascade, too")
    parser.add_argument("--from-image", action="store_true", help="score each with its first frame, too")
    parser.add_argument("--sheets", type=Path, help="folder for pictures of each checkpoint's first clips")
    parser.add_argument("--json", type=Path, help="file for the scores, which are printed as well")
    parser.add_argument(
        "--figure", type=Path, help=".svg or .png file for a figure of the checkpoints' shares with intervals"
    )
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))


def run(args: Namespace) -> int:
    """Print two tables: the scores, and their shares of what the codecs reach.

    Raises:
        InvalidInput: An option is out of range, or a file can't be written; nothing is scored.
    """
    _check(args)
    use_threads(args.threads)
    samplers = list(_samplers(args))
    codecs = _common_codecs(samplers)
    codecs.require_objects(args.objects)
    table = _score(args, codecs, samplers)
    _say(render_table(table))
    _say(f"\nShares of what the {CEILING} reaches:\n")
    found = shares(table)
    _say(render_table(found, _interval))
    if args.json:
        write_json(args.json, table)
    if args.figure:
        _write_figure(args.figure, {title: found[title] for title in map(_title, samplers)})
    return 0


def _check(args: Namespace) -> None:
    find_device(args.device)
    require_whole("count", args.count)
    if args.seeds < 2:
        raise InvalidInput(f"seeds must be 2 or more, as clips of one seed can't differ; got {args.seeds}.")
    require_whole("seeds", args.seeds, 2)
    require_writable("json", args.json)
    require_writable("figure", args.figure)
    if args.figure:
        _require_picture(args.figure)
    if args.sheets:
        make_folder("sheets", args.sheets)


def _score(args: Namespace, codecs: Codecs, samplers: Sequence[ClipSampler]) -> dict[str, Scores]:
    """Score the references, then each sampler; draw a sheet of each sampler's clips if wanted."""
    examples = [example("held-out", SCORED_SEED, place, args.objects) for place in range(args.count)]
    again = other_seeds(examples[:_SEVERAL], args.seeds)
    table = references(examples, codecs, broken=not args.no_broken)
    table["truth"] |= diversity([truth(own, own) for own in again], args.seeds)
    table[CEILING] |= diversity(list(round_trip(again, codecs)), args.seeds)
    for sampler in samplers:
        clips, title = list(sampler.clips(examples)), _title(sampler)
        scores = score(clips, examples, sampler.from_image)
        table[title] = scores | diversity(list(sampler.clips(again)), args.seeds)
        if args.sheets:
            _write_sheet(args.sheets / f"{title}.png", clips[:_SHOWN], examples)
    return table


def _samplers(args: Namespace) -> Iterator[ClipSampler]:
    """Yield each checkpoint in the ways asked for; the shipped base as a cascade, too."""
    for path in args.checkpoints or SHIPPED:
        model, kind = load_model(path, args.device)
        sampler = ClipSampler(model, kind, shipped_codecs(args.device, model.config))
        yield sampler
        if args.from_image:
            yield replace(sampler, from_image=True)
        if args.cascade or (not args.checkpoints and kind.sampler == "base"):
            yield replace(sampler, cascade=True)


def _common_codecs(samplers: Sequence[ClipSampler]) -> Codecs:
    """Return the codecs that all samplers share, as one table has one ceiling.

    Raises:
        InvalidInput: Some have others.
    """
    found = {sampler.codecs.digest: sampler.codecs for sampler in samplers}
    if len(found) > 1:
        raise InvalidInput(
            "checkpoints must have latents of the same codecs; got those of several. Score each in a call."
        )
    (codecs,) = found.values()
    return codecs


def _title(sampler: ClipSampler) -> str:
    way = " cascade" if sampler.cascade else " from image" if sampler.from_image else ""
    return f"{sampler.kind.name.removeprefix('toy-')}{way}"


def _write_sheet(path: Path, clips: Sequence[Footage], examples: Sequence[Example]) -> None:
    from generators.toyworld.referee.sheets import write_sheet  # a GPU's machine may lack Pillow

    write_sheet(path, clips, [own.caption for own in examples[: len(clips)]])


def _require_picture(path: Path) -> None:
    # A machine without Matplotlib says so here, before the work.
    from generators.toyworld.referee.figure import require_picture

    require_picture("figure", path)


def _write_figure(path: Path, table: Table) -> None:
    from generators.toyworld.referee.figure import write_figure  # a GPU's machine may lack Matplotlib

    write_figure(path, table, f"share of what the {CEILING} reaches, with 95 % intervals")


def _interval(found: Score) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (a command's result)
