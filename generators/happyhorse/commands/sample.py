"""Make one clip, an MP4, and print how long each stage took."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch

from generators.base import InvalidInput, Track
from generators.devices import find_device
from generators.happyhorse.adaptation.lora_files import read_strength
from generators.happyhorse.execution.options import FITS, WAYS, split_ways
from generators.happyhorse.execution.parallel import EXCHANGES
from generators.happyhorse.execution.ranks import joined_ranks, require_equal, started
from generators.happyhorse.hub import PARTS
from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.facts import PRECISIONS, RESOLUTIONS
from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.pipeline.inputs import read_image, read_negative_prompt, read_sound
from generators.happyhorse.pipeline.pipeline import Pipeline
from generators.happyhorse.pipeline.request import (
    DECODERS,
    FIRST_STAGES,
    SILENCES,
    UPSCALES,
    ClipRequest,
    DecodedClip,
)
from generators.happyhorse.toy.clips import LONGEST_S
from generators.happyhorse.weights.choice import ModelChoice, Weights
from generators.happyhorse.weights.fitting import fitted
from generators.happyhorse.weights.spread import spread
from generators.toyworld.world.examples import SIDE


class _Usual(NamedTuple):
    """Clip that is made if nothing else is asked for."""

    seconds: float
    width: int
    height: int
    enlarge: int


_USUAL = _Usual(4.0, *RESOLUTIONS["256p"], enlarge=1)
_USUAL_TOY = _Usual(LONGEST_S, SIDE, SIDE, enlarge=8)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options that `run` reads."""
    clip = parser.add_argument_group("the clip")
    clip.add_argument("--prompt", required=True)
    clip.add_argument("--image", type=Path, help="the first frame; what is transparent becomes white")
    clip.add_argument("--sound", type=Path, help="a sound track that the picture follows")
    modes = [track.value for track in Track]
    clip.add_argument("--mode", choices=modes, help="default: with sound, from the image if there is one")
    clip.add_argument(
        "--silence", choices=SILENCES, default="computed", help="what a mode without sound does"
    )
    clip.add_argument("--seconds", type=float, help=_default(_USUAL.seconds, _USUAL_TOY.seconds))
    clip.add_argument("--width", type=int, help=_default(_USUAL.width, _USUAL_TOY.width))
    clip.add_argument("--height", type=int, help=_default(_USUAL.height, _USUAL_TOY.height))
    clip.add_argument(
        "--enlarge",
        type=int,
        help=f"make squares of pixels ({_default(_USUAL.enlarge, _USUAL_TOY.enlarge)})",
    )
    clip.add_argument("--upscale", choices=UPSCALES)
    clip.add_argument("--seed", type=int, default=42)
    clip.add_argument("--out", type=Path, default=Path("clip.mp4"))
    model = parser.add_argument_group("the model")
    model.add_argument(
        "--size", choices=tuple(SIZES), default="toy", help="default: toy, whose weights are in the package"
    )
    model.add_argument("--kind", choices=FIRST_STAGES, default="distilled")
    model.add_argument(
        "--steps", type=int, help=f"default: {KINDS['distilled'].steps} distilled, {KINDS['base'].steps} base"
    )
    model.add_argument("--cascade", action="store_true", help="the picture first, then sound for it")
    model.add_argument("--decoder", choices=DECODERS, default="turbo")
    model.add_argument(
        "--lora",
        action="append",
        default=[],
        metavar="FILE[=STRENGTH]",
        help="low-rank additions (LoRA) to the first stage; may be given again",
    )
    model.add_argument(
        "--precision", choices=PRECISIONS, default="bf16", help="of the large products (default: %(default)s)"
    )
    model.add_argument(
        "--fit", choices=FITS, help="plan precision and offload for the free memory, or so many GiB"
    )
    model.add_argument("--peaks", type=Path, help="peaks.json of reproduce, by which --fit is corrected")
    model.add_argument("--offload", action="store_true", help="copy each layer's weights when it is used")
    model.add_argument("--chunk", type=int, help="tokens that pass through an MLP together")
    model.add_argument(
        "--fast", type=split_ways, default=(), metavar="WAY,WAY", help=f"some of {', '.join(WAYS)}"
    )
    model.add_argument(
        "--exchange", choices=EXCHANGES, default="auto", help="under torchrun: how processes attend together"
    )
    model.add_argument("--shard", action="store_true", help="under torchrun: split the weights, too")
    model.add_argument("--device", help="cpu, cuda, cuda:1, … (default: the GPU if there is one)")
    model.add_argument("--negative-prompt", type=Path, help="a text file, for the base kind")
    model.add_argument("--random-weights", action="store_true", help="noise, but through every real part")
    for part in PARTS:
        model.add_argument(f"--{part}-folder", type=Path, help="default: the hub's cache")


def _default(usual: float, toy: float) -> str:
    return f"default: {toy:g} for the toy size, else {usual:g}"


def run(args: Namespace) -> int:
    """Make the clip.

    Raises:
        GenerationError: It can't be made; nothing is written.
    """
    if started() > 1:
        return _run_in_parallel(args)
    pipeline, request = prepare(args)
    _make(pipeline, request, args.out)
    return 0


