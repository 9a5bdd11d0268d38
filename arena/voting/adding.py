"""Studies from folders of clips: each folder is a contender, each file name a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from arena.catalog.models import Prompt, Suite
from arena.catalog.suites import grow_suite
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from arena.runs.replacements import retire_replaced
from arena.runs.runs import plan_run
from arena.runs.survey import Place, Survey
from arena.voting.clip_settings import geometry_of
from arena.voting.models import Study, Vote
from arena.voting.rule_changes import record_revision
from arena.voting.sources import CantAdd, Source
from arena.voting.studies import create_study
from arena.voting.terms import Terms
from generators.base import Track


@dataclass(frozen=True)
class Added:
    """Result of adding clips to a study."""

    run: Run
    new: int
    """Number of clips that are still to be taken in."""
    replaced: list[Place]
    """Places of the clips whose files were replaced."""
    revised: list[str]
    """Changes to the rules of a study that had no votes yet."""


def refuse_clashes(survey: Survey) -> None:
    """Raise CantAdd if a clip can't be shown, or two files are the same contender's clip of one prompt."""
    if survey.unusable:
        lines = "\n".join(f"  {place}: {reason}" for place, reason in survey.unusable)
        raise CantAdd(f"These clips can't be shown. Repair them or move them away:\n{lines}")


def choose_track(survey: Survey, study: Study | None, asked: Track | None) -> Track:
    """Return the study's track, or the one asked for, or else the one that fits the clips' sound."""
    if study is not None:
        if asked is not None and study.tracks != [asked.value]:
            raise CantAdd(
                f"--track must stay {', '.join(study.tracks)} for study '{study.slug}'; got {asked.value}. "
                "Take another study."
            )
        return Track(study.tracks[0])
    return asked or (Track.T2V if survey.without_sound() else Track.T2V_AUDIO)


@transaction.atomic
def add_clips(
    *,
    slug: str,
    title: str,
    sources: Sequence[Source],
    prompts: Sequence[Prompt],
    survey: Survey,
    track: Track,
    settings: ClipSettings,
) -> Added:
    """Save contenders and prompts, and plan the run that takes in the new and replaced clips.

    Raises:
        CantAdd: there is one folder only, or the rules of a study with votes would change.
    """
    if len(sources) < 2:
        raise CantAdd(
            "Folders must be two or more, one for each model; got one. Add the other models' folders."
        )
    study = Study.objects.filter(slug=slug).first()
    suite = find_own_suite(slug)
    revised = _revisions(study, suite, sources, prompts, {"track": track.value, **settings.as_dict()})
    if study is not None and revised and Vote.objects.filter(ballot__study=study).exists():
        raise CantAdd(
            f"The rules of study '{slug}' must stay, since it has votes; got new {'; '.join(revised)}. "
            f"Take another study, such as {slug}-2."
        )
    for source in sources:
        if source.contender.pk is None:
            source.contender.save(force_insert=True)
    suite = grow_suite(name=slug, title=title, prompts=prompts)
    replaced = retire_replaced(suite=suite, clips=survey.clips)
    run = plan_run(
        suite=suite,
        contenders=[source.contender for source in sources],
        seeds=[],
        track=track,
        clip_settings=settings,
        leave_out=survey.missing,
    )
    return Added(run, run.jobs.exclude(state=Job.State.SUCCEEDED).count(), replaced, revised)


@transaction.atomic
def open_on_clips(
    *,
    slug: str,
    title: str,
    question: str,
    added: Added,
    asked_by: str = "",
    introduction: str = "",
    contact: str = "",
) -> Study:
    """Open a study on the added clips, or revise the rules of the study that exists."""
    study = Study.objects.filter(slug=slug).first()
    run = added.run
    if study is None:
        study, _ = create_study(
            slug=slug,
            title=title,
            question=question,
            asked_by=asked_by,
            introduction=introduction,
            contact=contact,
            tracks=[Track(run.track)],
            suites=[run.suite],
            contenders=list(run.contenders.all()),
            runs=[run],
            terms=Terms(geometry=geometry_of(run.settings)),
        )
    elif added.revised:
        study.clip_settings = [run.settings]
        study.save(update_fields=["clip_settings"])
        study.contenders.add(*run.contenders.all())
        record_revision(study=study, reason="; ".join(added.revised))
    return study


def find_own_suite(slug: str) -> Suite | None:
    """Return the suite that adding clips to this study made, or None."""
    return Suite.objects.filter(name=slug, from_clips=True).first()


def _revisions(
    study: Study | None,
    suite: Suite | None,
    sources: Sequence[Source],
    prompts: Sequence[Prompt],
    settings: dict[str, object],
) -> list[str]:
    """Return what adding would change in the rules of a study, in words; nothing for a new study."""
    if study is None:
        return []
    if suite is None or list(study.suites.all()) != [suite]:
        raise CantAdd(
            f"Study '{study.slug}' must have the prompts of its folders alone; got suites of other origin. "
            "Take another study."
        )
    known = {prompt.key: set(prompt.seeds) for prompt in suite.prompts.all()}
    slugs = set(study.contenders.values_list("slug", flat=True))
    new = {
        "contenders": [source.contender.slug for source in sources if source.contender.slug not in slugs],
        "prompts": [prompt.key for prompt in prompts if prompt.key not in known],
        "seeds of": [p.key for p in prompts if p.key in known and set(p.seeds) - known[p.key]],
        "clips of": [str(ClipSettings.of(settings))] if study.clip_settings != [settings] else [],
    }
    return [f"{what} {', '.join(names)}" for what, names in new.items() if names]
