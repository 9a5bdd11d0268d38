"""Background work: one task makes one clip. Without a broker it runs in the process that sends it."""

from __future__ import annotations

import logging
from time import sleep

from celery import shared_task
from django.conf import settings

from arena.media.normalise import LeakyRendition
from arena.media.probe import UnusableMedia
from arena.production.claims import ClaimLost, claim_job, give_up_job
from arena.production.making import make_clip
from arena.production.models import Job
from generators.base import GenerationError
from generators.registry import UnknownGeneratorError
from generators.settings import SettingsError

BACKOFF_S = 10

log = logging.getLogger(__name__)


def send_job(job_id: int, *, after_s: int = 0) -> None:
    """Hands a job to the workers; where there is no broker, executes it here and now."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        sleep(after_s)
        execute_job.apply((job_id,), throw=True)
    else:
        execute_job.apply_async((job_id,), countdown=after_s)


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
            _try_again(job, error)
        else:
            _fail(job, error.kind, error)
    except UnusableMedia as error:
        _fail(job, "unusable_media", error)
    except LeakyRendition as error:
        _fail(job, "leaky_rendition", error)
    except (SettingsError, UnknownGeneratorError) as error:
        _fail(job, "settings", error)
    except ClaimLost as error:
        log.warning("%s", error)
        _fail(job, "claim_lost", error)  # changes no row, but clears our files away
    except Exception as error:
        # A fault of ours, too, ends one job only; the log has its trace.
        log.exception("job %s failed", job_id)
        _fail(job, "unexpected", f"{type(error).__name__}: {error}")


def _try_again(job: Job, error: GenerationError) -> None:
    give_up_job(job=job, state=Job.State.QUEUED, error_kind=error.kind, error_message=str(error))
    send_job(job.pk, after_s=BACKOFF_S * 2**job.attempts)


def _fail(job: Job, kind: str, reason: object) -> None:
    give_up_job(job=job, state=Job.State.FAILED, error_kind=kind, error_message=str(reason))
