"""Background work: one task makes one clip. Without a broker it runs in the process that sends it."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings

from arena.media.probe import UnusableMedia
from arena.production.claims import claim_job, release_job
from arena.production.making import make_clip
from arena.production.models import Job
from generators.base import GenerationError

BACKOFF_S = 10

log = logging.getLogger(__name__)


@shared_task(name="production.execute_job")
def execute_job(job_id: int) -> None:
    """Claims a job and makes its clip.

    1. claim by a conditional update: a message that comes twice, or late, finds nothing to claim;
    2. generate, probe, normalise, store: outside any transaction;
    3. a passing fault queues the job again, up to `JOB_MAX_ATTEMPTS`; any other is recorded on its row.
    """
    job = claim_job(job_id=job_id)
    if job is None:
        return
    try:
        make_clip(job)
    except GenerationError as error:
        if error.retryable and job.attempts < settings.JOB_MAX_ATTEMPTS:
            release_job(job, state=Job.State.QUEUED, error_kind=error.kind, error_message=str(error))
            execute_job.apply_async((job_id,), countdown=BACKOFF_S * 2**job.attempts)
        else:
            _fail(job, error.kind, str(error))
    except UnusableMedia as error:
        _fail(job, "unusable_media", str(error))
    except Exception as error:
        # A fault of ours, too, ends one job only; the log has its trace.
        log.exception("job %s failed", job_id)
        _fail(job, "unexpected", f"{type(error).__name__}: {error}")


def _fail(job: Job, kind: str, message: str) -> None:
    release_job(job, state=Job.State.FAILED, error_kind=kind, error_message=message)
