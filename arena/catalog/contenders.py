"""Load contenders from files. A contender never changes once it is loaded."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from arena.catalog.commitments import CommitmentRefused, check_unchanged, commit, reveal
from arena.catalog.fields import Fields
from arena.catalog.located import Document
from arena.catalog.models import Commitment, Contender
from arena.catalog.openings import ForgedOpening
from arena.catalog.reading import read_document
from generators import registry

DESCRIPTION = ("name", "maker", "codename", "released_on", "open_weights", "price_per_minute_usd")
"""Fields that describe a contender for people; they may change."""


class Entry(NamedTuple):
    """A contender as a file has it, with its own caps while it is anonymous."""

    contender: Contender
    hidden_votes: float | None
    hidden_days: float | None


def read_contenders(path: Path) -> list[Contender]:
    """Read a YAML file of contenders without saving them.

    Raises:
        FileError: the file is malformed, or names an unknown generator or setting.
    """
    return [entry.contender for entry in _read(path)[1]]


def load_contenders(*, path: Path, leave_out: Collection[str] = ()) -> list[tuple[Contender, bool]]:
    """Save the contenders of a YAML file; return each with whether it is new.

    Args:
        path: the file.
        leave_out: generators whose contenders are not saved.

    Raises:
        FileError: the file is malformed, names an unknown generator or setting, or gives another generator or
            other settings to a contender that exists; nothing is saved then.
    """
    return _save(*_read(path), leave_out)


def add_contender(*, fields: Mapping[str, object], folder: Path) -> Contender:
    """Save one new contender of the fields that a file would give it.

    Args:
        fields: its fields, by their names in a file; absent ones are left out.
        folder: folder that paths in its settings are relative to.

    Raises:
        FileError: a field is malformed, the generator or a setting is unknown, or the slug is taken.
    """
    document, entries = _read_entries(Document(folder / "form", {"contenders": [dict(fields)]}))
    slug = entries[0].contender.slug
    if Contender.objects.filter(slug=slug).exists():
        document.report(("contenders", 0, "contender"), f"must be new; '{slug}' exists. Take another one.")
        document.raise_problems()
    [(contender, _)] = _save(document, entries, ())
    return contender


def _read(path: Path) -> tuple[Document, list[Entry]]:
    return _read_entries(read_document(path))


def _read_entries(document: Document) -> tuple[Document, list[Entry]]:
    head = Fields(document, (), document.value)
    rows = [_read_contender(entry) for entry in head.entries("contenders")]
    head.refuse_others()
    document.report_repeated("contenders", "contender", [row.contender.slug for row in rows])
    document.raise_problems()
    return document, rows


def _read_contender(entry: Fields) -> Entry:
    contender = Contender(
        slug=entry.slug("contender"),
        name=entry.text("name", longest=120),
        maker=entry.text("maker", default="", longest=120),
        codename=entry.text("codename", default="", longest=120),
        generator=entry.text("generator", longest=64),
        settings=entry.mapping("settings"),
        released_on=entry.day("released_on"),
        open_weights=entry.truth("open_weights"),
        price_per_minute_usd=entry.amount("price_per_minute_usd"),
    )
    caps = (entry.amount("hidden_votes"), entry.amount("hidden_days"))
    entry.refuse_others()
    if contender.generator:
        try:
            contender.settings = _with_paths(contender, entry.document.path.parent)
            registry.create(contender.generator, contender.settings)
        except (ImportError, LookupError, ValueError) as error:
            entry.document.report((*entry.place, "generator"), str(error))
    return Entry(contender, *caps)


def _with_paths(contender: Contender, folder: Path) -> dict[str, object]:
    """Make paths in settings, which are relative to the contenders' file, absolute: commands run anywhere."""
    paths = registry.path_settings(contender.generator)
    return {
        name: os.path.abspath(folder / value) if name in paths and isinstance(value, str) else value
        for name, value in contender.settings.items()
    }


@transaction.atomic
def _save(
    document: Document, entries: list[Entry], leave_out: Collection[str]
) -> list[tuple[Contender, bool]]:
    saved = []
    for index, entry in enumerate(entries):
        row = entry.contender
        if row.generator in leave_out:
            continue
        identity = {"generator": row.generator, "settings": row.settings}
        described = {name: getattr(row, name) for name in DESCRIPTION}
        known, created = Contender.objects.update_or_create(
            slug=row.slug, defaults=described, create_defaults=identity | described
        )
        place = ("contenders", index, "contender")
        if (known.generator, known.settings) != (row.generator, row.settings):
            document.report(
                place,
                f"'{row.slug}' exists with generator {known.generator} and settings {known.settings}, "
                "and what a contender is never changes. Give it another slug.",
            )
            continue
        try:
            _keep_commitment(known, entry)
        except (CommitmentRefused, ForgedOpening) as error:
            document.report(place, str(error))
        saved.append((known, created))
    document.raise_problems()
    return saved


def _keep_commitment(contender: Contender, entry: Entry) -> None:
    """Commit to a contender that has a codename, check one that was committed, or reveal one without.

    Raises:
        CommitmentRefused: the codename changed, came back after the reveal, or breaks a cap.
        ForgedOpening: the contender is not what was committed.
    """
    known = Commitment.objects.filter(contender=contender).first()
    if known is None:
        if contender.codename:
            version = registry.create(contender.generator, contender.settings).version
            commit(contender, version, most_votes=entry.hidden_votes, most_days=entry.hidden_days)
        return
    if known.revealed_at is not None:
        if contender.codename:
            raise CommitmentRefused(
                f"codename must be left out, since '{contender.slug}' was revealed; "
                f"got '{contender.codename}'. Enter another contender to test it anonymously."
            )
    elif not contender.codename:
        reveal(contender)
    elif contender.codename != known.codename:
        raise CommitmentRefused(
            f"codename must stay '{known.codename}' until the reveal; got '{contender.codename}'. "
            "Leave it out to reveal the contender."
        )
    else:
        check_unchanged(contender, known)
