"""Survey the clips that exist for a run: which prompts they answer, their facts, and what doesn't fit."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from arena.catalog.models import Contender, Prompt
from arena.media.probe import Probe, UnusableMedia, probe
from generators.base import file_sha256
from generators.choices import SettingsError
from generators.folder import Folder


class Place(NamedTuple):
    """Contender, prompt and seed that a clip answers."""

    contender: str
    prompt: str
    seed: int

    def __str__(self) -> str:
        return f"{self.contender}, prompt {self.prompt}, seed {self.seed}"


@dataclass(frozen=True)
class FoundClip:
    """Clip that exists and can be played."""

    place: Place
    path: Path
    sha256: str
    facts: Probe


@dataclass(frozen=True)
class Survey:
    """Clips for a run of the contenders that bring their own."""

    clips: list[FoundClip] = field(default_factory=list)
    missing: list[Place] = field(default_factory=list)
    unusable: list[tuple[Place, str]] = field(default_factory=list)
    """Places whose files can't be shown or conflict with each other, each with the reason."""
    unknown: list[tuple[str, str]] = field(default_factory=list)
    """Contenders with the prompt ids or file names that belong to no prompt of the suite."""

    def without_sound(self) -> list[Place]:
        """Return the places of clips in which nothing can be heard."""
        return [clip.place for clip in self.clips if clip.facts.sound is None or not clip.facts.sound.peak]


def brings_clips(contender: Contender) -> bool:
    """Return whether a contender takes in clips that exist, so that renditions follow them."""
    return contender.generator == Folder.name


def survey_clips(
    *,
    prompts: Sequence[Prompt],
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    known: Collection[str] = (),
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Survey:
    """Probe every clip that contenders bring for some prompts, before a run takes it in.

    Args:
        prompts: those of a suite, saved or not.
        contenders: any; those whose clips are still to be made are passed over.
        seeds: those wanted for every prompt; empty takes each prompt's own.
        known: keys of further prompts, whose clips are neither looked at nor reported.
        report: hears how many of how many clips were looked at.

    Raises:
        SettingsError: a contender's manifest or folder can't be read any more.
    """
    survey = Survey()
    found: list[tuple[Place, Path]] = []
    for contender in filter(brings_clips, contenders):
        folder = Folder(contender.settings)
        names = folder.unknown_prompts(dict.fromkeys([*known, *(prompt.key for prompt in prompts)]))
        survey.unknown.extend((contender.slug, name) for name in names)
        for prompt in prompts:
            for seed in seeds or prompt.seeds:
                place = Place(contender.slug, prompt.key, seed)
                _find(folder, place, survey, found)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, (place, path, facts) in enumerate(pool.map(_look, found), start=1):
            report(done, len(found))
            if isinstance(facts, Probe):
                survey.clips.append(FoundClip(place, path, file_sha256(path), facts))
            else:
                survey.unusable.append((place, facts))
    return survey


def _find(folder: Folder, place: Place, survey: Survey, found: list[tuple[Place, Path]]) -> None:
    try:
        path = folder.find_clip(place.prompt, place.seed)
    except SettingsError as error:
        survey.unusable.append((place, str(error)))
        return
    if path is None:
        survey.missing.append(place)
    else:
        found.append((place, path))


def _look(found: tuple[Place, Path]) -> tuple[Place, Path, Probe | str]:
    place, path = found
    try:
        return place, path, probe(path)
    except (UnusableMedia, OSError) as error:
        return place, path, f"{path.name}: {error}"
