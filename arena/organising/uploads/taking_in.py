"""Take an upload in: contenders, prompts and a run that makes its clips ready for raters."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from arena.catalog.models import Contender, Prompt, Suite
from arena.media.inspecting import facts_of
from arena.organising.audit import record
from arena.organising.permissions import own
from arena.organising.uploads.matching import COLUMNS, Standing, place_of, standing_of
from arena.organising.uploads.models import Upload, UploadedClip
from arena.organising.uploads.receiving import contender_settings
from arena.runs.clip_settings import ClipSettings
from arena.runs.geometry import Asked, choose_settings
from arena.runs.models import Run
from arena.runs.replacements import retire_replaced
from arena.runs.runs import plan_run
from arena.runs.survey import FoundClip, Survey
from arena.voting.adding import add_clips, choose_track
from arena.voting.models import Study
from arena.voting.sources import CantAdd, Source
from generators.base import Track
from generators.clip_names import ClipFolder
from generators.folder import Folder

NO_FILES = ClipFolder((), ())


def take_in(
    *,
    upload: Upload,
    by: User,
    track: Track | None = None,
    asked: Asked | None = None,
    allow_short: bool = False,
) -> Run:
    """Plan the run that takes an upload's clips in; somebody has to make it.

    Args:
        upload: clips that are all matched or left out.
        by: person who owns the run and a new suite.
        track: what is judged; None follows the clips' sound.
        asked: size, length and rate at which all are shown; what is left open follows the clips.
        allow_short: whether the last picture of a clip that ends early may be held.

    Raises:
        CantAdd: clips are unmatched or doubled, or a study shows the upload's prompts already.
        ClipsDiffer, ShortClips: the clips have no common form, and none was given.
        CantRun: the track starts from images that prompts lack.
    """
    standing = standing_of(upload)
    if standing.obstacles:
        raise CantAdd(" ".join(standing.obstacles))
    _refuse_shown(upload)
    survey = _survey(upload, standing)
    settings = choose_settings(asked=asked or Asked(), survey=survey, allow_short=allow_short).settings
    _write_manifest(upload, standing.clips)
    chosen = choose_track(survey, None, track)
    with transaction.atomic():
        contenders = _contenders(upload, standing)
        run = _plan(upload, contenders, standing, survey, chosen, settings)
        upload.run = run
        upload.save(update_fields=["run"])
        own(by, run)
        own(by, run.suite)
        record(by, "took in clips of", run, {"upload": upload.slug, "clips": len(standing.clips)})
    return run


def _refuse_shown(upload: Upload) -> None:
    """Raise CantAdd if a study has the upload's own prompts: new ones would change its rules."""
    if upload.suite is None and upload.run is not None:
        study = Study.objects.filter(suites=upload.run.suite).first()
        if study is not None:
            raise CantAdd(
                f"The prompts of this upload must stay, since study '{study.slug}' shows them. "
                "Start another upload."
            )


def _survey(upload: Upload, standing: Standing) -> Survey:
    clips = [
        FoundClip(place_of(clip), upload.folder / clip.stored_name, clip.sha256, facts_of(clip.facts))
        for clip in standing.clips
    ]
    return Survey(clips=clips, missing=list(standing.missing))


def _write_manifest(upload: Upload, clips: Sequence[UploadedClip]) -> None:
    """Write which file answers what, at once, so that no worker reads half of it."""
    draft = upload.manifest.with_suffix(".new")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([*place_of(clip), clip.stored_name] for clip in clips)
    os.replace(draft, upload.manifest)


def _contenders(upload: Upload, standing: Standing) -> list[Contender]:
    found = []
    for slug, name in standing.contenders.items():
        given = {"name": name, "generator": Folder.name, "settings": contender_settings(upload, slug)}
        found.append(Contender.objects.get_or_create(slug=slug, defaults=given)[0])
    return found


def _plan(
    upload: Upload,
    contenders: Sequence[Contender],
    standing: Standing,
    survey: Survey,
    track: Track,
    settings: ClipSettings,
) -> Run:
    if upload.suite is None:
        return add_clips(
            slug=upload.slug,
            title=upload.title,
            sources=[Source(contender, NO_FILES) for contender in contenders],
            prompts=_own_prompts(upload, standing),
            survey=survey,
            track=track,
            settings=settings,
        ).run
    retire_replaced(suite=upload.suite, clips=survey.clips)
    return plan_run(
        suite=upload.suite,
        contenders=contenders,
        seeds=[],
        track=track,
        clip_settings=settings,
        leave_out=survey.missing,
    )


def _own_prompts(upload: Upload, standing: Standing) -> list[Prompt]:
    """Return the prompts of which there is a clip, unsaved, each with the seeds of its clips."""
    seeds: dict[str, set[int]] = {}
    for clip in standing.clips:
        seeds.setdefault(clip.prompt_key, set()).add(clip.seed)
    return [
        Prompt(key=key, text=text, seeds=sorted(seeds[key]), language="en")
        for key, text in upload.texts.items()
        if key in seeds
    ]


def suite_of(upload: Upload) -> Suite | None:
    """Return the suite that the upload's clips belong to; None before they were taken in."""
    return upload.run.suite if upload.run else upload.suite
