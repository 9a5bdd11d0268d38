"""Studies from folders of clips: each folder is a contender, each file name a prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.prompt_lists import ListedPrompt
from arena.catalog.suites import grow_suite
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from arena.runs.replacements import retire_replaced
from arena.runs.runs import plan_run
from arena.runs.survey import Place, Survey
from arena.voting.models import Study, StudyChange, Vote
from arena.voting.openings import record_change
from arena.voting.studies import create_study
from generators.base import Track
from generators.clip_names import ClipFolder, id_from, read_clip_folder
from generators.folder import Folder


class CantAdd(ValueError):
    """Obstacle to making a study of folders; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """Folder of clips with its contender, which may not be saved yet."""

    contender: Contender
    clips: ClipFolder


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


def read_sources(arguments: Sequence[str]) -> list[Source]:
    """Read folders given as DIR or NAME=DIR.

    Raises:
        CantAdd: a folder is missing or has no clips, or two folders have one name.
    """
    sources: dict[str, Source] = {}
    for argument in arguments:
        name, equals, folder = argument.partition("=")
        path = Path(folder if equals else argument).expanduser().resolve()
        contender = _contender(name.strip() if equals else path.name, path)
        if contender.slug in sources:
            raise CantAdd(
                f"Each folder must have a name of its own; got '{contender.slug}' twice. "
                f"Give one another name: NAME={path}"
            )
        sources[contender.slug] = Source(contender, _read_folder(path))
    return list(sources.values())


def _contender(name: str, path: Path) -> Contender:
    row = Contender(slug=id_from(name), name=name[:120], generator=Folder.name, settings={"clips": str(path)})
    known = Contender.objects.filter(slug=row.slug).first()
    if known is not None and (known.generator, known.settings) != (row.generator, row.settings):
        where = known.settings.get("clips") or known.settings.get("manifest") or known.generator
        raise CantAdd(
            f"Contender '{row.slug}' exists already, with clips from {where}. "
            f"Give this folder another name: NAME={path}"
        )
    return known or row


def _read_folder(path: Path) -> ClipFolder:
    if not path.is_dir():
        raise CantAdd(f"{path} must be a folder of clips; there is no such folder.")
    clips = read_clip_folder(path)
    if not clips.files:
        inner = [
            child for child in sorted(path.iterdir()) if child.is_dir() and read_clip_folder(child).files
        ]
        hint = (
            f" Name the folders inside it, one for each model: {' '.join(map(str, inner[:4]))}"
            if inner
            else ""
        )
        raise CantAdd(f"{path} must hold clips (.mp4, .webm, .mov or .mkv); it has none.{hint}")
    return clips


def find_prompts(
    sources: Sequence[Source], listed: Sequence[ListedPrompt], suite: Suite | None
) -> list[Prompt]:
    """Return the prompts that the files belong to, unsaved, each with its seeds.

    Args:
        sources: folders of clips.
        listed: prompts of a list; without one, each new file name is a prompt's text.
        suite: prompts that the study has already, which stay.

    Raises:
        CantAdd: the list changes the text of a prompt that the study has.
    """
    texts = {prompt.key: prompt.text for prompt in suite.prompts.all()} if suite else {}
    known = set(texts)
    for prompt in listed:
        if texts.setdefault(prompt.key, prompt.text) != prompt.text:
            raise CantAdd(
                f"Prompt '{prompt.key}' must keep its text in the study, '{texts[prompt.key][:60]}'; got "
                "another one. Take another study."
            )
    if not listed:
        for source in sources:
            for file in source.clips.files:
                if file.whole not in texts and file.base not in known:
                    texts[file.whole] = re.sub(r"[\s_-]+", " ", file.path.stem).strip() or file.path.stem
    return [
        Prompt(key=key, text=text, language="en", seeds=_seeds(key, sources)) for key, text in texts.items()
    ]


def _seeds(key: str, sources: Sequence[Source]) -> list[int]:
    found = set()
    for source in sources:
        for file in source.clips.files:
            found |= {0} if file.whole == key else set()
            found |= {file.seed} if file.base == key and file.seed is not None else set()
    return sorted(found) or [0]


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
    return Added(run, run.jobs.exclude(state=Job.State.DONE).count(), replaced, revised)


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
        )
    elif added.revised:
        study.clip_settings = [run.settings]
        study.save(update_fields=["clip_settings"])
        study.contenders.add(*run.contenders.all())
        record_change(study=study, kind=StudyChange.Kind.REVISED, reason="; ".join(added.revised))
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
    if study is None:
        return []
    known = {prompt.key: prompt.seeds for prompt in suite.prompts.all()} if suite else {}
    if suite is None or list(study.suites.all()) != [suite]:
        raise CantAdd(
            f"Study '{study.slug}' must have the prompts of its folders alone; got suites of other origin. "
            "Take another study."
        )
    slugs = set(study.contenders.values_list("slug", flat=True))
    contenders = [source.contender.slug for source in sources if source.contender.slug not in slugs]
    new = [prompt.key for prompt in prompts if prompt.key not in known]
    seeds = [p.key for p in prompts if p.key in known and set(p.seeds) - set(known[p.key])]
    return [
        *([f"contenders {', '.join(contenders)}"] if contenders else []),
        *([f"prompts {', '.join(new)}"] if new else []),
        *([f"seeds of {', '.join(seeds)}"] if seeds else []),
        *([f"clips of {ClipSettings.of(settings)}"] if study.clip_settings != [settings] else []),
    ]
