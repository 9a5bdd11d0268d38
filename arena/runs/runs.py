"""Plan runs with the jobs that they need, and count how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count

from arena.catalog.hashing import content_hash
from arena.catalog.lookup import UnknownName
from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.tags import choose_prompts
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from generators.base import LARGEST_SEED, Track


class CantRun(ValueError):
    """Request that can't become a run."""


@transaction.atomic
def plan_run(
    *,
    suite: Suite,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    track: Track,
    clip_settings: ClipSettings,
    tags: Sequence[str] = (),
    exclude_tags: Sequence[str] = (),
    leave_out: Collection[tuple[str, str, int]] = (),
) -> Run:
    """Make a run and its missing jobs; the same request again returns the existing run.

    Args:
        suite: the prompts.
        contenders: contenders that make clips of each prompt.
        seeds: seeds for every prompt; empty takes each prompt's own.
        track: input mode, and whether sound is judged.
        clip_settings: size, length and rate of every clip.
        tags: tags of which a prompt needs one; empty takes every prompt.
        exclude_tags: tags of which a prompt may have none.
        leave_out: contenders' slugs, prompts' keys and seeds of clips not to be made.

    Raises:
        CantRun: the track starts from an image and a prompt has none, or seeds are out of range or repeated.
        UnknownName: no prompt has one of the tags.
        NothingChosen: the tags leave no prompt.
    """
    _refuse_odd_seeds(seeds)
    prompts = choose_prompts(list(suite.prompts.all()), tags=tags, exclude_tags=exclude_tags)
    if track.from_image:
        _refuse_missing_images(track, prompts)
    settings: dict[str, object] = {"track": track.value, **clip_settings.as_dict()}
    wanted = [
        _job(contender, prompt, seed, settings)
        for prompt in prompts
        for seed in seeds or prompt.seeds
        for contender in contenders
    ]
    Job.objects.bulk_create([job for job in wanted if _place(job) not in leave_out], ignore_conflicts=True)
    asked = {"seeds": list(seeds), "tags": sorted(tags), "exclude_tags": sorted(exclude_tags)}
    run = _find_run(suite, contenders, {**asked, "settings": settings})
    run.jobs.set(_find_jobs(wanted, content_hash(settings), leave_out))
    return run


def _refuse_missing_images(track: Track, prompts: Sequence[Prompt]) -> None:
    without = [prompt.key for prompt in prompts if not prompt.reference_name]
    if without:
        raise CantRun(
            f"Track {track} needs a reference image, and these prompts have none: {', '.join(without)}."
        )


def _find_jobs(
    wanted: Sequence[Job], settings_hash: str, leave_out: Collection[tuple[str, str, int]]
) -> list[Job]:
    """Return the rows of the wanted jobs; those to leave out only if their clips are made."""
    places = {_place(job) for job in wanted}
    found = Job.objects.filter(
        contender__in={job.contender for job in wanted},
        prompt__in={job.prompt for job in wanted},
        settings_hash=settings_hash,
    )
    return [
        job
        for job in found.exclude(state=Job.State.RETIRED).select_related("prompt", "contender")
        if _place(job) in places and (job.state == Job.State.SUCCEEDED or _place(job) not in leave_out)
    ]


def _place(job: Job) -> tuple[str, str, int]:
    return job.contender.slug, job.prompt.key, job.seed


def find_run(number: str) -> Run:
    """Find a run by the number that people type.

    Raises:
        UnknownName: there is no such run; the message lists the latest.
    """
    run = Run.objects.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
    if run is None:
        latest = [f"{run} on {run.track}" for run in Run.objects.order_by("-pk")[:10]]
        raise UnknownName(f"Unknown run '{number}'. Known: {'; '.join(latest) or 'none yet'}.")
    return run


def count_states(run: Run) -> Counter[str]:
    """Count a run's jobs in each state."""
    rows = run.jobs.order_by().values_list("state").annotate(n=Count("id"))
    return Counter(dict(rows))


def _refuse_odd_seeds(seeds: Sequence[int]) -> None:
    if len(set(seeds)) < len(seeds) or not all(0 <= seed <= LARGEST_SEED for seed in seeds):
        shown = ", ".join(map(str, seeds))
        raise CantRun(
            f"seeds must be different whole numbers from 0 to {LARGEST_SEED}; got {shown}. "
            "Use others, such as 0, 1."
        )


def _find_run(suite: Suite, contenders: Sequence[Contender], asked: Mapping[str, Any]) -> Run:
    """Return the run of a suite by these contenders in which the fields are as asked, or make it."""
    keys = {contender.pk for contender in contenders}
    for run in Run.objects.filter(suite=suite, **asked):
        if set(run.contenders.values_list("pk", flat=True)) == keys:
            return run
    run = Run.objects.create(suite=suite, track=asked["settings"]["track"], **asked)
    run.contenders.set(contenders)
    return run


def _job(contender: Contender, prompt: Prompt, seed: int, settings: dict[str, object]) -> Job:
    return Job(
        contender=contender,
        prompt=prompt,
        seed=seed,
        track=str(settings["track"]),
        settings=settings,
        settings_hash=content_hash(settings),
    )
