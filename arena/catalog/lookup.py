"""Find rows of the catalogue by the names that people type, or say which names there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arena.catalog.models import Contender, Suite
from generators.base import Track


class UnknownName(LookupError):
    """A name that the catalogue doesn't hold; the message lists those that it does."""


def find_track(name: str) -> Track:
    try:
        return Track(name)
    except ValueError:
        raise UnknownName(unknown("track", name, Track)) from None


def find_contenders(slugs: Sequence[str]) -> list[Contender]:
    """Return the contenders in the order of the slugs."""
    known = {contender.slug: contender for contender in Contender.objects.all()}
    for slug in slugs:
        if slug not in known:
            raise UnknownName(
                unknown("contender", slug, known) + " More come by: manage.py load_contenders PATH"
            )
    return [known[slug] for slug in slugs]


def find_suite(name: str) -> Suite:
    """Return the newest version of a suite, or the one named as `name@version`."""
    slug, _, version = name.partition("@")
    suites = Suite.objects.filter(name=slug).order_by("-version")
    if version:
        suites = suites.filter(version=int(version) if version.isdecimal() else -1)
    suite = suites.first()
    if suite is None:
        known = [f"{row.name}@{row.version}" for row in Suite.objects.all()]
        raise UnknownName(unknown("suite", name, known) + " More come by: manage.py load_suite PATH")
    return suite


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is not among the known ones."""
    return f"Unknown {kind} '{name}'. Known: {', '.join(sorted(known)) or 'none yet'}."
