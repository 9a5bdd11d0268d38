"""What a rater has seen: all that a draw needs to know about them.

It costs as much as the rater has seen, and nothing for the size of the study or its history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from math import comb
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, UUIDField, When
from django.utils import timezone

from arena.prepared import Given, Prepared
from arena.voting.models import Ballot, Control, Rater, Study
from arena.voting.pairing.kept import Clips, kept_units
from arena.voting.pairing.models import Pool, PoolUnit
from arena.voting.pairing.units import Unit
from arena.voting.voids import MOST_TRIES


class Row(NamedTuple):
    """One ballot of a rater, as a draw needs it."""

    key: UUID
    study_id: int
    state: str
    issued_at: datetime
    open_until: datetime | None
    """Time at which it expires, if its state is open."""
    unit: Unit
    a: int
    b: int
    of_a: int
    of_b: int
    control: str
    twin: int | None
    number: int | None

    @property
    def pair(self) -> frozenset[int]:
        """The two renditions."""
        return frozenset((self.a, self.b))


UNIT = (
    "prompt_id",
    "rendition_a__clip__job__seed",
    "rendition_a__clip__job__settings_hash",
    "rendition_a__clip__job__track",
)
"""Lookups of a ballot's unit."""
REST = (
    "pk",
    "study_id",
    "state",
    "issued_at",
    Case(When(state=Ballot.State.OPEN, then="expires_at")),  # the others' times are never read
    "rendition_a_id",
    "rendition_b_id",
    "rendition_a__clip__job__contender_id",
    "rendition_b__clip__job__contender_id",
    "control",
    "twin_id",
    "number",
)
"""Lookups of a row's other fields, in their order."""
BEFORE = Row._fields.index("unit")
"""Number of fields before the unit."""


class Waiting(NamedTuple):
    """A voided ballot whose pair is to be shown again."""

    key: UUID
    unit: Unit
    pair: frozenset[int]
    since: int
    """Number of ballots that the rater got in the study after it."""
    is_repeat: bool
    """Whether the rater had judged the pair before, on the other sides."""


RATER = Given("rater", UUIDField())
BALLOTS = Prepared(lambda: Ballot.objects.filter(rater=RATER).values_list(*REST, *UNIT))


@dataclass
class Shown:
    """Ballots of one rater on one unit."""

    pairs: set[frozenset[int]] = field(default_factory=set)
    """Renditions that this study showed them side by side."""
    revealed: dict[int, int] = field(default_factory=dict)
    """Renditions with their contenders on ballots that they voted on or have open, in any study.

    Those of pairs that wait to be shown again count as well, since another vote must not name them before.
    """


@dataclass
class History:
    """All ballots of one rater."""

    units: dict[Unit, Shown] = field(default_factory=lambda: defaultdict(Shown))
    last: int = 0
    """Number of the last ballot, in all studies."""
    votes: int = 0
    """Number of votes in this study after the training."""
    opened: UUID | None = None
    """Key of the ballot that is open in this study, or None."""
    overdue: bool = False
    """Whether a ballot of this study counts as open though its time is over."""
    ordinary: list[Row] = field(default_factory=list)
    """Ballots of this study that are no controls."""
    controls: list[Row] = field(default_factory=list)
    """Ballots of this study on control pairs after the training."""
    training: list[Row] = field(default_factory=list)
    """Ballots of this study on training pairs."""
    waiting: list[Waiting] = field(default_factory=list)
    """Voided ballots of this study whose pairs are to be shown again, oldest first. Training is no part."""

    @property
    def trained(self) -> int:
        """Number of training pairs that the rater has answered."""
        return sum(row.state == Ballot.State.VOTED for row in self.training)

    def add_here(self, row: Row) -> None:
        """Add a ballot of this study to those of its kind."""
        if row.control == Control.TRAINING:
            self.training.append(row)
            return
        (self.controls if row.control else self.ordinary).append(row)
        self.votes += row.state == Ballot.State.VOTED


def read_history(study: Study, rater: Rater) -> History:
    """Read a rater's ballots; a rater without a row has none."""
    history, now = History(), timezone.now()
    for row in _rows(rater):
        shown = history.units[row.unit]  # of controls as well: their prompts have been seen
        is_open = row.open_until is not None and row.open_until > now
        history.last = max(history.last, row.number or 0)
        if row.study_id == study.pk:
            history.add_here(row)
            if not row.control:
                shown.pairs.add(row.pair)
            history.opened = row.key if is_open else history.opened
            history.overdue |= row.open_until is not None and not is_open
        if not row.control and (is_open or row.state == Ballot.State.VOTED):  # controls name nobody
            shown.revealed |= {row.a: row.of_a, row.b: row.of_b}
    _let_wait(history, [*history.ordinary, *history.controls])
    return history


def _rows(rater: Rater) -> Iterator[Row]:
    """Yield a rater's ballots; a rater without a row has none."""
    if rater._state.adding:
        return
    for row in BALLOTS.rows(rater=rater.pk):
        yield Row._make([*row[:BEFORE], Unit(*row[len(REST) :]), *row[BEFORE : len(REST)]])


