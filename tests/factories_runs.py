"""Runs, claims and a provider of clips that answers as told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.utils import timezone

from arena.media.storage import StoredFile
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Clip, Job, Rendition
from generators import registry
from generators.base import Request, Result
from generators.toyworld.generator import ToyWorld
from tests.factories import make_contender, make_job, make_suite

SMALL = ClipSettings(duration_s=1.0, width=64, height=64, fps=12)


class Provider(ToyWorld):
    """A third party's generator: raises the next of `answers`, or makes a clip where there is none left."""

    answers: ClassVar[list[Exception]] = []
    asked: ClassVar[list[Request]] = []

    def __init__(self, settings: Mapping[str, object]) -> None:
        super().__init__({})

    def generate(self, request: Request, out_dir: Path) -> Result:
        self.asked.append(request)
        if self.answers:
            raise self.answers.pop(0)
        return super().generate(request, out_dir)


def install_provider(monkeypatch: pytest.MonkeyPatch, *answers: Exception) -> type[Provider]:
    """Add `provider` to the registry, as an entry point does, and run it in this process."""
    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", True)
    entry = EntryPoint("provider", "tests.factories_runs:Provider", registry.GROUP)
    monkeypatch.setattr(registry, "IN_TREE", (*registry.IN_TREE, entry))
    monkeypatch.setattr(Provider, "answers", list(answers))
    monkeypatch.setattr(Provider, "asked", [])
    return Provider


def make_queued_job(generator: str = "toy-world", **contender_fields: object) -> Job:
    """Make a job of a suite of its own."""
    given: dict[str, Any] = {"generator": generator, "settings": {}, **contender_fields}
    contender = make_contender(**given)
    return make_job(contender, make_suite().prompts.get())


def make_running_job(claimant: str, *, age_s: float = 0, **fields: object) -> Job:
    """Make a job that some process took `age_s` seconds ago."""
    job = make_queued_job()
    job.state, job.claimed_by, job.attempts = Job.State.RUNNING, claimant, 1
    job.claimed_at = timezone.now() - timedelta(seconds=age_s)
    for name, value in fields.items():
        setattr(job, name, value)
    job.save()
    return job


def make_dead_claimant() -> str:
    """Leave the lock file of a killed process, which nobody holds; return the process's name."""
    name = uuid.uuid4().hex
    path = settings.DATA_DIR / "claims" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return name


def stored_files() -> set[str]:
    """Return the files in the storages of clips as `storage/name`, drafts included."""
    root = settings.DATA_DIR / "media"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def accounted_files() -> set[str]:
    """Return the files that rows of clips and renditions name, as `storage/name`."""
    rows = (("originals", Clip), ("renditions", Rendition))
    own = {
        f"{alias}/{name}"
        for alias, row in rows
        for name in row._default_manager.values_list("name", flat=True)
    }
    variants = Rendition.objects.values_list("variants", flat=True)
    return own | {
        f"renditions/{StoredFile.named(sha256, size, 'mp4').name}"
        for each in variants
        for sha256, size in each
    }


def unfinished_work() -> list[Path]:
    """Return the files in the folders of work and claims; none are left once all is done."""
    return [path for folder in ("work", "claims") for path in (settings.DATA_DIR / folder).glob("*")]
