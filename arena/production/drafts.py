"""Where a job's unfinished files lie, so that whoever takes it up after a kill can clear them away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages

from arena.production.models import Job

STORAGES = ("originals", "renditions")


@contextmanager
def workplace(job: Job) -> Iterator[Path]:
    """An empty folder for one job, gone afterwards."""
    remove_drafts(job.pk)
    folder = _folder(job.pk)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def draft_name(job_id: int) -> str:
    """The name under which a job's file stands in a storage until it is whole."""
    return f"incoming/job-{job_id}"


def remove_drafts(job_id: int) -> None:
    """Removes what a killed process had half-written for a job."""
    shutil.rmtree(_folder(job_id), ignore_errors=True)
    for alias in STORAGES:
        storages[alias].delete(draft_name(job_id))


def _folder(job_id: int) -> Path:
    return Path(settings.DATA_DIR / "work" / f"job-{job_id}")
