"""Load contenders from files. A contender never changes once it is loaded."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from django.db import transaction

from arena.catalog.fields import Fields
from arena.catalog.located import Document
from arena.catalog.models import Contender
from arena.catalog.reading import read_document
from generators import registry

DESCRIPTION = ("name", "maker", "codename", "released_on", "open_weights", "price_per_minute_usd")
"""Fields that describe a contender for people; they may change."""


def read_contenders(path: Path) -> list[Contender]:
    """Read a YAML file of contenders without saving them.

    Raises:
        FileError: the file is malformed, or names an unknown generator or setting.
    """
    return _read(path)[1]


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


def _read(path: Path) -> tuple[Document, list[Contender]]:
    document = read_document(path)
    head = Fields(document, (), document.value)
    rows = [_read_contender(entry) for entry in head.entries("contenders")]
    head.refuse_others()
    document.report_repeated("contenders", "contender", [row.slug for row in rows])
    document.raise_problems()
    return document, rows


def _read_contender(entry: Fields) -> Contender:
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
    entry.refuse_others()
    if contender.generator:
        try:
            contender.settings = _with_paths(contender, entry.document.path.parent)
            registry.create(contender.generator, contender.settings)
        except (ImportError, LookupError, ValueError) as error:
            entry.document.report((*entry.place, "generator"), str(error))
    return contender


def _with_paths(contender: Contender, folder: Path) -> dict[str, object]:
    """Make paths in settings, which are relative to the contenders' file, absolute: commands run anywhere."""
    paths = registry.path_settings(contender.generator)
    return {
        name: os.path.abspath(folder / value) if name in paths and isinstance(value, str) else value
        for name, value in contender.settings.items()
    }


@transaction.atomic
def _save(
    document: Document, rows: list[Contender], leave_out: Collection[str]
) -> list[tuple[Contender, bool]]:
    saved = []
    for index, row in enumerate(rows):
        if row.generator in leave_out:
            continue
        identity = {"generator": row.generator, "settings": row.settings}
        described = {name: getattr(row, name) for name in DESCRIPTION}
        known, created = Contender.objects.update_or_create(
            slug=row.slug, defaults=described, create_defaults=identity | described
        )
        if (known.generator, known.settings) != (row.generator, row.settings):
            document.report(
                ("contenders", index, "contender"),
                f"'{row.slug}' exists with generator {known.generator} and settings {known.settings}, "
                "and what a contender is never changes. Give it another slug.",
            )
        saved.append((known, created))
    document.raise_problems()
    return saved
