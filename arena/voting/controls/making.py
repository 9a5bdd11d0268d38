"""Making of degraded twins, and their rotation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.storage import storages
from django.utils import timezone

from arena.catalog.hashing import content_hash
from arena.media.degrade import Degradation, degrade
from arena.media.normalise import normalise
from arena.media.probe import probe
from arena.media.storage import StoredFile, open_stored, store
from arena.runs.models import Rendition
from arena.runs.profiles import length_of, profile_of
from arena.runs.variants import encode_variants_of, identify_variants, listed
from arena.voting.controls.models import Twin
from arena.voting.controls.twins import judged_in, twins_of
from arena.voting.media_addresses import forget_lengths
from arena.voting.models import Study
from arena.voting.pairing.units import drawable_jobs
from arena.voting.terms import Terms
from generators.base import Track

LEAST_MOTION = 2.0
"""Motion of a clip, in levels of 255 from picture to picture, below which dropped frames are not seen."""
LEAST_LOUDNESS_LUFS = -50.0
"""Loudness of a rendition below which its sound is hardly heard."""


class NothingToDegrade(ValueError):
    """Study without clips for twins; the message says what to do."""


def make_twins(study: Study, *, number: int, seed: str, renew: bool = False) -> Iterator[Twin]:
    """Make twins of clips that have none in use, the kinds of degradation in turn; yield each one.

    Args:
        study: the study.
        number: how many to make.
        seed: string that draws clips and strengths.
        renew: whether the study's present twins retire once the new ones are made.

    Raises:
        NothingToDegrade: no clip is left that could be degraded visibly or audibly.
        UnusableMedia: a copy can't be encoded.
        LeakyRendition: a copy would tell who made it.
    """
    before = list(twins_of(study).values_list("pk", flat=True))
    chosen = list(_chosen(study, number, seed))
    if not chosen:
        raise NothingToDegrade(
            f"Study '{study.slug}' must have clips without a twin to make one of; got none. Add clips, or "
            "take another seed."
        )
    for rendition, degradation in chosen:
        yield make_twin(rendition, degradation, seed)
    if renew:
        Twin.objects.filter(pk__in=before).update(retired_at=timezone.now())
    forget_lengths([rendition for rendition, _ in chosen])


def _chosen(study: Study, number: int, seed: str) -> Iterator[tuple[Rendition, Degradation]]:
    """Yield clips in an order drawn by the seed, each with the next kind that is noticed on it.

    Twins that have retired are not made again: another kind takes their place.
    """
    jobs = drawable_jobs(study)
    taken = Twin.objects.in_use().values("rendition")
    free = Rendition.objects.filter(clip__job__in=jobs).exclude(pk__in=taken)
    rows = free.select_related("clip__job__contender", "clip__job__prompt")
    drawn = sorted(rows, key=lambda one: content_hash([seed, one.sha256]))
    modes = Terms.of(study.terms).modes
    made = set(Twin.objects.filter(seed=seed).values_list("rendition", "degradation"))
    kinds, found = cycle(Degradation), 0
    for rendition in drawn:
        for kind in (next(kinds) for _ in Degradation):
            noticed = _is_noticed(rendition, kind) and judged_in(kind, rendition.clip.job.track, modes)
            if noticed and (rendition.pk, kind) not in made:
                yield rendition, kind
                found += 1
                break
        if found == number:
            return


def _is_noticed(rendition: Rendition, degradation: Degradation) -> bool:
    if degradation.is_of_sound:
        with_sound = Track(rendition.clip.job.track).with_sound
        return with_sound and (rendition.loudness_lufs or -100.0) > LEAST_LOUDNESS_LUFS
    if degradation == Degradation.DROPPED_FRAMES:
        return (rendition.motion or 0.0) >= LEAST_MOTION
    return True


def make_twin(rendition: Rendition, degradation: Degradation, seed: str) -> Twin:
    """Degrade a clip from its original, and store the copy in the form of the clip's rendition."""
    clip, job = rendition.clip, rendition.clip.job
    with TemporaryDirectory(prefix="twin-") as place:
        folder = Path(place)
        original, copy = folder / f"original{Path(clip.name).suffix}", folder / "copy.mkv"
        with open_stored(clip.name, storages["originals"]) as stored, original.open("wb") as target:
            shutil.copyfileobj(stored, target)
        own_seed = content_hash([seed, clip.sha256])
        degrade(original, copy, degradation, seed=own_seed, facts=probe(original))
        shown, facts = folder / "rendition.mp4", probe(copy)
        profile = profile_of(job.clip_settings, facts)
        made = normalise(
            copy,
            shown,
            profile,
            with_sound=Track(job.track).with_sound,
            duration_s=length_of(job.clip_settings, facts),
            forbidden=[job.contender.slug, job.contender.name],
            facts=facts,
        )
        recipe = asdict(profile) | asdict(made)
        variants = encode_variants_of(job, copy, folder, recipe, profile, facts=facts, seed=own_seed)
        kept = StoredFile.named(made.sha256, made.size_bytes, "mp4")
        others = identify_variants(variants)
        for path, file in zip((shown, *variants), (kept, *others), strict=True):
            with path.open("rb") as content:
                store(content, storages["renditions"], file)
    return Twin.objects.create(
        rendition=rendition,
        degradation=degradation,
        seed=seed,
        sha256=kept.sha256,
        size_bytes=kept.size_bytes,
        name=kept.name,
        variants=listed(others),
        recipe=recipe,
    )
