"""Votes of a board kept in this process as codes, and brought up to date from the sheets that changed."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import BigIntegerField, CharField, Max, Min, QuerySet, Subquery
from numpy.typing import NDArray

from arena.catalog.models import Contender
from arena.prepared import Given, Prepared
from arena.standings import checkpoints
from arena.standings.clip_facts import ClipFacts
from arena.standings.grouping import KEPT, STORED, Entries, Groups
from arena.standings.pairs import PairIndex
from arena.standings.slices import PUBLIC, WHOLE, Slice
from arena.voting.admission.models import Admission
from arena.voting.models import LedgerEntry, Study
from arena.voting.tally_sheets import ENTRY, EPOCH, TallySheet
from elo import OUTCOMES

Answer = tuple[str, str, str]
"""Slugs of the contenders on side a and b, and an outcome."""
BoardKey = tuple[int, str]
"""A study's primary key and a track."""


class Version(NamedTuple):
    """State of a board's sheets; equal versions have equal sheets."""

    first: int
    """Primary key of the oldest sheet, which a rebuild changes; 0 without any."""
    sequence: int
    """Number of the ledger's entry that changed a sheet last."""
    entry_hash: str
    """Hash of that entry."""


NO_SHEETS = Version(0, 0, "")


class Now(NamedTuple):
    """State of a board's sheets now, and the hash of an entry of its ledger that was known before."""

    version: Version
    known_hash: str
    """Empty where the ledger has no such entry."""


def _board_now() -> QuerySet[Study, Any]:
    """Return the query for the state of one board; each part of it takes one row from an index."""
    study = Given("study", BigIntegerField())
    sheets = TallySheet.objects.filter(study=study, track=Given("track", CharField()))
    first, last = sheets.order_by("pk").values("pk"), sheets.order_by("-sequence").values("sequence")
    entries = LedgerEntry.objects.filter(study=study).order_by().values("entry_hash")
    of_last, of_known = entries.filter(sequence=Subquery(last[:1])), entries.filter(sequence=KNOWN)
    parts = [Subquery(part[:1]) for part in (first, last, of_last, of_known)]
    return Study.objects.filter(pk=study).order_by().values_list(*parts)


KNOWN = Given("known", BigIntegerField())
BOARD_NOW = Prepared(_board_now)


def _changed() -> QuerySet[TallySheet, Any]:
    """Return the query for the sheets of one board that were changed after an entry of the ledger."""
    sheets = TallySheet.objects.filter(
        study=Given("study", BigIntegerField()), track=Given("track", CharField()), sequence__gt=KNOWN
    )
    return sheets.order_by("pk").values_list("pk", "rater", "entries")


CHANGED = Prepared(_changed)


def read_versions(boards: Iterable[BoardKey]) -> dict[BoardKey, Version]:
    """Return the version of each board's sheets, in two queries."""
    wanted = dict.fromkeys(boards, NO_SHEETS)
    rows = (
        TallySheet.objects.filter(study__in={study for study, _ in wanted})
        .order_by()
        .values_list("study", "track")
        .annotate(first=Min("pk"), last=Max("sequence"))
    )
    found = {(study, track): (first, last) for study, track, first, last in rows if (study, track) in wanted}
    hashes = _hashes({(study, last) for (study, _), (_, last) in found.items()})
    for (study, track), (first, last) in found.items():
        wanted[study, track] = Version(first, last, hashes.get((study, last), ""))
    return wanted


