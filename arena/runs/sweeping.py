"""Find jobs that nothing moves on: their message was lost, or what became of their submission is unknown."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from arena.runs.hosting import find_hosted
from arena.runs.kinds import DISK_FULL, HELD, UNKNOWN
from arena.runs.models import Job, Submission
from arena.runs.outlasting import outlast
from arena.runs.queues import QUEUES, choose_queue, is_empty
from arena.runs.states import change_states

LOST_AFTER_S = 20.0
"""Time after which a job that was sent counts as lost, if its queue is empty and nobody has claimed it."""
RECONCILE_AFTER_S = 240.0
"""Time between looks for a lost submission in its provider's list."""
LISTED = timedelta(hours=20)
"""Age up to which a lost submission is looked for; providers list the last day."""
MOST = 1000
"""Jobs that one sweep sends; the next one finds the others."""


@outlast
def find_lost_jobs() -> list[int]:
    """Return the jobs whose message was lost, such as with a worker that was killed before its claim.

    Raises:
        kombu.exceptions.OperationalError: the broker does not answer.
    """
    overdue = timezone.now() - timedelta(seconds=LOST_AFTER_S)
    waiting = Job.objects.filter(state__in=Job.OPEN, claimed_by="", due_at__lt=overdue)
    found = waiting.exclude(error_kind__in=[DISK_FULL, *HELD]).select_related("contender").order_by("pk")
    jobs = list(found[:MOST])
    empty = {queue for queue in QUEUES if jobs and is_empty(queue)}
    return [job.pk for job in jobs if choose_queue(job) in empty]


@outlast
def reopen_unknown_jobs() -> list[int]:
    """Let go of jobs of unknown outcome that their provider may list by now; return them."""
    now = timezone.now()
    lost = Job.objects.filter(
        state=Job.State.UNKNOWN,
        claimed_by="",
        error_kind=UNKNOWN,
        due_at__lt=now - timedelta(seconds=RECONCILE_AFTER_S),
        submissions__outcome=Submission.Outcome.OPEN,
        submissions__submitted_at__gt=now - LISTED,
    )
    found = [job.pk for job in lost.select_related("contender").order_by("pk") if _is_listed(job)]
    change_states(Job.objects.filter(pk__in=found, error_kind=UNKNOWN), None, {"error_kind": ""})
    return found


def _is_listed(job: Job) -> bool:
    hosted = find_hosted(job.contender)
    return hosted is not None and hosted.lists_jobs
