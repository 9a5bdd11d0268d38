"""Make the clips of a manifest again where that is possible, and compare hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.files.storage import storages

from arena.catalog.models import Prompt
from arena.media.binary import ffmpeg_version
from arena.media.normalise import normalise
from arena.media.probe import probe
from arena.runs.generating import fulfil, workshop
from arena.runs.manifests.reading import Author, Entry, MadeClip, RunManifest
from arena.runs.profiles import length_of, profile_of
from generators import registry
from generators.answers import Order
from generators.base import GenerationError, Generator, Request
from generators.choices import SettingsError
from generators.priced import Priced
from generators.repeating import Repeatable, describe_changes
from generators.results import CheckedClip

NOT_HERE = ("invalid_input", "unavailable", "timeout")
"""Kinds of errors that say what this machine lacks."""


class Outcome(StrEnum):
    """Result of making a file again."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_REPEATED = "not repeated"


@dataclass(frozen=True)
class Verdict:
    """Result for one file of one job."""

    entry: Entry
    file: str
    """Either `clip` or `rendition`."""
    outcome: Outcome
    told: str = ""
    """Reason, or the two hashes; empty for equal files."""


class NotRepeated(Exception):
    """Reason why a clip can't be made again here."""


def replay(manifest: RunManifest, *, workers: int) -> Iterator[list[Verdict]]:
    """Yield the verdicts on each job of a manifest, in its order. Providers are not called.

    Args:
        manifest: The run.
        workers: Clips made here side by side.
    """
    references = _find_references({entry.reference_sha256 for entry in manifest.entries})
    verify = partial(_verify, manifest, references)
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(verify, manifest.entries)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        workshop.stop()
        raise
    pool.shutdown()


def _find_references(hashes: set[str]) -> dict[str, str]:
    """Return the names of stored reference images by their hashes."""
    found = Prompt.objects.filter(reference_sha256__in=hashes - {""})
    return dict(found.values_list("reference_sha256", "reference_name"))


def _verify(manifest: RunManifest, references: Mapping[str, str], entry: Entry) -> list[Verdict]:
    if entry.clip is None:
        reason = f"no clip was made: {' '.join(filter(None, (entry.state, entry.error_kind)))}"
        return [Verdict(entry, "clip", Outcome.NOT_REPEATED, reason)]
    try:
        _refuse_changed(entry.author, entry.clip)
        with TemporaryDirectory(prefix="paddock-replay-") as folder:
            request = _request(manifest, references, entry, Path(folder))
            made = _make(entry, request, Path(folder) / "original")
            return list(_compare(manifest, entry, entry.clip, made))
    except NotRepeated as reason:
        return [Verdict(entry, "clip", Outcome.NOT_REPEATED, str(reason))]


def _refuse_changed(author: Author, clip: MadeClip) -> None:
    """Raise NotRepeated if another clip would have other bytes, or would cost money."""
    try:
        generator = _create(author)
        changes = describe_changes(generator, clip.provenance)
    except (GenerationError, ImportError, LookupError, SettingsError) as error:
        raise NotRepeated(str(error)) from error
    if changes:
        raise NotRepeated(f"it was made with {'; '.join(changes)}")


def _create(author: Author) -> Generator:
    generator = registry.create(author.generator, author.settings)
    if isinstance(generator, Priced):
        raise NotRepeated("a provider made it, who is paid for each clip and promises no equal one")
    if not isinstance(generator, Repeatable):
        raise NotRepeated(f"the generator {author.generator!r} promises no equal clip")
    return generator


def _request(manifest: RunManifest, references: Mapping[str, str], entry: Entry, folder: Path) -> Request:
    image = None
    if manifest.track.from_image:
        name = references.get(entry.reference_sha256)
        if name is None:
            raise NotRepeated("its reference image is not here; load the suite by manage.py load_suite")
        image = folder / Path(name).name
        with storages["references"].open(name) as source:
            image.write_bytes(source.read())
    return Request(
        track=manifest.track,
        prompt=entry.text,
        prompt_id=entry.prompt,
        seed=entry.seed,
        **manifest.clip_settings.asked,
        reference_image=image,
    )


def _make(entry: Entry, request: Request, out_dir: Path) -> CheckedClip:
    order = Order(entry.author.generator, entry.author.settings, request, out_dir)
    try:
        return fulfil(order)
    except GenerationError as error:
        if error.kind in NOT_HERE:
            raise NotRepeated(f"it can't be made here: {error}") from error
        raise


def _compare(manifest: RunManifest, entry: Entry, clip: MadeClip, made: CheckedClip) -> Iterator[Verdict]:
    _refuse_other_threads(clip, made)
    yield _judge(entry, "clip", clip.sha256, made.identity.sha256)
    if clip.rendition_sha256 is None or made.identity.sha256 != clip.sha256:
        return
    if clip.ffmpeg != (here := ffmpeg_version()):
        reason = f"it was made with ffmpeg {clip.ffmpeg or 'of unknown version'}, here {here}"
        yield Verdict(entry, "rendition", Outcome.NOT_REPEATED, reason)
        return
    facts = probe(made.path)
    shown = normalise(
        made.path,
        made.path.parent / "rendition.mp4",
        profile_of(manifest.clip_settings, facts),
        with_sound=manifest.track.with_sound,
        duration_s=length_of(manifest.clip_settings, facts),
        facts=facts,
    )
    yield _judge(entry, "rendition", clip.rendition_sha256, shown.sha256)


def _refuse_other_threads(clip: MadeClip, made: CheckedClip) -> None:
    """Raise NotRepeated if sums were split among another number of threads, and the bytes differ."""
    resolved: Any = made.provenance["resolved"]
    then, here = clip.provenance["resolved"].get("threads"), resolved.get("threads")
    if then != here and made.identity.sha256 != clip.sha256:
        raise NotRepeated(f"it was computed by {then} threads, here by {here}")


def _judge(entry: Entry, file: str, then: str, here: str) -> Verdict:
    if then == here:
        return Verdict(entry, file, Outcome.EQUAL)
    return Verdict(entry, file, Outcome.DIFFERENT, f"SHA-256 {then} in the manifest, {here} made here")


def count_outcomes(verdicts: Sequence[Verdict], outcome: Outcome, file: str) -> int:
    """Return the number of files with an outcome."""
    return sum(each.outcome == outcome and each.file == file for each in verdicts)
