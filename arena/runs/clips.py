"""Make one clip for a claimed job: generate, probe, normalise, store, and write its rows at once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from django.core.files.storage import storages

from arena.catalog.hashing import prompt_hash
from arena.media.corner_marks import find_corner_mark
from arena.media.loudness import recorded_loudness
from arena.media.motion import measure_motion
from arena.media.normalise import RenditionFacts, normalise
from arena.media.probe import Probe, probe
from arena.media.profile import Profile
from arena.media.stillness import is_still
from arena.media.storage import StoredFile, store
from arena.runs.claims import announce_files, finish_job
from arena.runs.drafts import draft_name, workplace
from arena.runs.finishing import finishing
from arena.runs.generating import generate
from arena.runs.models import Clip, Job, Rendition
from arena.runs.profiles import length_of, profile_of
from arena.runs.remarks import Remark, find_remarks
from arena.runs.turns import short_transaction
from arena.runs.variants import encode_variants_of, identify_variants, listed
from generators.base import InvalidResult, Request, Track
from generators.results import CheckedClip


def make_clip(job: Job) -> None:
    """Make and store the job's clip and rendition, and mark the job done.

    Raises:
        GenerationError: the generator made no clip.
        UnusableMedia: the clip can't be shown.
        LeakyRendition: the rendition would tell who made it.
        CapReached: the clip would exceed a cap on the run's cost.
        SettingsError: the contender's settings no longer fit its generator.
        DiskFull: there is no space for the clip.
        ClaimLost: another process has the job now.
    """
    with workplace(job) as folder:
        made = generate(job, _request(job, folder), folder / "original")
        with finishing():
            _finish(job, made, folder)


def _finish(job: Job, made: CheckedClip, folder: Path) -> None:
    """Normalise a clip that was made, and store it."""
    facts = probe(made.path)
    shown = folder / "rendition.mp4"
    profile = profile_of(job.clip_settings, facts)
    rendition = normalise(
        made.path,
        shown,
        profile,
        with_sound=Track(job.track).with_sound,
        duration_s=length_of(job.clip_settings, facts),
        forbidden=[job.contender.slug, job.contender.name],
        facts=facts,
    )
    remarks = find_remarks(
        job.clip_settings,
        facts,
        with_sound=Track(job.track).with_sound,
        loudness_lufs=rendition.loudness_lufs,
        is_still=is_still(shown),
        corner_mark=_find_mark(made),
    )
    recipe = asdict(profile) | asdict(rendition)
    seed = made.identity.sha256
    variants = encode_variants_of(job, made.path, folder, recipe, profile, facts=facts, seed=seed)
    _keep(job, made, facts, remarks, shown, rendition, profile, variants)


def _find_mark(made: CheckedClip) -> str | None:
    """Return the corner with a mark in a clip that a provider made; no generator in this tree leaves one."""
    return find_corner_mark(made.path) if made.provenance["provider_request_id"] else None


def _request(job: Job, folder: Path) -> Request:
    reference = None
    if Track(job.track).from_image:
        reference = folder / Path(job.prompt.reference_name).name
        with storages["references"].open(job.prompt.reference_name) as source:
            reference.write_bytes(source.read())
    return Request(
        track=Track(job.track),
        prompt=job.prompt.text,
        prompt_id=job.prompt.key,
        seed=job.seed,
        **job.clip_settings.asked,
        reference_image=reference,
    )


def _keep(
    job: Job,
    made: CheckedClip,
    facts: Probe,
    remarks: list[Remark],
    shown: Path,
    rendition: RenditionFacts,
    profile: Profile,
    variants: list[Path],
) -> None:
    original = StoredFile.named(made.identity.sha256, made.identity.size_bytes, _suffix(made.path))
    kept = StoredFile.named(rendition.sha256, rendition.size_bytes, _suffix(shown))
    with_sound = Track(job.track).with_sound
    loudness_lufs = recorded_loudness(rendition.loudness_lufs) if with_sound else None
    motion = measure_motion(shown)
    others = identify_variants(variants)
    names = [["renditions", file.name] for file in (kept, *others)]
    announce_files(job=job, files=[["originals", original.name], *names])
    _require_unchanged(made)
    _store("originals", made.path, original, job.pk)
    for path, file in zip((shown, *variants), (kept, *others), strict=True):
        _store("renditions", path, file, job.pk)
    with short_transaction():
        clip = Clip.objects.create(
            job=job,
            sha256=original.sha256,
            size_bytes=original.size_bytes,
            name=original.name,
            probe=asdict(facts),
            provenance=_provenance(job, made),
            remarks=remarks,
        )
        Rendition.objects.create(
            clip=clip,
            sha256=kept.sha256,
            size_bytes=kept.size_bytes,
            name=kept.name,
            width=rendition.width,
            height=rendition.height,
            fps=rendition.fps,
            duration_s=rendition.duration_s,
            loudness_lufs=loudness_lufs,
            motion=motion,
            recipe=asdict(profile) | asdict(rendition),
            variants=listed(others),
        )
        finish_job(job=job)


def _suffix(path: Path) -> str:
    return path.suffix.lstrip(".")


def _require_unchanged(made: CheckedClip) -> None:
    """Refuse a file that its generator wrote to after it was hashed.

    The original is hashed once, where it was made. It is stored under that hash because the file is still in
    the state that was hashed. The rendition needs no such check: nobody but this process knows its path.
    """
    if not made.identity.is_current(made.path.stat()):
        raise InvalidResult(
            "The clip's file must stay as it was delivered; it was changed. Correct the generator."
        )


def _store(alias: str, path: Path, kept: StoredFile, job_id: int) -> None:
    with path.open("rb") as file:
        store(file, storages[alias], kept, draft=draft_name(job_id))


def _provenance(job: Job, made: CheckedClip) -> dict[str, object]:
    return {
        **made.provenance,
        "contender": job.contender.slug,
        "suite": str(job.prompt.suite.name),
        "suite_version": job.prompt.suite.version,
        "prompt_hash": prompt_hash(job.prompt.text, job.prompt.reference_sha256),
    }
