"""Find the board, contender or slice that an address names; a refusal names the known ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from arena.catalog.models import Contender
from arena.errors import UnknownAddress
from arena.standings.boards import current_standing
from arena.standings.slices import FIELDS, WHOLE, Slice, UnknownSlice, choose_slice
from arena.standings.snapshots.blindness import former_names
from arena.standings.standing import Standing
from arena.voting.listing import find_presentable
from arena.voting.models import Study
from arena.voting.naming import numbers_are_public
from arena.voting.refusals import BoardWithheld
from generators.base import Track

MOST_NAMED = 30
"""Most known names that a refusal lists."""


@dataclass(frozen=True)
class BoardPage:
    """Board that an address names: a study, a track and a slice of its votes."""

    study: Study
    track: Track
    part: Slice = WHOLE

    @cached_property
    def standing(self) -> Standing:
        """All numbers of the board, at the ledger's head."""
        return current_standing(study=self.study, track=self.track, part=self.part)

    @cached_property
    def contenders(self) -> dict[str, Contender]:
        """Contenders of the study by slug."""
        return {contender.slug: contender for contender in self.study.contenders.all()}

    @property
    def query(self) -> str:
        """Query string that names the slice, with its question mark; empty for the whole board."""
        return f"?{urlencode(self.part.chosen)}" if self.part else ""

    @property
    def path(self) -> str:
        """Address of the page of the whole board."""
        return reverse("board", args=[self.study.slug, self.track.value])

    @property
    def url(self) -> str:
        """Address of the board's page, with the slice."""
        return self.path + self.query

    def address(self, name: str, *arguments: str) -> str:
        """Return the address of a view that belongs to the board, with the same slice."""
        return reverse(name, args=[self.study.slug, self.track.value, *arguments]) + self.query


def find_board(
    slug: str, track: str, asked: Mapping[str, str], viewer: User | AnonymousUser | None = None
) -> BoardPage:
    """Return the board of a study on a track, in the slice that a query string asks for.

    Raises:
        UnknownAddress: there is no such study, track or slice; the message lists those that there are.
        BoardWithheld: the study shows its boards when it closes, and the viewer may not see them before.
    """
    study = find_presentable(slug)
    if not numbers_are_public(study) and not may_see_early(viewer, study):
        raise BoardWithheld
    if track not in study.tracks:
        raise UnknownAddress(unknown("track", track, study.tracks))
    try:
        part = choose_slice(study, track, {name: asked[name] for name in FIELDS if asked.get(name)})
    except UnknownSlice as error:
        raise UnknownAddress(str(error)) from error
    return BoardPage(study, Track(track), part)


def may_see_early(viewer: User | AnonymousUser | None, study: Study) -> bool:
    """Return whether a signed-in person's role lets them see boards that are not public."""
    return viewer is not None and viewer.has_perm("organising.see_boards", study)


def find_contender(page: BoardPage, name: str) -> Contender:
    """Return a contender of the board's study by its public slug, or by the one it had under a codename.

    Raises:
        UnknownAddress: the study has none of that name; the message lists those that it has.
    """
    known = {contender.public_slug: contender for contender in page.contenders.values()}
    if name not in known:
        name = former_names(page.study).get(name, name)
    if name not in known:
        raise UnknownAddress(unknown("contender", name, known))
    return known[name]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and list the known ones."""
    names = sorted(known)
    listed = ", ".join(names[:MOST_NAMED]) or "none"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"Unknown {kind} “{name}”. Known: {listed}{more}."