def _let_wait(history: History, rows: Sequence[Row]) -> None:
    """Note the pairs to show again: all their ballots were voided, and no vote has named a clip of theirs.

    A repeated pair is one of its own: its first ballot was voted on, and may have named both clips.
    """
    tries: dict[tuple[frozenset[int], int | None, bool], list[Row]] = defaultdict(list)
    for row in rows:
        tries[row.pair, row.twin, row.control == Control.REPEAT].append(row)
    for (pair, _, is_repeat), of_pair in tries.items():
        last = max(of_pair, key=lambda row: row.issued_at)
        if len(of_pair) >= MOST_TRIES or any(row.state != Ballot.State.VOIDED for row in of_pair):
            continue
        if is_repeat or pair.isdisjoint(history.units[last.unit].revealed):
            since = sum(row.issued_at > last.issued_at for row in rows)
            history.waiting.append(Waiting(last.key, last.unit, pair, since, is_repeat))
            history.units[last.unit].revealed |= {last.a: last.of_a, last.b: last.of_b}
    history.waiting.sort(key=lambda waiting: -waiting.since)


@dataclass(frozen=True)
class Touched:
    """A unit of the pool whose prompt the rater has seen."""

    number: int
    clips: int
    members: Clips | None
    """Clips of a small unit as (contender, rendition); None for a large one."""
    shown: Shown

    def blind(self, contenders: frozenset[int]) -> int:
        """Return the number of clips whose maker the rater has not been told."""
        return self.clips - sum(contender in contenders for contender in self.shown.revealed.values())

    def may_be_finished(self, contenders: frozenset[int]) -> bool:
        """Return whether no pair may be left; where this is False, some pair is."""
        return comb(max(self.blind(contenders), 0), 2) <= len(self.shown.pairs)


@dataclass(frozen=True)
class Outlook:
    """A study's pool as one rater sees it."""

    study: Study
    rater: Rater
    pool: Pool
    history: History
    touched: Mapping[int, Touched]
    """Units whose prompt the rater has seen, by number."""

    @cached_property
    def contenders(self) -> frozenset[int]:
        """Ids of the contenders with clips in the pool."""
        return frozenset(self.pool.contenders)

    @cached_property
    def left(self) -> dict[int, Clips]:
        """Clips still blind of the touched units that may be finished, and have a pair left, by number."""
        doubtful = [each for each in self.touched.values() if each.may_be_finished(self.contenders)]
        members = {each.number: each.members for each in doubtful if each.members is not None}
        if large := [each.number for each in doubtful if each.members is None]:
            rows = PoolUnit.objects.filter(pool=self.pool, number__in=large)
            members |= dict(rows.values_list("number", "members"))
        found = {number: self.blind_clips(number, clips) for number, clips in members.items()}
        return {number: clips for number, clips in found.items() if self.pairs_left(number, clips)}

    @cached_property
    def finished(self) -> list[int]:
        """Numbers of the units without a pair left, sorted."""
        return sorted(
            number
            for number, each in self.touched.items()
            if each.may_be_finished(self.contenders) and number not in self.left
        )

    @property
    def votes_left(self) -> int:
        """Votes that the rater can still give, besides the one on their open ballot.

        A vote reveals both of its clips, so a unit of n blind clips has n // 2 votes left. This is an upper
        limit: skipped pairs can leave fewer where three or more contenders share a unit.
        """
        left = self.pool.most_votes + sum(not waiting.is_repeat for waiting in self.history.waiting)
        for number, each in self.touched.items():
            left -= each.clips // 2
            if number in self.left:
                left += len(self.left[number]) // 2
            elif not each.may_be_finished(self.contenders):
                left += each.blind(self.contenders) // 2
        return left

    def blind_clips(self, number: int, members: Clips) -> Clips:
        """Return the clips of a unit that the rater can still judge blind, of all its members."""
        revealed = self._shown(number).revealed
        return [(contender, clip) for contender, clip in members if clip not in revealed]

    def pairs_left(self, number: int, clips: Clips) -> int:
        """Return how many pairs of these clips of a unit the rater has not seen."""
        own = {clip for _, clip in clips}
        return comb(len(own), 2) - sum(pair <= own for pair in self._shown(number).pairs)

    def shown(self, number: int) -> set[frozenset[int]]:
        """Return the clips of a unit that the rater has seen side by side in this study."""
        return self._shown(number).pairs

    def _shown(self, number: int) -> Shown:
        return self.touched[number].shown if number in self.touched else Shown()


def look_at(study: Study, rater: Rater, pool: Pool) -> Outlook:
    """Return the pool as the rater sees it."""
    history = read_history(study, rater)
    touched = {}
    for kept in kept_units(pool, {unit.prompt_id for unit in history.units}):
        shown = history.units.get(kept.unit) or Shown()
        touched[kept.number] = Touched(kept.number, kept.clips, kept.members, shown)
    return Outlook(study, rater, pool, history, touched)
