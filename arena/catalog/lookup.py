"""Find rows of the catalogue by the names that people type; errors list the known names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arena.catalog.bundled import bundled_suites
from arena.catalog.models import Contender, Suite
from generators.base import Track


class UnknownName(LookupError):
    """Name that the catalogue doesn't hold; the message lists those that it does."""


def split_names(text: str) -> list[str]:
    """Split a text at commas; return each name once, in order. An empty text has no names."""
    return list(dict.fromkeys(part.strip() for part in text.split(","))) if text else []


def find_track(name: str) -> Track:
    """Return a track by its name.

    Raises:
        UnknownName: there is no such track; the message lists those that there are.
    """
    try:
        return Track(name)
    except ValueError:
        raise UnknownName(unknown("track", name, Track)) from None


def find_contenders(slugs: Sequence[str]) -> list[Contender]:
    """Return the contenders in the order of the slugs, of which there must be one.

    Raises:
        UnknownName: a contender isn't loaded; the message lists those that are.
    """
    known = {contender.slug: contender for contender in Contender.objects.all()}
    for slug in slugs or [""]:
        if slug not in known:
            raise UnknownName(
                unknown("contender", slug, known) + " Add one with: manage.py load_contenders PATH"
            )
    return [known[slug] for slug in slugs]


def find_suite(name: str) -> Suite:
    """Return the newest version of a suite, or the one named as `name@version`.

    Raises:
        UnknownName: the suite or version isn't loaded; the message lists those that are.
    """
    slug, _, version = name.partition("@")
    suites = Suite.objects.filter(name=slug).order_by("-version")
    if version:
        suites = suites.filter(version=int(version) if version.isdecimal() else -1)
    suite = suites.first()
    if suite is None:
        known = [f"{row.name}@{row.version}" for row in Suite.objects.all()]
        which, path = ("it", name) if name in bundled_suites() else ("one", "PATH")
        message = f"{unknown('suite', name, known)} Add {which} with: manage.py load_suite {path}"
        raise UnknownName(message)
    return suite


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is not among the known ones."""
    return f"Unknown {kind} '{name}'. Known: {', '.join(sorted(known)) or 'none yet'}."
