"""Score a folder of clips against their toy-world prompts.

python -m generators.toyworld referee --clips clips --manifest clips/manifest.csv
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from generators.base import InvalidInput
from generators.toyworld.referee.clip_list import (
    Format,
    ListedClip,
    Unjudgeable,
    decode,
    odd_formats,
    read_clip_list,
)
from generators.toyworld.referee.scores import PromptedClip, Score, score_clips
from generators.toyworld.referee.synchrony import is_silent
from generators.toyworld.referee.table import Table, render_table, write_csv, write_json
from generators.toyworld.world.grammar import GRAMMAR

EPILOG = f"""The manifest is a CSV with the columns file (relative to the folder) and prompt, and optionally
contender, prompt_id and seed; each contender gets a column of the table. Intervals are 95 % (Wilson).
Prompts follow the grammar: {GRAMMAR.replace("%", "%%")}."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `run` reads."""
    parser.epilog = EPILOG
    parser.add_argument("--clips", type=Path, required=True, help="folder of the files")
    parser.add_argument("--manifest", type=Path, required=True, help="CSV that names each file's prompt")
    parser.add_argument("--csv", type=Path, help="also write the scores to this CSV file")
    parser.add_argument("--json", type=Path, help="also write the scores to this JSON file")


def run(args: Namespace) -> int:
    """Print the table of scores; name each file that isn't judged, or only in part, on stderr.

    Raises:
        InvalidInput: There is no such folder, the manifest can't be read, or none of its clips can be judged.
    """
    if not args.clips.is_dir():
        raise InvalidInput(f"--clips must be a folder; got {args.clips}. Name the folder of the files.")
    for path in filter(None, (args.csv, args.json)):
        _require_writable(path)
    listed = read_clip_list(args.manifest)
    table: dict[str, dict[str, Score]] = {}
    judged = 0
    for contender in dict.fromkeys(row.contender for row in listed):
        reading = _Reading([row for row in listed if row.contender == contender], args.clips)
        if scores := score_clips(reading.clips()):
            table[contender] = scores
        reading.compare_formats()
        judged += reading.judged
    if not table:
        raise InvalidInput(f"None of the {len(listed)} clips of {args.manifest} can be judged.")
    _write(table, args)
    _say(f"{render_table(table)}\n\nJudged {judged} of {len(listed)} clips.")
    return 0


class _Reading:
    """Clips of one contender, decoded one after the other, with notes on stderr."""

    def __init__(self, listed: Sequence[ListedClip], folder: Path) -> None:
        self._listed = listed
        self._folder = folder
        self._formats: list[Format] = []
        self._files: list[str] = []

    @property
    def judged(self) -> int:
        """Number of clips that could be judged."""
        return len(self._files)

    def clips(self) -> Iterator[PromptedClip]:
        """Yield each clip that can be judged."""
        for row in self._listed:
            try:
                clip = decode(row, self._folder)
            except Unjudgeable as error:
                _note(f"{row.file} (line {row.line}): not judged: {error}")
                continue
            if clip.samples is None:
                _note(
                    f"{row.file}: has no sound track; only its picture is judged. Add sound, or ignore this."
                )
            elif is_silent(clip):
                _note(f"{row.file}: is silent; its impacts count as not heard. Check how it was made.")
            self._formats.append(Format.of(clip))
            self._files.append(row.file)
            yield PromptedClip(clip, row.prompt)

    def compare_formats(self) -> None:
        """Note the clips whose size, frame rate or length is not the usual one."""
        if not self._formats:
            return
        usual, odd = odd_formats(self._formats)
        for place in odd:
            _note(
                f"{self._files[place]}: is {self._formats[place]}; most are {usual}. "
                "It is judged, but make all alike to compare scores."
            )


def _require_writable(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidInput(
            f"{path} must be a file in a folder that exists. Make the folder, or name another."
        )


def _write(table: Table, args: Namespace) -> None:
    if args.csv:
        write_csv(args.csv, table)
    if args.json:
        write_json(args.json, table)


def _note(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201  (a command's notes)


def _say(text: str) -> None:
    print(text)  # noqa: T201  (a command's result)