def _hashes(entries: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return the hashes of ledger entries by study and sequence."""
    wanted = set(entries)
    studies, sequences = {study for study, _ in wanted}, {sequence for _, sequence in wanted}
    rows = LedgerEntry.objects.filter(study__in=studies, sequence__in=sequences).order_by()
    found = rows.values_list("study", "sequence", "entry_hash")
    return {(study, sequence): entry_hash for study, sequence, entry_hash in found}


class BoardVotes:
    """Entries of one board. Threads must hold `lock` from before they begin to read the database."""

    def __init__(self, key: BoardKey) -> None:
        self.key = key
        self.lock = RLock()
        self._forget()

    def _forget(self) -> None:
        self.version = NO_SHEETS
        self.facts = ClipFacts()
        self.raters: list[UUID] = []
        """Primary key of each rater, by number."""
        self._numbers: dict[UUID, int] = {}
        self._came: NDArray[np.str_] = np.array([], dtype=str)
        """Group of each rater, by number, as far as it was asked for."""
        self._sizes: dict[int, int] = {}
        self._stored: Entries = np.zeros(0, KEPT)
        self._size = 0
        self.answers: Counter[Answer] = Counter()
        """Votes that count by contenders on side a and b, and outcome."""
        self.groups: OrderedDict[object, Groups] = OrderedDict()
        """Running counts of slices, those used last at the end."""
        self._pairs = PairIndex()
        self._written = 0
        """Entries in the checkpoint that was written or read last."""

    @property
    def entries(self) -> Entries:
        """All entries, in the order in which they were read."""
        return self._stored[: self._size]

    def bring_up_to_date(self) -> Version:
        """Read the entries that were added since the last time, or all where the past has changed."""
        now = self._read_now()
        if self.version == NO_SHEETS != now.version:
            self._restore()
            now = self._read_now()
        if now.version == self.version:
            return now.version
        if not self._is_behind(now):
            self._forget()
        study, track = self.key
        changed = CHANGED.rows(study=study, track=track, known=self.version.sequence)
        self._add((key, rater, content) for key, rater, content in changed)
        self.version = now.version
        return now.version

    def _read_now(self) -> Now:
        study, track = self.key
        [[first, last, of_last, of_known]] = BOARD_NOW.rows(
            study=study, track=track, known=self.version.sequence
        )
        version = Version(first, last, of_last or "") if first is not None else NO_SHEETS
        return Now(version, of_known or "")

    def keep(self) -> None:
        """Write what was read and counted to a file, if that is due; a state without a ledger has no name."""
        if checkpoints.is_due(self._size, self._written) and self.version.entry_hash:
            self._written = self._size
            kept = {name: value for name, value in vars(self).items() if name not in ("key", "lock")}
            checkpoints.write_checkpoint(self.key, kept)

    def _restore(self) -> None:
        """Take up what a process wrote that had these contenders."""
        kept = checkpoints.read_checkpoint(self.key)
        if kept is not None:
            names, _ = kept["facts"].numbered_contenders()
            if Contender.objects.filter(slug__in=names).count() == len(names):
                vars(self).update(kept)

    def _is_behind(self, now: Now) -> bool:
        """Return whether the database continues from the state that was read last."""
        if now.version.first != self.version.first or now.version.sequence <= self.version.sequence:
            return False
        return now.known_hash == self.version.entry_hash

    def _add(self, sheets: Iterable[tuple[int, UUID, bytes | memoryview[int]]]) -> None:
        added = [self._new_entries(*sheet) for sheet in sheets]
        fresh = np.concatenate([stored for stored, _ in added]) if added else np.zeros(0, STORED)
        kept = self._room_for(len(fresh))
        for name in STORED.names or ():
            kept[name] = fresh[name]
        sides = self.facts.places(np.concatenate((fresh["a"], fresh["b"])))
        kept["a"], kept["b"] = np.split(sides, 2)
        kept["rater"] = np.repeat([number for _, number in added], [len(stored) for stored, _ in added])
        self._count_answers(kept)

    def _room_for(self, more: int) -> Entries:
        """Return the next places in memory, of which some are kept in stock."""
        start, self._size = self._size, self._size + more
        if self._size > len(self._stored):
            grown = np.zeros(self._size * 5 // 4, KEPT)
            grown[:start] = self._stored[:start]
            self._stored = grown
        return self._stored[start : self._size]

    def _count_answers(self, added: Entries) -> None:
        names, number = self.facts.numbered_contenders()
        size = len(names)
        pair = number[added["a"]] * size + number[added["b"]]
        votes = np.bincount(pair * len(OUTCOMES) + added["outcome"], added["sign"])
        for cell in np.flatnonzero(votes).tolist():
            pair_of_cell, outcome = divmod(cell, len(OUTCOMES))
            a, b = divmod(pair_of_cell, size)
            self.answers[names[a], names[b], OUTCOMES[outcome]] += int(votes[cell])

    def _new_entries(self, key: int, rater: UUID, content: bytes | memoryview[int]) -> tuple[Entries, int]:
        """Return the entries of a sheet that were not read yet, and its rater's number."""
        known = self._sizes.get(key, 0)
        stored = np.frombuffer(content, STORED, offset=known * ENTRY.size)
        self._sizes[key] = known + len(stored)
        number = self._numbers.setdefault(rater, len(self.raters))
        if number == len(self.raters):
            self.raters.append(rater)
        return stored, number

    def on_pair(self, one: str, other: str, part: Slice = WHOLE) -> Entries:
        """Return the entries on two contenders in a slice, with those that take others back, shape (n,)."""
        found = self._pairs.of(self.entries, *self.facts.numbered_contenders(), (one, other))
        return found[self.inside(part, found)] if part else found

    def counting(self, part: Slice = WHOLE) -> Entries:
        """Return the entries of the votes that count in a slice, shape (N,)."""
        entries = self.entries
        if part:
            entries = entries[self.inside(part, entries)]
        return _without_taken_back(entries)

    def inside(self, part: Slice, entries: Entries) -> NDArray[np.bool_]:
        """Return whether each entry belongs to a slice, shape (N,)."""
        chosen: NDArray[np.bool_] = self.facts.within(part)[entries["a"].astype(np.intp)]
        return chosen & self._in_group(part.group)[entries["rater"]] if part.group else chosen

    def _in_group(self, group: str) -> NDArray[np.bool_]:
        """Return whether each rater came to the study in this way, shape (raters,)."""
        if len(self._came) < len(self.raters):
            rows = Admission.objects.filter(study=self.key[0]).values_list("rater", "group")
            known = dict(rows.iterator())
            self._came = np.array([known.get(rater, PUBLIC) for rater in self.raters])
        in_group: NDArray[np.bool_] = self._came == group
        return in_group


def _without_taken_back(entries: Entries) -> Entries:
    """Drop the entries that others of sign -1 take back, and these."""
    taken = entries["sign"] < 0
    if not taken.any():
        return entries
    touched = np.flatnonzero(np.isin(entries["at"], entries["at"][taken]))
    votes: dict[tuple[int, ...], list[int]] = {}
    for place, row in zip(touched.tolist(), entries[touched].tolist(), strict=True):
        at, a, b, outcome, _, sign, rater = row
        open_places = votes.setdefault((at, a, b, outcome, rater), [])
        if sign > 0:
            open_places.append(place)
        elif open_places:
            open_places.pop()
    kept = np.ones(len(entries), dtype=bool)
    kept[touched] = False
    kept[[place for places in votes.values() for place in places]] = True
    return entries[kept]


def time_of(at: int) -> datetime:
    """Return the time of an entry."""
    return EPOCH + timedelta(microseconds=at)
