"""Background work: one task makes one clip. Without a broker it runs in the process that sends it."""

from __future__ import annotations

import logging
import shutil
from datetime import datetime, timedelta

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from arena.media.normalise import LeakyRendition
from arena.media.probe import UnusableMedia
from arena.runs.budget import CapReached, NoSlot
from arena.runs.claims import ClaimLost, claim_job, give_up_job, requeue_abandoned_jobs
from arena.runs.clips import make_clip
from arena.runs.kinds import CAP, DISK_FULL
from arena.runs.models import Job
from arena.runs.outlasting import is_away, outlast
from arena.runs.pausing import halt, pause
from arena.runs.queues import choose_queue
from arena.runs.record import ClipReady
from arena.runs.submissions import live_submission
from arena.runs.sweeping import find_lost_jobs, reopen_unknown_jobs
from generators.adapters.errors import JobGone, JobOverdue, LinkExpired, UnknownOutcome
from generators.answers import UnexpectedFault
from generators.base import GenerationError, RefusedByModeration, TransientError
from generators.choices import SettingsError
from generators.full_disk import DiskFull, is_disk_full
from generators.isolated import Stopped

BACKOFF_S = 10
LEAST_FREE_BYTES = 16 * 2**20
KINDS: dict[type[Exception], str] = {
    UnusableMedia: "unusable_media",
    LeakyRendition: "leaky_rendition",
    SettingsError: "settings",
    ClaimLost: "claim_lost",  # changes no row, but our files are removed
}

log = logging.getLogger(__name__)


def send_job(job_id: int, *, after_s: float = 0) -> bool:
    """Hand a job to the workers; without a broker, execute it here and now.

    Returns:
        Whether the broker has its message; without one, a later sweep sends it again.

    Raises:
        DiskFull: the job was executed here and stays queued for want of space.
        Stopped: the job was executed here and stopped; it stays queued.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER:
        pause(after_s)
        execute_job.apply((job_id,), throw=True)
        return True
    queue = _address(job_id, timezone.now() + timedelta(seconds=after_s))
    try:
        execute_job.apply_async((job_id,), countdown=after_s, queue=queue)
    except BrokerError as error:
        log.warning("job %s could not be sent, and is sent again later: %s", job_id, error)
        return False
    return True


@outlast
def _address(job_id: int, due_at: datetime) -> str:
    """Record when a job's message is due, and return its queue."""
    Job.objects.filter(pk=job_id).update(due_at=due_at)
    return choose_queue(Job.objects.select_related("contender").get(pk=job_id))


@shared_task(name="production.execute_job")
def execute_job(job_id: int) -> None:
    """Claim a job and make its clip.

    1. claim by a conditional update: a message that comes twice, or late, finds nothing to claim;
    2. generate, probe, normalise, store: outside any transaction;
    3. a passing fault sends the job again, up to `JOB_MAX_ATTEMPTS`; any other is recorded on its row;
    4. a full disk, a cap or Ctrl-C is no attempt: the job stays open;
    5. with a broker, a job at a provider waits in one queue, and its clip is fetched in another.
    """
    job = claim_job(job_id=job_id)
    if job is None:
        return
    try:
        _require_space()
        make_clip(job)
    except Exception as error:
        _end(job, error)
    except KeyboardInterrupt:
        give_up_job(job=job, state=Job.State.PLANNED, counts=False)
        raise
    except BaseException:
        _interrupt(job)
        raise


@shared_task(name="production.requeue_abandoned", ignore_result=True)
def requeue_abandoned() -> None:
    """Send the jobs that dead workers left, and those whose message was lost."""
    sweep()


@shared_task(name="production.reconcile", ignore_result=True)
def reconcile() -> None:
    """Send the jobs of unknown outcome, which are looked for in their provider's list once more."""
    for job_id in reopen_unknown_jobs():
        send_job(job_id)


def sweep() -> list[int]:
    """Send each job that nothing moves on any more; return those that are not sent, for want of a broker."""
    abandoned = requeue_abandoned_jobs()
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return abandoned
    try:
        lost = find_lost_jobs()
    except BrokerError as error:
        log.warning("the broker does not answer; the next sweep looks again: %s", error)
        return []
    for job_id in dict.fromkeys([*abandoned, *lost]):
        if not send_job(job_id):
            break
    return []


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    """Send what an earlier worker left, when a worker starts; only this machine can tell that it is dead."""
    sweep()
    connections.close_all()


@worker_shutting_down.connect
def halt_at_end(**_: object) -> None:
    """End the waits for providers when a worker is told to exit: other workers go on with those jobs."""
    halt()


