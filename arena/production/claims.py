"""Rules over a job's row: who works on it. The row is the truth; a queue's message is only a hint."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from arena.production.claimant import bury, claimant_is_dead, claimant_name
from arena.production.drafts import remove_drafts
from arena.production.models import Clip, Job, Rendition

log = logging.getLogger(__name__)


def claim_job(*, job_id: int) -> Job | None:
    """Takes a queued job for this process; None where another took it, or it is no longer queued."""
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        claimed_by=claimant_name(),
        claimed_at=timezone.now(),
        error_kind="",
        error_message="",
    )
    return Job.objects.select_related("contender", "prompt__suite").get(pk=job_id) if claimed == 1 else None


def release_job(job: Job, *, state: Job.State, error_kind: str = "", error_message: str = "") -> None:
    """Ends this process's work on a job. A claim that was taken away meanwhile stays with its new owner."""
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, claimed_by=job.claimed_by).update(
        state=state,
        pending_files=[],
        error_kind=error_kind,
        error_message=error_message,
        finished_at=timezone.now() if state in (Job.State.DONE, Job.State.FAILED) else None,
    )


def requeue_abandoned_jobs() -> int:
    """Queues again what a dead process left running, and removes the files that no row accounts for."""
    overdue = timezone.now() - timedelta(seconds=settings.JOB_TIMEOUT_S)
    running = Job.objects.filter(state=Job.State.RUNNING)
    names = running.order_by().values_list("claimed_by", flat=True).distinct()
    dead = [name for name in names if claimant_is_dead(name)]
    abandoned = running.filter(Q(claimed_by__in=dead) | Q(claimed_at__lt=overdue))
    count = sum(_requeue(job) for job in abandoned)
    for name in dead:
        bury(name)
    return count


@transaction.atomic
def _requeue(job: Job) -> int:
    taken = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, claimed_by=job.claimed_by).update(
        state=Job.State.QUEUED, pending_files=[]
    )
    if taken:
        log.warning("job %s was abandoned by %s and is queued again", job.pk, job.claimed_by)
        transaction.on_commit(lambda: _remove_unaccounted(job))
    return taken


def _remove_unaccounted(job: Job) -> None:
    """Content-addressed files may be shared: only those that no row names are removed."""
    remove_drafts(job.pk)
    for alias, name in job.pending_files:
        rows = Clip.objects.all() if alias == "originals" else Rendition.objects.all()
        if not rows.filter(name=name).exists():
            storages[alias].delete(name)
