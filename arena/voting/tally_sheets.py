"""Tally sheets: the votes that count of each rater on each board in a few bytes, kept up with every vote.

A vote adds an entry of +1 to its rater's sheet. An exclusion adds the same entry with -1, and its undoing
adds it with +1 again. So no sheet is read to be written, and a vote costs the same whatever came before it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, BinaryField, CharField, F, Field, Func, Q, QuerySet, UUIDField
from django.db.models.sql.compiler import SQLCompiler

from arena.prepared import Given, PreparedUpdate
from arena.voting.ledger import counting_votes, hold_ledger, last_sequence
from arena.voting.models import Ballot, Outcome, Rater, Study, Vote
from arena.voting.modes import sheet_name

ENTRY = struct.Struct("<qIIBBb")
"""Time in microseconds since 1970, renditions on side a and b, codes of outcome and order, and sign."""
OUTCOME_CODES = {"a": 0, "b": 1, "tie": 2, "both_bad": 3}
ORDER_CODES = {"": 0, "a": 1, "b": 2}
FULL = 1024
"""Entries of a full sheet, after which its rater gets another: a vote writes 19 KB at most."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TallySheet(models.Model):
    """Up to `FULL` entries of one rater on one board."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    track = models.CharField(max_length=16, help_text="Track, with /MODE for a mode of its own")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="+")
    sequence = models.PositiveBigIntegerField(help_text="Of the ledger's entry that changed it last")
    size = models.PositiveIntegerField(help_text="Number of entries")
    entries = models.BinaryField()

    class Meta:
        app_label = "voting"
        constraints = [
            models.UniqueConstraint(
                fields=["study", "track", "rater"], condition=Q(size__lt=FULL), name="one_open_tally_sheet"
            )
        ]
        indexes = [
            models.Index(fields=["study", "track", "sequence"], name="tally_sheets_by_sequence"),
            models.Index(fields=["study", "track", "id"], name="tally_sheets_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.study_id}/{self.track}: {self.size} entries"


class Appended(Func):
    """Bytes followed by other bytes."""

    arg_joiner = " || "
    template = "(%(expressions)s)"
    output_field = models.BinaryField()

    def as_sqlite(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        **context: Any,  # noqa: ANN401 - as in Django
    ) -> tuple[str, tuple[str | int, ...]]:
        """Compile for SQLite, where joined values may become text."""
        sql, given = self.as_sql(compiler, connection, template="CAST(%(expressions)s AS BLOB)", **context)
        return sql, tuple(given)


def _open_sheet() -> QuerySet[TallySheet]:
    fields: dict[str, Field[Any, Any]] = {
        "study_id": BigIntegerField(),
        "track": CharField(),
        "rater_id": UUIDField(),
    }
    given = {name: Given(name, field) for name, field in fields.items()}
    return TallySheet.objects.filter(**given, size__lt=FULL)


APPEND = PreparedUpdate(
    _open_sheet,
    entries=Appended(F("entries"), Given("content", BinaryField())),
    size=F("size") + 1,
    sequence=Given("sequence", BigIntegerField()),
)


class Entry(NamedTuple):
    """Board and rater of an entry, and its bytes."""

    study_id: int
    track: str
    rater_id: UUID
    content: bytes


def count_vote(*, vote: Vote, sequence: int, sign: int = 1) -> None:
    """Add a vote to its rater's sheet, or take it away (sign -1); the caller holds the ledger.

    Args:
        vote: the vote.
        sequence: number of the ledger's entry that says so.
        sign: 1 or -1.
    """
    entry = _entry_of(vote.ballot, vote.outcome, vote.created_at, sign)
    sheet = {"study_id": entry.study_id, "track": entry.track, "rater_id": entry.rater_id}
    added = APPEND.run(**sheet, content=entry.content, sequence=sequence)
    if not added:
        TallySheet.objects.create(**sheet, sequence=sequence, size=1, entries=entry.content)


def rebuild_tallies(study: Study) -> int:
    """Write a study's sheets anew from its ledger; return the number of votes that count.

    The caller's transaction holds the ledger meanwhile, so votes wait for it.
    """
    hold_ledger(study)
    sequence = last_sequence(study)
    TallySheet.objects.filter(study=study).delete()
    contents: dict[tuple[str, UUID], bytearray] = {}
    for entry in _counting_entries(study):
        contents.setdefault((entry.track, entry.rater_id), bytearray()).extend(entry.content)
    sheets = [
        TallySheet(
            study=study,
            track=track,
            rater_id=rater,
            sequence=sequence,
            size=len(part) // ENTRY.size,
            entries=bytes(part),
        )
        for (track, rater), content in contents.items()
        for part in _parts(content)
    ]
    TallySheet.objects.bulk_create(sheets, batch_size=500)
    return sum(sheet.size for sheet in sheets)


def _counting_entries(study: Study) -> Iterator[Entry]:
    """Yield the entries of the votes that count, in the order of the ledger."""
    ballots = Ballot.objects.filter(study=study, state=Ballot.State.VOTED).in_bulk()
    by_key = {str(key): ballot for key, ballot in ballots.items()}
    for record in counting_votes(study):
        at = datetime.fromisoformat(record["at"])
        yield _entry_of(by_key[record["ballot"]], record["outcome"], at, 1)


def _parts(content: bytearray) -> Iterator[bytearray]:
    step = FULL * ENTRY.size
    for start in range(0, len(content), step):
        yield content[start : start + step]


def _entry_of(ballot: Ballot, outcome: str, at: datetime, sign: int) -> Entry:
    content = ENTRY.pack(
        (at - EPOCH) // timedelta(microseconds=1),
        ballot.rendition_a_id,
        ballot.rendition_b_id,
        OUTCOME_CODES[Outcome(outcome)],
        ORDER_CODES[ballot.order],
        sign,
    )
    return Entry(ballot.study_id, sheet_name(ballot.track, ballot.mode), ballot.rater_id, content)
