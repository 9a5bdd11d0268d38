"""Files that no row names yet: their places, and their removal after a failure or a kill."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from arena.runs.models import Clip, Job, Rendition

ROWS: dict[str, type[Clip] | type[Rendition]] = {"originals": Clip, "renditions": Rendition}


@contextmanager
def workplace(job: Job) -> Iterator[Path]:
    """Provide an empty folder for one claim of a job, removed afterwards."""
    folder = _work() / f"{job.claimed_by}-{job.pk}-{job.attempts}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_workplaces(claimant: str) -> None:
    """Remove the folders that a dead process left, whether or not its job was done."""
    for folder in _work().glob(f"{claimant}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def draft_name(job_id: int) -> str:
    """Return the name of a job's file in a storage until it is complete."""
    return f"incoming/job-{job_id}"


def remove_drafts(job_id: int) -> None:
    """Remove a job's half-written files from the storages."""
    for alias in ROWS:
        storages[alias].delete(draft_name(job_id))


@transaction.atomic
def remove_unaccounted(job: Job) -> None:
    """Remove files stored under the job's claim that no row and no other claim names.

    Equal clips share a file. The transaction and the locked rows keep another job from announcing a file
    after we looked and before it is removed. Our own row is locked with the others, in their order; otherwise
    two processes could wait for each other for ever.
    """
    running = Job.objects.select_for_update().filter(state=Job.State.RUNNING).order_by("pk")
    announced = [
        file
        for key, claimed_at, files in running.values_list("pk", "claimed_at", "pending_files")
        if (key, claimed_at) != (job.pk, job.claimed_at)
        for file in files
    ]
    for alias, name in job.pending_files:
        if [alias, name] not in announced and not _is_named(alias, name):
            storages[alias].delete(name)


def _is_named(alias: str, name: str) -> bool:
    """Return whether a row names a stored file, as its own or as a variant's."""
    if ROWS[alias].objects.filter(name=name).exists():
        return True
    listed = Rendition.objects.annotate(listed=Cast("variants", TextField()))
    return alias == "renditions" and listed.filter(listed__contains=Path(name).stem).exists()


def _work() -> Path:
    return Path(settings.DATA_DIR / "work")
