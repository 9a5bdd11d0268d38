"""Slices: the part of a board's votes that is on some prompts or clips only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from math import gcd

from arena.catalog.models import Prompt
from arena.runs.models import Rendition
from arena.voting.admission.models import Admission
from arena.voting.models import Study
from arena.voting.modes import Mode, modes_on, sheet_name
from arena.voting.pairing import study_jobs
from arena.voting.tally_sheets import TallySheet
from arena.voting.terms import Terms


class UnknownSlice(LookupError):
    """Field or value of a slice that a board doesn't have; the message lists the known ones."""


@dataclass(frozen=True)
class Slice:
    """Part of a board's votes; an empty field takes all of them."""

    tag: str = ""
    """Tag of the prompt."""
    language: str = ""
    """Language of the prompt, such as `en`."""
    aspect: str = ""
    """Width to height of what raters saw, such as `16:9`."""
    group: str = ""
    """How the raters came to the study, of `GROUPS`."""
    mode: str = ""
    """Mode of judging, `muted` or `sound`; empty for picture and sound."""

    def __bool__(self) -> bool:
        """Whether it leaves any votes out."""
        return bool(self.chosen)

    def __str__(self) -> str:
        """Describe the slice on one line, such as `language=en, tag=music`; empty for all votes."""
        return ", ".join(f"{name}={value}" for name, value in self.chosen.items())

    @property
    def chosen(self) -> dict[str, str]:
        """Fields that leave votes out, with their values."""
        return {name: value for name, value in asdict(self).items() if value}

    def sheets(self, track: str) -> str:
        """Return the name of the tally sheets on a track that it is a part of."""
        return sheet_name(track, self.mode)


PUBLIC = "public"
"""Group of the raters whom neither an invitation nor a panel admitted."""
GROUPS = (PUBLIC, *Admission.Group.values)
WHOLE = Slice()
"""All votes of a board."""
FIELDS = tuple(field.name for field in fields(Slice))


def choose_slice(study: Study, track: str, asked: Mapping[str, str]) -> Slice:
    """Return the slice with these values of fields; empty values take all votes.

    Raises:
        UnknownSlice: the board has no such field or value; the message lists those that it has.
    """
    asked = {name: value for name, value in asked.items() if value}
    for name in asked:
        if name not in FIELDS:
            raise UnknownSlice(_unknown("slice", name, FIELDS))
    for name, value in asked.items():
        known = known_values(study, track, name)
        if value not in known:
            raise UnknownSlice(_unknown(name, value, known))
    return Slice(**asked)


def known_slices(study: Study, track: str) -> dict[str, tuple[str, ...]]:
    """Return the values that each field can take on a board, sorted, in five queries at most."""
    return {name: known_values(study, track, name) for name in FIELDS}


def known_values(study: Study, track: str, name: str) -> tuple[str, ...]:
    """Return the values that a field of `FIELDS` can take on a board, sorted, in two queries at most."""
    return tuple(sorted(_VALUES[name](study, track)))


def _tags(study: Study, _track: str) -> set[str]:
    lists = Prompt.objects.filter(suite__studies=study).order_by().values_list("tags", flat=True)
    return {tag for tags in lists for tag in tags}


def _languages(study: Study, _track: str) -> set[str]:
    prompts = Prompt.objects.filter(suite__studies=study).order_by()
    return set(prompts.values_list("language", flat=True).distinct())


def _aspects(study: Study, track: str) -> set[str]:
    shown = Rendition.objects.filter(clip__job__in=study_jobs(study).filter(track=track)).order_by()
    return {aspect(*size) for size in shown.values_list("width", "height").distinct()}


def _modes(study: Study, track: str) -> set[str]:
    return {mode for mode in modes_on(track, Terms.of(study.terms).modes) if mode != Mode.BOTH}


def rater_groups(study: Study, track: str) -> set[str]:
    """Return how those who voted on a board came to its study; those whom nobody admitted are the public.

    Sheets say who voted: there is one for each rater, where a study may have a million ballots.
    """
    admitted = set(
        Admission.objects.filter(study=study).order_by().values_list("group", flat=True).distinct()
    )
    names = [sheet_name(track, mode) for mode in Mode]
    others = TallySheet.objects.filter(study=study, track__in=names).exclude(rater__admissions__study=study)
    return admitted | {PUBLIC} if not admitted or others.exists() else admitted


_VALUES: dict[str, Callable[[Study, str], set[str]]] = {
    "tag": _tags,
    "language": _languages,
    "aspect": _aspects,
    "group": rater_groups,
    "mode": _modes,
}


def aspect(width: int, height: int) -> str:
    """Return width to height in lowest terms, such as `16:9`."""
    common = gcd(width, height)
    return f"{width // common}:{height // common}"


def _unknown(name: str, value: str, known: Iterable[str]) -> str:
    return f"Unknown {name} '{value}'. Known: {', '.join(known) or 'none'}."
