"""Find how a clip differs from its request: it is taken in, and people are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.db import models

from arena.media.changes import Changes
from arena.media.probe import Probe
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Clip, Run

TOLERANCE_FRAMES = 1.5
"""Frames by which clips of one length may differ: one, and half for how the last one is counted."""
TOLERANCE = 0.01
"""Relative difference of shape or rate that rounding to even sides or 30000/1001 explains."""
MOST_PROMPTS = 3


class RemarkKind(models.TextChoices):
    """Way in which a clip is other than asked for."""

    NO_SOUND = "no_sound", "no sound track"
    SILENT = "silent", "silent sound track"
    STILL = "still", "still picture"
    SHORT = "short", "shorter than asked for"
    LONG = "long", "longer than asked for"
    SHAPE = "shape", "another shape than asked for"
    SIZE = "size", "another size than asked for"
    RATE = "rate", "another frame rate than asked for"
    MARK = "mark", "a mark in a corner, such as a provider's name"


class Remark(NamedTuple):
    """One difference between a clip and its request, with its figures."""

    kind: str
    text: str


def find_remarks(
    asked: ClipSettings,
    facts: Probe,
    *,
    with_sound: bool,
    loudness_lufs: float | None,
    is_still: bool,
    corner_mark: str | None = None,
) -> list[Remark]:
    """Compare a clip with a job's settings.

    Args:
        asked: what the job asked for.
        facts: the clip as its generator made it.
        with_sound: whether sound is judged.
        loudness_lufs: of the clip's sound as raters hear it; None for silence.
        is_still: whether all pictures are the same.
        corner_mark: corner that holds a mark; None where there is none, or it was not looked for.
    """
    return [
        *(_sound(facts, loudness_lufs) if with_sound else []),
        *([Remark(RemarkKind.STILL, _count(facts.frames, "picture"))] if is_still else []),
        *([Remark(RemarkKind.MARK, f"in the {corner_mark}")] if corner_mark else []),
        *_length(asked, facts),
        *_geometry(asked, facts),
    ]


def summarise_remarks(run: Run) -> list[str]:
    """Return a line for each contender and kind of remark, with the number of clips and the first prompts.

    Remarks that the changes of a clip's rendition tell as well are left out: `describe_changes` has them.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    clips = Clip.objects.filter(job__runs=run).exclude(remarks=[]).order_by("job_id")
    fields = ("job__contender__slug", "job__prompt__key", "remarks", "rendition__recipe")
    for slug, key, remarks, recipe in clips.values_list(*fields):
        told = _told_by(recipe)
        for kind, text in remarks:
            if kind not in told:
                found[slug, kind].append((key, text))
    return [_line(slug, RemarkKind(kind), clips) for (slug, kind), clips in sorted(found.items())]


def _told_by(recipe: Mapping[str, Any] | None) -> set[RemarkKind]:
    """Return the kinds of remarks that the changes in a rendition's recipe tell."""
    if recipe is None or "changes" not in recipe:  # early renditions didn't keep them
        return set()
    changes = Changes.stored(recipe["changes"])
    told = {
        RemarkKind.SHORT: changes.held,
        RemarkKind.LONG: changes.cut,
        RemarkKind.SHAPE: changes.padded,
        RemarkKind.SIZE: changes.scaled,
        RemarkKind.RATE: changes.retimed,
    }
    return {kind for kind, is_told in told.items() if is_told}


def _line(slug: str, kind: RemarkKind, clips: list[tuple[str, str]]) -> str:
    shown = "; ".join(f"prompt {key}: {text}" for key, text in clips[:MOST_PROMPTS])
    more = f"; and {len(clips) - MOST_PROMPTS} more" if len(clips) > MOST_PROMPTS else ""
    return f"{slug}: {kind.label}, {_count(len(clips), 'clip')} ({shown}{more})"


def _sound(facts: Probe, loudness_lufs: float | None) -> Iterator[Remark]:
    if not facts.has_audio:
        yield Remark(RemarkKind.NO_SOUND, "the file has no sound track")
    elif loudness_lufs is None:
        yield Remark(RemarkKind.SILENT, "nothing above −70 LUFS")


def _length(asked: ClipSettings, facts: Probe) -> Iterator[Remark]:
    missing_s = asked.duration_s - facts.duration_s
    if abs(missing_s) * min(facts.fps, asked.fps) > TOLERANCE_FRAMES:
        kind = RemarkKind.SHORT if missing_s > 0 else RemarkKind.LONG
        yield Remark(kind, f"{facts.duration_s:.2f} s of {asked.duration_s:g} s")


def _geometry(asked: ClipSettings, facts: Probe) -> Iterator[Remark]:
    if (facts.width, facts.height) != (asked.width, asked.height):
        has_same_shape = _is_near(facts.width * asked.height, facts.height * asked.width)
        kind = RemarkKind.SIZE if has_same_shape else RemarkKind.SHAPE
        yield Remark(kind, f"{facts.width}×{facts.height}, not {asked.width}×{asked.height}")
    if not _is_near(facts.fps, asked.fps):
        yield Remark(RemarkKind.RATE, f"{facts.fps:g} frames per second, not {asked.fps:g}")


def _is_near(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= TOLERANCE * wanted


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
