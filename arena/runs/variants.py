"""Make the variants of renditions that have none yet, such as those of an earlier version."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db.models import QuerySet

from arena.media.graph import Level
from arena.media.probe import Probe, probe
from arena.media.profile import Profile
from arena.media.storage import StoredFile, open_stored, store
from arena.media.variants import make_variants
from arena.runs.models import Job, Rendition
from arena.runs.profiles import profile_of

SUFFIX = "mp4"

_postponed = threading.Event()
"""Whether clips that this process makes get their variants later, by `add_variants`."""


@contextmanager
def variants_later() -> Iterator[None]:
    """Make clips without variants in a block, in all threads: variants double the time that clips take."""
    _postponed.set()
    try:
        yield
    finally:
        _postponed.clear()


def encode_variants_of(
    job: Job,
    source: Path,
    folder: Path,
    recipe: Mapping[str, Any],
    profile: Profile,
    *,
    facts: Probe,
    seed: str,
) -> list[Path]:
    """Encode the variants of a job's rendition into a folder; none within `variants_later`.

    Args:
        job: the job that made the clip.
        source: the clip as its generator made it.
        folder: an existing folder.
        recipe: the rendition's own recipe, with its number of frames and the gain of its sound.
        profile: the rendition's profile.
        facts: result of `probe` for the clip.
        seed: the clip's hash, so that equal clips have equal variants.

    Raises:
        UnusableMedia: the clip can't be encoded.
        LeakyRendition: a variant would tell who made it.
    """
    return make_variants(
        source,
        folder,
        profile,
        _level(recipe, profile),
        number=0 if _postponed.is_set() else settings.RENDITION_VARIANTS,
        seed=seed,
        facts=facts,
        frames=recipe["frames"],
        forbidden=[job.contender.slug, job.contender.name],
    )


def identify_variants(paths: list[Path]) -> list[StoredFile]:
    """Return where each variant is kept."""
    contents = ((path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths)
    return [StoredFile.named(sha256, path.stat().st_size, SUFFIX) for path, sha256 in contents]


def listed(variants: list[StoredFile]) -> list[tuple[str, int]]:
    """Return variants as a rendition's row keeps them."""
    return [(each.sha256, each.size_bytes) for each in variants]


def without_variants() -> QuerySet[Rendition]:
    """Return the renditions of this arena's own making that have no variants."""
    found = Rendition.objects.filter(variants=[], recipe__has_key="frames")
    return found.select_related("clip__job__contender", "clip__job__prompt").order_by("pk")


def add_variants(renditions: QuerySet[Rendition]) -> Iterator[Rendition]:
    """Make and store the variants of renditions from their originals; yield each when it is done.

    A process killed midway leaves renditions whole: their rows name variants once all of them are stored.

    Raises:
        UnusableMedia: a clip can't be encoded.
        LeakyRendition: a variant would tell who made it.
        FileNotFoundError: an original is missing.
    """
    # An open cursor on SQLite would keep its snapshot, and each update after another process's would fail.
    for key in list(renditions.values_list("pk", flat=True)):
        rendition = renditions.filter(pk=key).first()
        if rendition is None:
            continue  # another process made them
        with TemporaryDirectory(prefix="variants-") as folder:
            _add(rendition, Path(folder))
        yield rendition


def _add(rendition: Rendition, folder: Path) -> None:
    clip, job = rendition.clip, rendition.clip.job
    source = folder / f"original{Path(clip.name).suffix}"
    with open_stored(clip.name, storages["originals"]) as stored, source.open("wb") as copy:
        shutil.copyfileobj(stored, copy)
    facts, seed = probe(source), clip.sha256
    profile = profile_of(job.clip_settings, facts)
    paths = encode_variants_of(job, source, folder, rendition.recipe, profile, facts=facts, seed=seed)
    kept = identify_variants(paths)
    for path, file in zip(paths, kept, strict=True):
        with path.open("rb") as content:
            store(content, storages["renditions"], file)
    Rendition.objects.filter(pk=rendition.pk, variants=[]).update(variants=listed(kept))


def _level(recipe: Mapping[str, Any], profile: Profile) -> Level | None:
    """Return the level of a rendition's sound; early recipes don't keep the ceiling of its peaks."""
    if not recipe["has_sound"]:
        return None
    ceiling = recipe.get("ceiling_dbtp")
    return Level(recipe["gain_db"], profile.true_peak_dbtp if ceiling is None else ceiling)