def _run_in_parallel(args: Namespace) -> int:
    """Make the clip with the processes that torchrun has started; the first one writes it."""
    if strange := {"compiled", "graphs"} & set(args.fast):
        raise InvalidInput(
            f"fast must leave {strange.pop()!r} out with several processes, whose exchanges it can't hold."
        )
    with joined_ranks(find_device(args.device).type) as ranks:
        stated = {name: value for name, value in vars(args).items() if name not in ("device", "run")}
        require_equal({**stated, "torch": torch.__version__, "device": ranks.device.type})
        args.device = str(ranks.device)
        pipeline, request = prepare(args)
        shared = Pipeline(spread(pipeline.parts, ranks, args.exchange, args.shard))
        if ranks.rank == 0:
            _make(shared, request, args.out)
        else:
            shared.make(request)
    return 0


def _make(pipeline: Pipeline, request: ClipRequest, out: Path) -> None:
    decoded = pipeline.make(request, _show)
    decoded.write(out)
    _say(_summary(decoded, out))


def prepare(args: Namespace) -> tuple[Pipeline, ClipRequest]:
    """Return the pipeline and the request, after all checks that need no weights.

    Raises:
        GenerationError: The clip can't be made.
    """
    _check_out(args.out)
    _check_negative_prompt(args)
    choice, request = _fitted(_choice(args), _request(args), args)
    pipeline = Pipeline(choice.parts(() if request.upscale is None else (request.upscale,)))
    pipeline.check(request)
    return pipeline, request


def _fitted(choice: ModelChoice, request: ClipRequest, args: Namespace) -> tuple[ModelChoice, ClipRequest]:
    if args.fit is None:
        return choice, request
    chosen, why = fitted(choice, request, args.fit, args.peaks)
    _say(str(why))
    return chosen, request


def _check_out(out: Path) -> None:
    if out.is_dir():
        raise InvalidInput(f"out must be a file; got the folder {out}. Name a file in it, like clip.mp4.")
    if out.suffix.lower() != ".mp4":
        raise InvalidInput(f"out must end in .mp4; got {out.name}. Clips are MP4 files.")
    if not out.parent.is_dir():
        raise InvalidInput(
            f"out must lie in a folder that exists; got {out}. Make the folder, or name another."
        )
    if not os.access(out.parent, os.W_OK):
        raise InvalidInput(f"out must lie where you may write; got {out.parent}. Name another folder.")


def _check_negative_prompt(args: Namespace) -> None:
    if args.negative_prompt is None:
        return
    read_negative_prompt(args.negative_prompt)
    if args.kind != "base" or args.size == "toy" or args.random_weights:
        raise InvalidInput(
            "Only the public base checkpoint takes a negative prompt. "
            "Leave --negative-prompt out, or choose --size 15b --kind base."
        )


def _request(args: Namespace) -> ClipRequest:
    default = Track.T2V_AUDIO if args.image is None else Track.I2V_AUDIO
    usual = _USUAL if args.size != "toy" else _USUAL_TOY
    return ClipRequest(
        prompt=args.prompt,
        duration_s=usual.seconds if args.seconds is None else args.seconds,
        width=usual.width if args.width is None else args.width,
        height=usual.height if args.height is None else args.height,
        seed=args.seed,
        mode=Track(args.mode or default),
        image=None if args.image is None else read_image(args.image),
        sound=None if args.sound is None else read_sound(args.sound),
        silence=args.silence,
        upscale=args.upscale,
        enlarge=usual.enlarge if args.enlarge is None else args.enlarge,
    )


def _choice(args: Namespace) -> ModelChoice:
    weights: Weights = "shipped" if args.size == "toy" else "released"
    return ModelChoice(
        weights="random" if args.random_weights else weights,
        size=args.size,
        kind=args.kind,
        steps=args.steps,
        decoder=args.decoder,
        cascade=args.cascade,
        precision=args.precision,
        loras=tuple(read_strength(text) for text in args.lora),
        fast=args.fast,
        offload=args.offload,
        chunk=args.chunk,
        device=args.device,
        folders=_folders(vars(args)),
        negative_prompt=args.negative_prompt,
    )


def _folders(args: Mapping[str, Path | None]) -> dict[str, Path]:
    named = {part: args[f"{part}_folder"] for part in PARTS}
    return {part: folder for part, folder in named.items() if folder is not None}


def _summary(decoded: DecodedClip, path: Path) -> str:
    count, height, width = decoded.frames.shape[:3]
    lines = [f"{stage:>16} {seconds:8.2f} s" for stage, seconds in decoded.stage_s.items()]
    lines.append(f"{'total':>16} {sum(decoded.stage_s.values()):8.2f} s")
    sound = "silent" if decoded.samples is None else f"sound at {decoded.sample_rate} Hz"
    return "\n".join([*lines, f"{path}: {width}×{height}, {count} frames at {decoded.fps} fps, {sound}"])


def _show(stage: str, done: int, steps: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == steps else ""
        sys.stderr.write(f"\r{stage} {done}/{steps}{end}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
