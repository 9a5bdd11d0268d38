"""Read a list of clip files and their prompts, and decode each file or say why it can't be judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import av

from generators.base import InvalidInput
from generators.tables import TableError, read_table
from generators.toyworld.referee.verdict import FEWEST_FRAMES
from generators.toyworld.senses.decoding import load
from generators.toyworld.senses.footage import Footage
from generators.toyworld.world.grammar import parse

COLUMNS = ("file", "prompt")
OPTIONAL_COLUMNS = ("contender", "prompt_id", "seed")
"""Columns that a manifest of the `folder` generator has; only `contender` is used here."""
UNNAMED = "clips"
"""Name of the one contender of a manifest without that column."""
SMALLEST_SIDE = 48
"""Pixels of the box below which shapes can't be told apart."""
_SQUARE = 0.05
"""Largest difference of the box's sides, as a share."""


class Unjudgeable(InvalidInput):
    """A file that can't be judged; the message says why and what to do."""


class ListedClip(NamedTuple):
    """One row of a manifest."""

    contender: str
    file: str
    prompt: str
    line: int


def read_clip_list(manifest: Path) -> list[ListedClip]:
    """Read a CSV with the columns `COLUMNS`, and optionally `OPTIONAL_COLUMNS`.

    Raises:
        InvalidInput: The manifest can't be read, or has no rows.
    """
    try:
        rows = list(read_table(manifest, COLUMNS, OPTIONAL_COLUMNS))
    except TableError as error:
        raise InvalidInput(f"Can't read the manifest {manifest}: {error}") from error
    if not rows:
        raise InvalidInput(f"{manifest} must name at least one clip; it has no rows. Add a row for each.")
    return [
        ListedClip(fields.get("contender") or UNNAMED, fields["file"], fields["prompt"], line)
        for line, fields in rows
    ]


def decode(listed: ListedClip, folder: Path) -> Footage:
    """Decode a listed clip.

    Raises:
        Unjudgeable: Its prompt or its file is not what the referee can judge.
    """
    _check_prompt(listed)
    path = _find(listed, folder)
    try:
        clip = load(path)
    except (av.FFmpegError, ValueError, OSError) as error:
        reason = " ".join(str(error).replace(f"{path}", "it").split()).rstrip(".")
        raise Unjudgeable(f"can't be decoded: {reason}. Make the file again.") from error
    _check_picture(clip)
    return clip


def _check_prompt(listed: ListedClip) -> None:
    try:
        parse(listed.prompt)
    except InvalidInput as error:
        raise Unjudgeable(
            f"its prompt must be a sentence of the toy world; got {listed.prompt[:200]!r}. "
            f"Correct or remove line {listed.line}; --help shows the grammar."
        ) from error


def _find(listed: ListedClip, folder: Path) -> Path:
    """Return the file's path; it must lie in the folder."""
    root = folder.resolve()
    try:
        path = (root / listed.file).resolve()
        is_file = path.is_file()
    except (OSError, ValueError):  # a name that can't be one: too long, or with NUL
        path, is_file = root, False
    if not path.is_relative_to(root):
        raise Unjudgeable(f"must lie in {folder}. Move it there, or name another --clips.")
    if not is_file:
        raise Unjudgeable(f"is not a file in {folder}. Add it, or remove line {listed.line}.")
    return path


def _check_picture(clip: Footage) -> None:
    if len(clip.frames) < FEWEST_FRAMES:
        raise Unjudgeable(
            f"must have at least {FEWEST_FRAMES} frames; it has {len(clip.frames)}. Make a longer clip."
        )
    assert clip.box is not None  # noqa: S101  (it was decoded from a file)
    width, height = clip.box
    if min(width, height) < SMALLEST_SIDE:
        raise Unjudgeable(
            f"must show a box of at least {SMALLEST_SIDE}×{SMALLEST_SIDE} pixels; "
            f"got {width}×{height}. Make a larger clip."
        )
    if abs(width - height) > _SQUARE * max(width, height):
        raise Unjudgeable(
            f"must show a square box, with black around it if the picture isn't square; "
            f"got {width}×{height}. Make a square clip, or add black borders."
        )


class Format(NamedTuple):
    """Properties that should be equal among clips whose scores are compared."""

    side: int
    """Pixels along the box."""
    fps: float
    duration_s: float

    @classmethod
    def of(cls, clip: Footage) -> Format:
        """Measure a decoded clip."""
        step_s = float((clip.times_s[-1] - clip.times_s[0]) / (len(clip.times_s) - 1))
        step_s = step_s or 1.0  # a file whose frames all have one time
        side = max(clip.box or clip.frames.shape[1:3])
        return cls(side, round(1 / step_s, 1), round(len(clip.frames) * step_s, 1))

    def __str__(self) -> str:
        return f"{self.side}×{self.side}, {self.fps:g} fps, {self.duration_s:g} s"


def odd_formats(formats: Sequence[Format]) -> tuple[Format, list[int]]:
    """Return the most frequent format, and the indices of the clips with another."""
    usual = max(dict.fromkeys(formats), key=formats.count)
    return usual, [place for place, found in enumerate(formats) if found != usual]
