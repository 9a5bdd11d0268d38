"""From folders of clips to a study: a contender for each folder, a prompt for each name, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.prompt_lists import ListedPrompt
from arena.catalog.suites import grow_suite
from arena.catalog.tracks import Track
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from arena.runs.replacements import retire_replaced
from arena.runs.runs import plan_run
from arena.runs.survey import Place, Survey
from arena.voting.models import Study, StudyChange, Vote
from arena.voting.openings import record_change
from arena.voting.studies import create_study
from generators.clip_names import ClipFolder, id_from, read_clip_folder
from generators.folder import Folder


class CantAdd(ValueError):
    """Folders can't become a study as they are; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """One folder of clips, and the contender who made them; saved or still to be."""

    contender: Contender
    clips: ClipFolder


@dataclass(frozen=True)
class Added:
    """What adding clips to a study did."""

    run: Run
    new: int
    """Clips that are taken in now; the others were before."""
    replaced: list[Place]
    revised: list[str]
    """What is new in the rules of a study that had no votes yet."""


def read_sources(arguments: Sequence[str]) -> list[Source]:
    """Read folders given as DIR, or as NAME=DIR.

    Raises:
        CantAdd: a folder is missing or holds no clip, or two would be the same contender.
    """
    sources: dict[str, Source] = {}
    for argument in arguments:
        name, equals, folder = argument.partition("=")
        path = Path(folder if equals else argument).expanduser().resolve()
        contender = _contender(name.strip() if equals else path.name, path)
        if contender.slug in sources:
            raise CantAdd(
                f"Each folder must have a name of its own; '{contender.slug}' comes twice. "
                f"Name one otherwise: NAME={path}"
            )
        sources[contender.slug] = Source(contender, _read_folder(path))
    return list(sources.values())


def _contender(name: str, path: Path) -> Contender:
    row = Contender(slug=id_from(name), name=name[:120], generator=Folder.name, settings={"clips": str(path)})
    known = Contender.objects.filter(slug=row.slug).first()
    if known is not None and (known.generator, known.settings) != (row.generator, row.settings):
        where = known.settings.get("clips") or known.settings.get("manifest") or known.generator
        raise CantAdd(
            f"Contender '{row.slug}' exists and has its clips from {where}. "
            f"Name this folder otherwise: NAME={path}"
        )
    return known or row


def _read_folder(path: Path) -> ClipFolder:
    if not path.is_dir():
        raise CantAdd(f"{path} must be a folder of clips; there is none.")
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
    """Return the prompts that files are named by, unsaved, each with its seeds.

    Args:
        sources: the folders.
        listed: the list of prompts, if there is one; otherwise each new file name is a prompt's text.
        suite: the study's own prompts, if it exists; they stay.

    Raises:
        CantAdd: the list gives another text to a prompt that the study has.
    """
    texts = {prompt.key: prompt.text for prompt in suite.prompts.all()} if suite else {}
    known = set(texts)
    for prompt in listed:
        if texts.setdefault(prompt.key, prompt.text) != prompt.text:
            raise CantAdd(
                f"Prompt '{prompt.key}' has another text in the study, and it never changes: "
                f"'{texts[prompt.key][:60]}'. Take another study."
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
    """Raise CantAdd if there is a file that can't be shown, or that is in another's way."""
    if survey.unusable:
        lines = "\n".join(f"  {place}: {reason}" for place, reason in survey.unusable)
        raise CantAdd(f"These clips can't be shown. Mend them or move them away:\n{lines}")


def choose_track(survey: Survey, study: Study | None, asked: Track | None) -> Track:
    """Return the study's track, the one asked for, or the one that the clips' sound says."""
    if study is not None:
        if asked is not None and study.tracks != [asked.value]:
            raise CantAdd(
                f"Study '{study.slug}' is on track {', '.join(study.tracks)}, and that never changes."
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
    """Save contenders, prompts and the run that takes in those clips that are new or replaced.

    Raises:
        CantAdd: the study has votes, and its prompts, contenders or sizes would change.
    """
    if len(sources) < 2:
        raise CantAdd(
            "A study compares at least two contenders; got one folder. Add the other models' folders."
        )
    study = Study.objects.filter(slug=slug).first()
    suite = find_own_suite(slug)
    revised = _revisions(study, suite, sources, prompts, {"track": track.value, **settings.as_dict()})
    if study is not None and revised and Vote.objects.filter(ballot__study=study).exists():
        raise CantAdd(
            f"Study '{slug}' has votes, so that its rules no longer change; new would be "
            f"{'; '.join(revised)}. Take another study, such as {slug}-2."
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
    """Open a study on the clips that were added, or bring the one that there is up to them."""
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
    """Return the suite of the prompts that clips were added for to this study."""
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
        raise CantAdd(f"Study '{study.slug}' has prompts that didn't come by add_clips. Take another study.")
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
