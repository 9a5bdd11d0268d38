"""Load suites: a file becomes a version once, and a changed file the next version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.core.files.storage import storages
from django.db import transaction

from arena.catalog.hashing import content_hash
from arena.catalog.lookup import find_suite
from arena.catalog.models import Prompt, Suite
from arena.catalog.suite_file import DESCRIPTIONS, SUITE_SUFFIXES, PromptEntry, SuiteFile, read_suite_file
from arena.media.storage import identify, store


def load_suite(*, path: Path) -> tuple[Suite, bool]:
    """Load a suite file; return the suite and whether it is a new version.

    Raises:
        FileError: the file is malformed; nothing is loaded then.
    """
    file = read_suite_file(path)
    names = {entry.key: _store_reference(entry) for entry in file.prompts}
    return _save_version(file, names)


@transaction.atomic
def _save_version(file: SuiteFile, reference_names: dict[str, str]) -> tuple[Suite, bool]:
    content = file.content_hash()
    versions = Suite.objects.filter(name=file.name)
    known = versions.filter(content_hash=content).first()
    if known is not None:
        return known, False
    suite = Suite.objects.create(
        name=file.name, version=versions.count() + 1, title=file.title, seeds=file.seeds, content_hash=content
    )
    Prompt.objects.bulk_create(
        _row_of(entry, suite, position, reference_names[entry.key])
        for position, entry in enumerate(file.prompts)
    )
    return suite, True


def _row_of(entry: PromptEntry, suite: Suite, position: int, reference_name: str) -> Prompt:
    return Prompt(
        suite=suite,
        key=entry.key,
        position=position,
        text=entry.text,
        seeds=entry.seeds,
        reference_sha256=entry.image_sha256,
        reference_name=reference_name,
        **entry.described(),
    )


@transaction.atomic
def grow_suite(*, name: str, title: str, prompts: Sequence[Prompt]) -> Suite:
    """Make a suite of the prompts of clips, or add the prompts and seeds that it lacks; remove none.

    It belongs to one study without votes: a suite from a file becomes a new version instead.
    """
    versions = Suite.objects.filter(name=name)
    suite = versions.filter(from_clips=True).first() or Suite.objects.create(
        name=name, version=versions.count() + 1, title=title, seeds=[0], content_hash="", from_clips=True
    )
    known = {prompt.key: prompt for prompt in suite.prompts.all()}
    for position, prompt in enumerate(prompts, start=len(known)):
        row = known.get(prompt.key)
        if row is None:
            prompt.suite, prompt.position = suite, position
            prompt.save(force_insert=True)
        elif missing := set(prompt.seeds) - set(row.seeds):
            row.seeds = sorted({*row.seeds, *missing})
            row.save(update_fields=["seeds"])
    suite.content_hash = content_hash(["clips", as_file(suite).content_hash()])
    suite.save(update_fields=["content_hash"])
    return suite


def open_suite(name: str) -> SuiteFile:
    """Return a suite by its name in the catalogue, with or without a version, or by the path of its file.

    Raises:
        FileError: the file is missing or malformed.
        UnknownName: the catalogue has no such suite or version.
    """
    path = Path(name)
    return read_suite_file(path) if path.suffix in SUITE_SUFFIXES else as_file(find_suite(name))


def as_file(suite: Suite) -> SuiteFile:
    """Return a loaded suite in the form that reading its file gives; images have only their hashes."""
    return SuiteFile(suite.name, suite.title, suite.seeds, [_entry_of(row) for row in suite.prompts.all()])


def _entry_of(row: Prompt) -> PromptEntry:
    return PromptEntry(
        key=row.key,
        text=row.text,
        tags=row.tags,
        language=row.language,
        seeds=row.seeds,
        image=None,
        image_sha256=row.reference_sha256,
        **{name: getattr(row, name) for name in DESCRIPTIONS},
    )


def _store_reference(entry: PromptEntry) -> str:
    if entry.image is None:
        return ""
    with entry.image.open("rb") as image:
        kept = identify(image, entry.image.suffix.lower().lstrip("."))
        return store(image, storages["references"], kept).name
