"""Match uploaded files to prompts: by a manifest, by their names, or by hand."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from django.db import transaction

from arena.organising.uploads.models import Upload, UploadedClip
from arena.runs.survey import Place
from generators.base import LARGEST_SEED
from generators.clip_names import read_clip_name

COLUMNS = ("contender", "prompt_id", "seed", "file")
LARGEST_MANIFEST_BYTES = 4 * 2**20


class InvalidMatch(ValueError):
    """Prompt, seed or manifest that a clip can't have; the message says what is allowed."""


class Answer(NamedTuple):
    """Prompt and seed that a file answers; the prompt is empty while nobody knows."""

    prompt_key: str
    seed: int


class ManifestRow(NamedTuple):
    """What a manifest says of a file."""

    contender: str
    answer: Answer


@dataclass(frozen=True)
class Standing:
    """How far an upload is from being taken in."""

    clips: Sequence[UploadedClip]
    """Clips that are not left out."""
    unmatched: Sequence[UploadedClip]
    twice: Sequence[Place]
    """Places for which a contender has two clips or more."""
    missing: Sequence[Place]
    """Places of the prompts, or of other contenders' clips, for which a contender has no clip."""

    @property
    def contenders(self) -> dict[str, str]:
        """Name of each contender by its slug."""
        return {clip.contender: clip.contender_name for clip in self.clips}

    @property
    def obstacles(self) -> list[str]:
        """Sentences that say what keeps the clips from being taken in; none if nothing does."""
        told = []
        if self.unmatched:
            told.append(f"{len(self.unmatched)} clips have no prompt yet. Choose one, or leave the clip out.")
        if self.twice:
            places = "; ".join(map(str, self.twice[:5]))
            told.append(f"Two clips answer the same prompt and seed: {places}. Change one, or leave it out.")
        if len(self.contenders) < 2:
            told.append(f"Clips of two models or more are needed; there are {len(self.contenders)}.")
        return told


def standing_of(upload: Upload) -> Standing:
    """Return which clips of an upload are matched, doubled and missing."""
    clips = [clip for clip in UploadedClip.objects.filter(upload=upload) if not clip.is_left_out]
    unmatched = [clip for clip in clips if not clip.prompt_key]
    places = Counter(place_of(clip) for clip in clips if clip.prompt_key)
    wanted = _wanted(upload, places)
    contenders = dict.fromkeys(clip.contender for clip in clips)
    grid = [Place(contender, *answer) for contender in contenders for answer in wanted]
    return Standing(
        clips=clips,
        unmatched=unmatched,
        twice=[place for place, number in places.items() if number > 1],
        missing=[place for place in grid if place not in places],
    )


def place_of(clip: UploadedClip) -> Place:
    """Return what a clip answers."""
    return Place(clip.contender, clip.prompt_key, clip.seed)


def match_name(file_name: str, texts: Mapping[str, str]) -> Answer:
    """Return the prompt and seed that a file's name means, or no prompt."""
    named = read_clip_name(Path(file_name))
    if named.whole in texts:
        return Answer(named.whole, 0)
    if named.base in texts and named.seed is not None and named.seed <= LARGEST_SEED:
        return Answer(named.base, named.seed)
    return Answer("", 0)


def text_of_name(file_name: str) -> tuple[str, str]:
    """Return key and text of the prompt that a file's name is."""
    stem = Path(file_name).stem
    return read_clip_name(Path(file_name)).whole, re.sub(r"[\s_-]+", " ", stem).strip() or stem


def read_manifest(content: bytes) -> dict[str, ManifestRow]:
    """Return what a manifest says of each file, by the file's name without its folders.

    Raises:
        InvalidMatch: it is no CSV with the columns of `COLUMNS`, or a row is wrong.
    """
    if len(content) > LARGEST_MANIFEST_BYTES:
        raise InvalidMatch("The manifest must have at most 4 MiB. Send fewer files at once.")
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidMatch(f"The manifest must be a CSV in UTF-8; it is not ({error}).") from error
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise InvalidMatch(f"The manifest must have the columns {', '.join(COLUMNS)} and at least one row.")
    found: dict[str, ManifestRow] = {}
    for line, row in enumerate(rows, start=2):
        values = [str(row[name] or "").strip() for name in COLUMNS]
        name = PurePosixPath(values[3].replace("\\", "/")).name
        if not all(values[:2]) or not name or name in found:
            raise InvalidMatch(
                f"The manifest's line {line} must name a contender, a prompt and a file, each file once."
            )
        found[name] = ManifestRow(values[0], Answer(values[1], _seed(values[2], f"line {line}")))
    return found


@transaction.atomic
def change_matches(upload: Upload, given: Mapping[int, tuple[str, str, bool]]) -> None:
    """Store what a person chose for clips.

    Args:
        upload: the upload.
        given: prompt's key, seed as text, and whether it is left out, by the clip's primary key.

    Raises:
        InvalidMatch: there is no such prompt, or its seed is none of the prompt's.
    """
    texts, seeds = upload.texts, seeds_of(upload)
    for clip in UploadedClip.objects.select_for_update().filter(upload=upload, pk__in=given):
        key, seed_text, is_left_out = given[clip.pk]
        if key and key not in texts:
            raise InvalidMatch(f"{clip.file_name}: prompt '{key[:60]}' is not in the list. Choose another.")
        seed = _seed(seed_text, clip.file_name)
        if key:
            refuse_foreign_seed(clip.file_name, key, seed, seeds)
        clip.prompt_key, clip.seed, clip.is_left_out = key, seed, is_left_out
        clip.save(update_fields=["prompt_key", "seed", "is_left_out"])


def seeds_of(upload: Upload) -> dict[str, list[int]]:
    """Return the seeds of each prompt of a suite; nothing for own prompts, which take any seed."""
    if upload.suite is None:
        return {}
    return dict(upload.suite.prompts.values_list("key", "seeds"))


def refuse_foreign_seed(file_name: str, key: str, seed: int, seeds: Mapping[str, Sequence[int]]) -> None:
    """Raise InvalidMatch if a suite's prompt does not have the seed."""
    if key in seeds and seed not in seeds[key]:
        known = ", ".join(map(str, seeds[key]))
        raise InvalidMatch(f"{file_name}: seed of prompt '{key}' must be one of {known}; got {seed}.")


def _wanted(upload: Upload, places: Iterable[Place]) -> list[Answer]:
    """Return the prompts and seeds of which every contender should have a clip."""
    if seeds := seeds_of(upload):
        return [Answer(key, seed) for key, own in seeds.items() for seed in own]
    found: dict[str, set[int]] = defaultdict(set)
    for place in places:
        found[place.prompt].add(place.seed)
    listed = upload.texts if upload.is_listed else [key for key in upload.texts if key in found]
    return [Answer(key, seed) for key in listed for seed in sorted(found.get(key, {0}))]


def _seed(text: str, where: str) -> int:
    text = text.strip() or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_SEED):
        raise InvalidMatch(f"{where}: seed must be a whole number from 0; got '{text[:40]}'.")
    return int(text)
