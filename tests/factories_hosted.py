"""Fake providers for tests of runs, and contenders, jobs and submissions of theirs."""

from __future__ import annotations

from io import StringIO
from time import time
from uuid import uuid4

from django.core.management import call_command

from arena.runs.claims import claim_job
from arena.runs.models import Job
from generators.records import Entry
from tests.factories import make_contender
from tests.factories_runs import make_queued_job
from tests.providers.contract import MODELS

ASKED = {
    "track": "t2v-audio", "size": "128x72", "fps": 24, "duration": 5.0, "workers": 1, "concurrency": 1
}  # fmt: skip
"""Options of `run_suite` that every model of `MODELS` can fulfil, in one thread."""


def run_hosted(contenders: str, **options: object) -> str:
    """Run the suite `suite` and return what the command said."""
    out = StringIO()
    call_command("run_suite", "suite", contenders=contenders, stdout=out, **{**ASKED, **options})
    return out.getvalue()


def make_hosted(provider: str, **changes: object) -> None:
    """Make a contender of a provider's model, called as the provider."""
    make_contender(provider, generator=provider, settings={"model": MODELS[provider], **changes})


def claim_hosted(provider: str = "fal") -> Job:
    """Make a job of a contender of its own, and claim it."""
    job = make_queued_job(provider, settings={"model": MODELS[provider]})
    claimed = claim_job(job_id=job.pk)
    assert claimed is not None
    return claimed


def make_entry(provider: str = "fal") -> Entry:
    """Return a submission of now."""
    return Entry(provider, MODELS[provider], uuid4().hex, time())
