"""All stages, from the card's ceilings to the small model, and the amounts of work for each size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from generators.happyhorse.execution.plans import LEVELS_GIB
from generators.happyhorse.programme.ceilings import measure_ceilings
from generators.happyhorse.programme.memory import collect_readings, measure_level
from generators.happyhorse.programme.small import REHEARSAL, Amounts, small_stages
from generators.happyhorse.programme.stages import Stage, Workplace, run_stages
from generators.happyhorse.programme.table import render, rows
from generators.happyhorse.programme.timing import COMPILED, EAGER, FLOAT8, Variant, time_clip
from generators.replacing import replacing

SIZES = ("15b", "tiny")
"""Sizes of network that can be measured; `tiny` is for a rehearsal on the CPU."""


@dataclass(frozen=True)
class Programme:
    """Amount of work."""

    model: str
    """Size of the network that is timed."""
    seconds: float
    """Duration of the clips that are timed."""
    variants: dict[str, tuple[Variant, ...]]
    """Ways to run each resolution."""
    levels: tuple[int, ...]
    """Cards whose plans are measured, in GiB."""
    matrix: int
    """Rows and columns of the matrices that are multiplied for the ceiling."""
    copied: int
    """Bytes that are copied for the ceiling."""
    small: Amounts


_ALL = (EAGER, COMPILED, FLOAT8)
_PLAIN_FLOAT8 = FLOAT8._replace(ways=())
PROGRAMMES = {
    "15b": Programme(
        "15b", 5.0, dict.fromkeys(("256p", "540p", "1080p"), _ALL), LEVELS_GIB, 8192, 2**32, Amounts()
    ),
    "tiny": Programme(
        "tiny",
        0.2,
        {
            "256p": (EAGER, COMPILED, _PLAIN_FLOAT8),
            "540p": (EAGER, _PLAIN_FLOAT8),
            "1080p": (EAGER, _PLAIN_FLOAT8),
        },
        LEVELS_GIB,
        256,
        2**22,
        REHEARSAL,
    ),
}


def reproduce(out: Path, size: str, device: str, until: float) -> bool:
    """Run the stages that are not done yet, and write the table of all that are.

    Args:
        out: Folder of all files; made if missing.
        size: One of `SIZES`.
        device: Where the work is done.
        until: Time on the monotonic clock at which to stop, in seconds.

    Returns:
        Whether all stages are done.
    """
    out.mkdir(parents=True, exist_ok=True)
    place, programme = Workplace(out, device, until), PROGRAMMES[size]
    done = run_stages(stages(programme, place), place)
    with replacing(out / "table.md") as draft:
        draft.write_text(table(out))
    return done


def stages(programme: Programme, place: Workplace) -> Iterator[Stage]:
    """Yield all stages in order."""
    yield _ceilings(programme)
    for resolution, variants in programme.variants.items():
        yield from (_timing(programme, resolution, variant) for variant in variants)
    levels = [_memory(programme, level) for level in programme.levels]
    yield from levels
    names = [stage.name for stage in levels]
    inputs = {"levels": names, "model": programme.model}
    yield Stage("peaks", inputs, partial(collect_readings, names=names))
    yield from small_stages(programme.small, place)


def table(out: Path) -> str:
    """Return the table of the stages that are done in a folder, in Markdown."""
    return render(rows(out))


def _ceilings(programme: Programme) -> Stage:
    given: dict[str, Any] = {"side": programme.matrix, "copied": programme.copied}
    return Stage("ceilings", given, partial(measure_ceilings, **given))


def _timing(programme: Programme, resolution: str, variant: Variant) -> Stage:
    given: dict[str, Any] = {
        "model": programme.model,
        "resolution": resolution,
        "seconds": programme.seconds,
    }
    work = partial(time_clip, **given, variant=variant)
    return Stage(f"{resolution} {variant.name}", given | {"variant": variant._asdict()}, work)


def _memory(programme: Programme, level: int) -> Stage:
    given: dict[str, Any] = {"model": programme.model, "level": level, "seconds": programme.seconds}
    return Stage(f"fit {level}", given, partial(measure_level, **given))
