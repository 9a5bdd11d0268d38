"""Find what an address of the API names; a failure lists the known names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import QuerySet
from ninja import Schema
from ninja.errors import HttpError
from pydantic import Field

from arena.api.problems import Unknown
from arena.catalog.models import Contender, Suite
from arena.standings.boards import current_standing
from arena.standings.public import PublicBoard
from arena.standings.slices import choose_slice
from arena.voting.listing import presentable
from arena.voting.models import Study
from arena.voting.naming import numbers_are_public

MOST_NAMED = 30
"""Most known names that a failure lists."""
T = TypeVar("T")


class SliceQuery(Schema):
    """Part of a board's votes; without any of these, all of them."""

    tag: str = Field("", description="Tag of the prompts")
    language: str = Field("", description="Language of the prompts, such as en")
    aspect: str = Field("", description="Width to height of the clips, such as 16:9")
    group: str = Field("", description="How raters came: public, invitation or panel")
    mode: str = Field("", description="Mode of judging: muted or sound; empty for picture and sound")


def studies() -> list[Study]:
    """Return the studies that pages show, the newest first."""
    return presentable(Study.objects.order_by("-created_at", "-pk"))


def told_studies() -> list[Study]:
    """Return the studies whose numbers are public now, the newest first."""
    return [study for study in studies() if numbers_are_public(study)]


def find_study(slug: str) -> Study:
    """Return the study with a slug, or raise Unknown."""
    found = presentable(Study.objects.filter(slug=slug))
    if not found:
        raise Unknown(unknown("study", slug, (study.slug for study in studies())))
    return found[0]


def find_board(study: str, track: str, part: SliceQuery | None = None) -> PublicBoard:
    """Return the board of a study's track or of a slice of it, or raise Unknown, or HttpError 403."""
    found = find_study(study)
    if not numbers_are_public(found):
        raise HttpError(403, f"Study '{study}' shows its boards when it closes. Come back then.")
    if track not in found.tracks:
        raise Unknown(unknown("track", track, found.tracks))
    # What is asked for may be of a newer table of slices: choose_slice names those that there are.
    chosen = choose_slice(found, track, part.dict() if part else {})
    standing = current_standing(study=found, track=track, part=chosen)
    return PublicBoard(standing, {one.slug: one for one in found.contenders.all()}, chosen)


def public_contenders() -> QuerySet[Contender]:
    """Return the contenders of studies; others are nobody's business yet."""
    return Contender.objects.filter(studies__in=studies()).distinct().order_by("pk")


def find_contender(contenders: Iterable[Contender], name: str) -> Contender:
    """Return the contender with a public slug, or raise Unknown; a withheld one's own slug finds nothing."""
    by_name = {contender.public_slug: contender for contender in contenders}
    if name not in by_name:
        raise Unknown(unknown("contender", name, by_name))
    return by_name[name]


def public_suites() -> QuerySet[Suite]:
    """Return the suites of studies."""
    return Suite.objects.filter(studies__in=studies()).distinct().order_by("name", "version")


def find_suite(name: str, version: int) -> Suite:
    """Return one version of a suite, or raise Unknown."""
    known = {(suite.name, suite.version): suite for suite in public_suites()}
    if (name, version) not in known:
        raise Unknown(unknown("suite", f"{name}@{version}", (f"{suite}@{number}" for suite, number in known)))
    return known[name, version]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and list the known ones."""
    names = sorted(known)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"Unknown {kind} '{name[:80]}'. Known: {', '.join(names[:MOST_NAMED]) or 'none'}{more}."