def _end(job: Job, error: Exception) -> None:
    """End the work on a job after an error; raise if the whole run must end."""
    if is_disk_full(error):
        _stop(job, error)
    if isinstance(error, CapReached | UnknownOutcome):
        _hold(job, error)
        return
    if isinstance(error, Stopped | NoSlot | ClipReady) or is_away(error):
        _pass_on(job, error)
        return
    if isinstance(error, SoftTimeLimitExceeded):
        error = _overdue()
    if isinstance(error, GenerationError) and error.retryable and job.attempts < settings.JOB_MAX_ATTEMPTS:
        _try_again(job, error)
    else:
        _fail(job, error)


def _pass_on(job: Job, error: Exception) -> None:
    """Leave a job to another worker, or to the next start of the run: this was no attempt.

    Raises:
        Stopped: the run in this process was stopped.
    """
    give_up_job(job=job, state=Job.State.PLANNED, counts=False)
    if settings.CELERY_TASK_ALWAYS_EAGER and isinstance(error, Stopped):
        raise error
    send_job(job.pk)


def _interrupt(job: Job) -> None:
    """End the job of a worker that its operator or the hard time limit told to exit.

    Nothing tells these apart, so that it counts as an attempt. A job that is paid for goes on.
    """
    if job.attempts >= settings.JOB_MAX_ATTEMPTS and live_submission(job) is None:
        message = f"The worker was told to exit before the clip was finished, {job.attempts} times."
        give_up_job(job=job, state=Job.State.FAILED, error_kind="interrupted", error_message=message)
    elif give_up_job(job=job, state=Job.State.PLANNED) and not settings.CELERY_TASK_ALWAYS_EAGER:
        send_job(job.pk)


def _require_space() -> None:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < LEAST_FREE_BYTES:
        raise DiskFull(f"{free / 2**20:.1f} MiB are free in {settings.DATA_DIR}")


def describe_full_disk(error: Exception) -> str:
    """Return a message for an error that comes from a full disk."""
    return f"The disk of {settings.DATA_DIR} is full ({error}). Free some space and start the run again."


def _stop(job: Job, error: Exception) -> None:
    message = describe_full_disk(error)
    give_up_job(job=job, state=Job.State.PLANNED, error_kind=DISK_FULL, error_message=message, counts=False)
    raise DiskFull(message) from error


def _overdue() -> GenerationError:
    late = TransientError(f"The clip was not finished within {settings.CELERY_TASK_SOFT_TIME_LIMIT} s.")
    late.kind = "timeout"
    return late


def _hold(job: Job, error: CapReached | UnknownOutcome) -> None:
    """Leave a job to a person, who raises a cap or finds out what became of a submission."""
    is_unknown = isinstance(error, UnknownOutcome)
    state = Job.State.UNKNOWN if is_unknown else Job.State.PLANNED
    kind = UnknownOutcome.kind if is_unknown else CAP
    give_up_job(job=job, state=state, error_kind=kind, error_message=str(error), counts=False)


def _try_again(job: Job, error: GenerationError) -> None:
    give_up_job(job=job, state=Job.State.PLANNED, error_kind=error.kind, error_message=str(error))
    after_s = BACKOFF_S * 2**job.attempts if error.kind == TransientError.kind else 0
    send_job(job.pk, after_s=max(after_s, getattr(error, "retry_after_s", None) or 0))


def _fail(job: Job, error: Exception) -> None:
    kind, message = _kind(error), str(error)
    if isinstance(error, UnexpectedFault):
        log.error("job %s failed\n%s", job.pk, error.trace)
    elif kind == UnexpectedFault.kind:
        # A fault in our own code ends one job only, too; the log has its trace.
        log.error("job %s failed", job.pk, exc_info=error)
        message = f"{type(error).__name__}: {error}"
    give_up_job(job=job, state=_final_state(error), error_kind=kind, error_message=message)


def _final_state(error: Exception) -> Job.State:
    """Return the state of a job after an error that no further attempt will mend."""
    if isinstance(error, JobOverdue):
        return Job.State.CANCELLED if error.is_cancelled else Job.State.EXPIRED
    if isinstance(error, JobGone | LinkExpired):
        return Job.State.EXPIRED
    is_refusal = isinstance(error, GenerationError) and error.kind == RefusedByModeration.kind
    return Job.State.BLOCKED if is_refusal else Job.State.FAILED


def _kind(error: Exception) -> str:
    if isinstance(error, GenerationError):
        return error.kind
    return next((kind for known, kind in KINDS.items() if isinstance(error, known)), UnexpectedFault.kind)
