"""Read and check a manifest as a whole, before the first clip is made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.catalog.hashing import prompt_hash
from arena.runs.clip_settings import ClipSettings
from arena.runs.manifests.rows import ManifestError, Row
from arena.runs.manifests.writing import FORMAT, hash_contender
from arena.runs.models import Job
from generators.base import LARGEST_SEED, TRACKS, Track

LONGEST_LINE = 2**24
"""Bytes of a line that are read at all; a provenance has at most 1 MiB."""


@dataclass(frozen=True)
class Author:
    """Contender as a manifest describes it."""

    slug: str
    generator: str
    settings: Mapping[str, Any]
    settings_hash: str


@dataclass(frozen=True)
class MadeClip:
    """Clip as a manifest describes it."""

    sha256: str
    provenance: Mapping[str, Any]
    rendition_sha256: str | None
    ffmpeg: str
    """Version of the ffmpeg that made the rendition; empty without one."""


@dataclass(frozen=True)
class Entry:
    """Job of a manifest: a contender, a prompt, a seed, and the clip if one was made."""

    line: int
    author: Author
    prompt: str
    text: str
    reference_sha256: str
    seed: int
    state: str
    error_kind: str
    clip: MadeClip | None

    def __str__(self) -> str:
        return f"{self.author.slug}, prompt {self.prompt}, seed {self.seed}"


@dataclass(frozen=True)
class RunManifest:
    """Run as its manifest describes it."""

    title: str
    track: Track
    clip_settings: ClipSettings
    entries: list[Entry]


def read_manifest(path: Path) -> RunManifest:
    """Read a manifest that `write_manifest` wrote, here or elsewhere.

    Raises:
        ManifestError: The file can't be read; the message names line and field.
    """
    try:
        with path.open("rb") as file:
            rows = _read_rows(path, file)
            return _read_run(path, rows)
    except OSError as error:
        raise ManifestError(f"Can't read the manifest {path}: {error.strerror}.") from error


def _read_rows(path: Path, file: Any) -> Iterator[Row]:  # noqa: ANN401 - a file of bytes
    number = 0
    while text := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(text) > LONGEST_LINE:
            raise ManifestError(f"{path}, line {number}: must be at most 16 MiB; it is longer.")
        yield Row.parse(path, number, text)


def _read_run(path: Path, rows: Iterator[Row]) -> RunManifest:
    head = next(rows, None)
    if head is None:
        raise ManifestError(f"{path}: must be the manifest of a run; the file is empty.")
    if (found := head.plain().get("paddock_manifest")) != FORMAT:
        head.refuse("paddock_manifest", f"{FORMAT}, the format of this version of Paddock", found)
    authors = _read_authors(head.mapping("contenders"))
    manifest = RunManifest(
        title=f"run {head.number('run', LARGEST_SEED)} of {head.text('suite')} "
        f"v{head.number('suite_version', LARGEST_SEED)}, suite hash {head.hash('suite_hash')[:12]}",
        track=Track(head.choice("track", tuple(TRACKS))),
        clip_settings=_read_settings(head),
        entries=[_read_entry(row, authors) for row in rows],
    )
    _refuse_lost_lines(path, manifest.entries, head.number("jobs", LARGEST_SEED))
    _refuse_repeated(path, manifest.entries)
    return manifest


def _read_authors(row: Row) -> dict[str, Author]:
    return {slug: _read_author(slug, row.mapping(slug)) for slug in row.plain()}


def _read_author(slug: str, row: Row) -> Author:
    settings = row.mapping("settings").plain()
    author = Author(slug, row.text("generator"), settings, row.hash("settings_hash"))
    own = hash_contender(author.generator, settings)
    if author.settings_hash != own:
        row.refuse("settings_hash", f"that of the generator and its settings, {own}", author.settings_hash)
    return author


def _read_settings(head: Row) -> ClipSettings:
    settings = head.mapping("settings").plain()
    try:
        return ClipSettings.of(settings)
    except (KeyError, TypeError, ValueError) as error:
        head.refuse("settings", f"a clip's length, size and rate ({error})", settings)


def _read_entry(row: Row, authors: Mapping[str, Author]) -> Entry:
    author = authors[row.choice("contender", authors)]
    if (given := row.hash("contender_hash")) != author.settings_hash:
        row.refuse("contender_hash", f"that of line 1, {author.settings_hash}", given)
    text, reference = row.text("text"), row.hash("reference_sha256", empty=True)
    own = prompt_hash(text, reference)
    if (given := row.hash("prompt_hash")) != own:
        row.refuse("prompt_hash", f"that of the prompt's text and image, {own}", given)
    state = row.choice("state", tuple(Job.State.values))
    clip = row.optional("clip")
    if (clip is None) == (state == Job.State.SUCCEEDED):
        row.refuse("clip", "there if the job has succeeded, and only then", row.plain().get("clip"))
    error = row.optional("error")
    return Entry(
        line=row.line,
        author=author,
        prompt=row.text("prompt"),
        text=text,
        reference_sha256=reference,
        seed=row.number("seed", LARGEST_SEED),
        state=state,
        error_kind="" if error is None else error.text("kind"),
        clip=None if clip is None else _read_clip(clip),
    )


def _read_clip(row: Row) -> MadeClip:
    provenance = row.mapping("provenance")
    provenance.text("generator_version")
    for name in ("library_versions", "resolved"):
        provenance.mapping(name)
    rendition = row.optional("rendition")
    recipe = {} if rendition is None else rendition.mapping("recipe").plain()
    return MadeClip(
        sha256=row.hash("sha256"),
        provenance=provenance.plain(),
        rendition_sha256=None if rendition is None else rendition.hash("sha256"),
        ffmpeg=str(recipe.get("ffmpeg", "")),
    )


def _refuse_lost_lines(path: Path, entries: list[Entry], jobs: int) -> None:
    if len(entries) != jobs:
        raise ManifestError(
            f"{path}, line 1, field 'jobs': must be the number of lines that follow; got {jobs}, and "
            f"{len(entries)} follow. Export the run again, or fetch the whole file."
        )


def _refuse_repeated(path: Path, entries: list[Entry]) -> None:
    first: dict[tuple[str, str, int], int] = {}
    for entry in entries:
        line = first.setdefault((entry.author.slug, entry.prompt, entry.seed), entry.line)
        if line != entry.line:
            raise ManifestError(f"{path}, line {entry.line}: {entry} is on line {line} already. Keep one.")
