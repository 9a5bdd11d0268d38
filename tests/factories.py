"""Rows of the arena for tests: made directly, with real files where a file is read."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender, Prompt, Suite
from arena.media.storage import StoredFile, identify, store
from arena.runs.models import Clip, Job, Rendition, Run
from arena.voting.models import Ballot, Rater, Study
from arena.voting.studies import QUESTION

_numbers = itertools.count(1)
SETTINGS = {"track": "t2v-audio", "duration_s": 1.0, "width": 64, "height": 64, "fps": 12}
CAPTION = "a large red circle bouncing right quickly on a white background"


def make_contender(slug: str = "", **fields: object) -> Contender:
    slug = slug or f"contender-{next(_numbers)}"
    given = {"name": slug.replace("-", " ").title(), "generator": "toy-world", "settings": {"flaw": "none"}}
    return Contender.objects.create(slug=slug, **{**given, **fields})


def make_suite(name: str = "", *, prompts: int = 1, seeds: Sequence[int] = (0,)) -> Suite:
    name = name or f"suite-{next(_numbers)}"
    suite = Suite.objects.create(
        name=name, version=1, title=name, seeds=list(seeds), content_hash=content_hash(name)
    )
    for position in range(prompts):
        make_prompt(suite, f"p{position}", position=position, seeds=list(seeds))
    return suite


def make_prompt(suite: Suite, key: str, **fields: object) -> Prompt:
    given = {"position": suite.prompts.count(), "text": CAPTION, "language": "en", "seeds": [0]}
    return Prompt.objects.create(suite=suite, key=key, **{**given, **fields})


def make_job(contender: Contender, prompt: Prompt, seed: int = 0, **fields: object) -> Job:
    given = {"track": SETTINGS["track"], "settings": SETTINGS, "settings_hash": content_hash(SETTINGS)}
    return Job.objects.create(contender=contender, prompt=prompt, seed=seed, **{**given, **fields})


def make_run(suite: Suite, contenders: Sequence[Contender], settings: object = None) -> Run:
    """Make a run of a suite with those of its jobs that there are."""
    asked: dict[str, object] = settings if isinstance(settings, dict) else SETTINGS
    run = Run.objects.create(suite=suite, track=str(asked["track"]), seeds=[], settings=asked)
    run.contenders.set(contenders)
    run.jobs.set(Job.objects.filter(prompt__suite=suite, settings_hash=content_hash(asked)))
    return run


def store_bytes(content: bytes, alias: str, suffix: str) -> StoredFile:
    """Store a file with this content."""
    file = ContentFile(content)
    return store(file, storages[alias], identify(file, suffix))


def make_rendition(
    contender: Contender, prompt: Prompt, seed: int = 0, *, content: bytes = b"", **fields: object
) -> Rendition:
    """Make a done job with its clip and rendition; `content` is what the stored rendition holds."""
    job = make_job(contender, prompt, seed, state=Job.State.SUCCEEDED, **fields)
    unique = content or f"rendition {job.pk}".encode()
    kept = store_bytes(unique, "renditions", "mp4")
    clip = Clip.objects.create(
        job=job,
        sha256=content_hash(["original", job.pk]),
        size_bytes=1,
        name="original",
        probe={},
        provenance={},
    )
    return Rendition.objects.create(
        clip=clip,
        sha256=kept.sha256,
        size_bytes=kept.size_bytes,
        name=kept.name,
        width=64,
        height=64,
        fps=12,
        duration_s=1.0,
        recipe={},
    )


def make_study(
    slug: str = "study",
    *,
    contenders: int = 2,
    prompts: int = 1,
    seeds: Sequence[int] = (0,),
    **fields: object,
) -> Study:
    """Make a study whose every contender has a rendition for every prompt and seed."""
    rows = [make_contender() for _ in range(contenders)]
    suite = make_suite(prompts=prompts, seeds=seeds)
    given = {
        "title": slug.title(),
        "question": QUESTION,
        "tracks": ["t2v-audio"],
        "clip_settings": [SETTINGS],
    }
    study = Study.objects.create(slug=slug, **{**given, **fields})
    study.suites.add(suite)
    study.contenders.set(rows)
    for prompt in suite.prompts.all():
        for seed in seeds:
            for contender in rows:
                make_rendition(contender, prompt, seed)
    return study


def make_ballot(
    study: Study, rater: Rater | None = None, *, pair: Sequence[Rendition] = (), **fields: object
) -> Ballot:
    """Make an open ballot on two renditions; by default the study's first two."""
    shown = Rendition.objects.filter(clip__job__contender__studies=study).select_related("clip__job__prompt")
    a, b = pair or shown.order_by("pk")[:2]
    now = timezone.now()
    given = {
        "prompt": a.clip.job.prompt,
        "track": a.clip.job.track,
        "rendition_a": a,
        "rendition_b": b,
        "propensity": 0.5,
        "issued_at": now,
        "expires_at": now + timedelta(minutes=30),
    }
    return Ballot.objects.create(study=study, rater=rater or Rater.objects.create(), **{**given, **fields})


def write_file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
