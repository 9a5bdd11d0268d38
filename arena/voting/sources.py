"""Sources: folders of clips as contenders, and their file names as prompts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.prompt_lists import ListedPrompt
from generators.clip_names import ClipFolder, NamedFile, id_from, read_clip_folder
from generators.folder import Folder


class CantAdd(ValueError):
    """Obstacle to making a study of folders; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """Folder of clips with its contender, which may not be saved yet."""

    contender: Contender
    clips: ClipFolder


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
        raise CantAdd(
            f"{path} must hold clips (.mp4, .webm, .mov or .mkv); it has none.{_hint_of_inner_folders(path)}"
        )
    return clips


def _hint_of_inner_folders(path: Path) -> str:
    folders = [child for child in sorted(path.iterdir()) if child.is_dir()]
    inner = [str(folder) for folder in folders if read_clip_folder(folder).files]
    return f" Name the folders inside it, one for each model: {' '.join(inner[:4])}" if inner else ""


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
    known = {prompt.key: prompt.text for prompt in suite.prompts.all()} if suite else {}
    files = [file for source in sources for file in source.clips.files]
    texts = _listed_texts(known, listed) if listed else _texts_of_names(known, files)
    described = {prompt.key: prompt.described for prompt in listed}
    return [
        Prompt(key=key, text=text, seeds=_seeds(key, files), **described.get(key, {"language": "en"}))
        for key, text in texts.items()
    ]


def _listed_texts(known: Mapping[str, str], listed: Sequence[ListedPrompt]) -> dict[str, str]:
    texts = dict(known)
    for prompt in listed:
        text = texts.setdefault(prompt.key, prompt.text)
        if text != prompt.text:
            raise CantAdd(
                f"Prompt '{prompt.key}' must keep its text in the study, '{text[:60]}'; got another one. "
                "Take another study."
            )
    return texts


def _texts_of_names(known: Mapping[str, str], files: Sequence[NamedFile]) -> dict[str, str]:
    texts = dict(known)
    for file in files:
        if file.whole not in texts and file.base not in known:
            texts[file.whole] = re.sub(r"[\s_-]+", " ", file.path.stem).strip() or file.path.stem
    return texts


def _seeds(key: str, files: Sequence[NamedFile]) -> list[int]:
    """Return the seeds of a prompt's files; a name without a seed stands for seed 0."""
    seeds = {0 for file in files if file.whole == key}
    seeds |= {file.seed for file in files if file.base == key and file.seed is not None}
    return sorted(seeds) or [0]
